//! Runs the local workspace server as a program of its own.

fn main() {}
