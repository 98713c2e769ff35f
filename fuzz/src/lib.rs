//! What no input may break: a function for each way in, which panics when an
//! invariant does not hold.
//!
//! The same functions are called by `fuzz/libfuzzer` (`cargo xtask fuzz`), which
//! needs a fuzzing engine, and by `tests/stable.rs`, which needs nothing. A new
//! one is a function and a row of [`TARGETS`] here, and a file of three lines in
//! `libfuzzer/fuzz_targets/`.
//!
//! Nothing here knows wasmtime: a way in that needs an engine is tested by the
//! guests of `tests/`.

mod codec;
mod component;
mod contract;
mod envelope;
mod files;
mod frames;
mod framing;
mod proto;
mod request;
mod wit;

pub use codec::{json, query};
pub use contract::{component, embedded};
pub use envelope::envelope;
pub use files::{regressions, seeds};
pub use frames::{connect, connect_get, grpc, grpc_web_text};
pub use framing::{array, ndjson, raw};
pub use proto::{proto_json, protobuf};
pub use request::request;
pub use wit::wit;

/// One way in.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its function, of its file in `libfuzzer/` and
    /// of its folder in `regressions/`.
    pub name: &'static str,
    /// Runs it on one input.
    pub run: fn(&[u8]),
    /// Inputs that reach deep: noise alone is refused at the door.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Bytes worth inserting.
    pub words: &'static [&'static str],
    /// Inputs that `tests/stable.rs` tries; slower targets get fewer.
    pub cases: u32,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "json",
        run: json,
        seeds: codec::json_seeds,
        words: codec::WORDS,
        cases: 4000,
    },
    Target {
        name: "query",
        run: query,
        seeds: codec::query_seeds,
        words: codec::WORDS,
        cases: 4000,
    },
    Target {
        name: "protobuf",
        run: protobuf,
        seeds: proto::protobuf_seeds,
        words: proto::WORDS,
        cases: 4000,
    },
    Target {
        name: "proto_json",
        run: proto_json,
        seeds: proto::proto_json_seeds,
        words: codec::WORDS,
        cases: 4000,
    },
    Target {
        name: "component",
        run: component,
        seeds: contract::component_seeds,
        words: &[],
        cases: 300,
    },
    Target {
        name: "embedded",
        run: embedded,
        seeds: wit::seeds,
        words: wit::WORDS,
        cases: 300,
    },
    Target {
        name: "wit",
        run: wit,
        seeds: wit::seeds,
        words: wit::WORDS,
        cases: 500,
    },
    Target {
        name: "ndjson",
        run: ndjson,
        seeds: framing::ndjson_seeds,
        words: framing::WORDS,
        cases: 4000,
    },
    Target {
        name: "array",
        run: array,
        seeds: framing::array_seeds,
        words: framing::WORDS,
        cases: 4000,
    },
    Target {
        name: "raw",
        run: raw,
        seeds: framing::ndjson_seeds,
        words: &[],
        cases: 1000,
    },
    Target {
        name: "envelope",
        run: envelope,
        seeds: envelope::seeds,
        words: envelope::WORDS,
        cases: 4000,
    },
    Target {
        name: "grpc",
        run: grpc,
        seeds: frames::seeds,
        words: framing::WORDS,
        cases: 4000,
    },
    Target {
        name: "connect",
        run: connect,
        seeds: frames::seeds,
        words: framing::WORDS,
        cases: 4000,
    },
    Target {
        name: "connect_get",
        run: connect_get,
        seeds: frames::get_seeds,
        words: frames::GET_WORDS,
        cases: 4000,
    },
    Target {
        name: "grpc_web_text",
        run: grpc_web_text,
        seeds: frames::text_seeds,
        words: framing::WORDS,
        cases: 4000,
    },
    Target {
        name: "request",
        run: request,
        seeds: request::seeds,
        words: request::WORDS,
        cases: 4000,
    },
];
