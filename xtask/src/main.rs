//! Set-up, tests and tours of Tidings.

fn main() {}
