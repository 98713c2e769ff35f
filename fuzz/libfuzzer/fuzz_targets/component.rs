#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // The engine aborts at every panic, in its hook; a reader below this one
    // panics where it should refuse, which is caught. One that is not caught
    // is still a finding.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |data: &[u8]| ostler_fuzz::component(data)
);
