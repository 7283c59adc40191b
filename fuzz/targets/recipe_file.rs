#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strict_jose_fuzz::recipe_file(data));
