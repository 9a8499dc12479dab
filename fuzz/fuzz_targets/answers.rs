//! Whatever Auth answers: a session, or an error of a known class.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Answer<'a> {
    status: u16,
    code: Option<&'a str>,
    date: Option<&'a str>,
    retry_after: Option<&'a str>,
    body: &'a [u8],
}

fuzz_target!(|answer: Answer<'_>| {
    let headers = [
        ("x-sb-error-code", answer.code),
        ("date", answer.date),
        ("retry-after", answer.retry_after),
    ];
    tidings_supabase::fuzzing::answer(answer.status, &headers, answer.body);
});
