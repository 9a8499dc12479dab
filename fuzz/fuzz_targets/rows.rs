//! Whatever stands in a row of the four tables: it is taken in or left out with a reason.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|row: &str| tidings_engine::fuzzing::row(row));
