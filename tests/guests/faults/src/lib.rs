//! Fails in every way.

use std::cell::{Cell, RefCell};
use std::hint::black_box;

use faults::Faults;
use ostler_guest::{Sink, Status, Stream, log};

ostler_guest::service!("wit");

thread_local! {
    static STREAMS: RefCell<Vec<Stream<u32>>> = const { RefCell::new(Vec::new()) };
    static SINKS: RefCell<Vec<Sink<u32>>> = const { RefCell::new(Vec::new()) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Service;

impl Faults for Service {
    fn trap() -> String {
        trap()
    }

    fn panic(message: String) -> String {
        panic!("{message}")
    }

    fn grow(mib: u32) -> String {
        let memory = vec![1_u8; mib as usize * 1024 * 1024];
        black_box(&memory);
        ok()
    }

    fn recurse(depth: u32) -> u64 {
        recurse(depth)
    }

    fn leak_stream(numbers: Stream<u32>) -> u32 {
        STREAMS.with_borrow_mut(|streams| {
            streams.push(numbers);
            streams.len() as u32
        })
    }

    fn leak_sink(out: Sink<u32>) -> Result<(), Status> {
        SINKS.with_borrow_mut(|sinks| sinks.push(out));
        Ok(())
    }

    fn use_leaked() -> Vec<String> {
        let mut answers = Vec::new();
        STREAMS.with_borrow_mut(|streams| {
            for stream in streams {
                answers.push(match stream.next() {
                    Some(Ok(number)) => format!("item {number}"),
                    Some(Err(status)) => format!("error {status}"),
                    None => "end".to_owned(),
                });
            }
        });
        SINKS.with_borrow_mut(|sinks| {
            for sink in sinks {
                answers.push(match sink.send(1) {
                    Ok(()) => "sent".to_owned(),
                    Err(_) => "closed".to_owned(),
                });
            }
        });
        answers
    }

    fn reply(bytes: u64) -> Vec<u8> {
        vec![b'x'; bytes as usize]
    }

    fn items(bytes: u64, count: u32, mut out: Sink<String>) -> Result<(), Status> {
        for _ in 0..count {
            out.send("x".repeat(bytes as usize))?;
        }
        Ok(())
    }

    fn log(lines: u32, bytes: u32) -> String {
        let text = "x".repeat(bytes as usize);
        for line in 0..lines {
            log::info!(line = line, "{text}");
        }
        ok()
    }

    fn trap_after(items: u32, mut out: Sink<u32>) -> Result<(), Status> {
        for item in 0..items {
            out.send(item)?;
        }
        trap()
    }

    fn trap_in_input(numbers: Stream<u32>) -> Result<u32, Status> {
        for number in numbers {
            if number? == 0 {
                trap();
            }
        }
        Ok(0)
    }

    fn calls() -> u32 {
        CALLS.set(CALLS.get() + 1);
        CALLS.get()
    }
}

fn ok() -> String {
    "ok".to_owned()
}

#[cfg(target_arch = "wasm32")]
fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() -> ! {
    std::process::abort()
}

/// Keeps a frame of some size alive in each level, so that the optimiser
/// cannot make a loop of it.
fn recurse(depth: u32) -> u64 {
    let frame = black_box([u64::from(depth); 32]);
    if depth == 0 {
        return frame[0];
    }
    recurse(depth - 1) + black_box(frame)[31] % 2
}
