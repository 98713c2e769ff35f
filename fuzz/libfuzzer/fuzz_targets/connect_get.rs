#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ostler_fuzz::connect_get(data));
