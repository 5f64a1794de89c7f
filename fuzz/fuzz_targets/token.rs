#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| comptoir_fuzz::targets::token(bytes));
