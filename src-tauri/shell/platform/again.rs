//! A start that met a running instance just as it was ending: it is made again.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

/// Says to the program how often its start was made again.
const ATTEMPTS: &str = "TIDINGS_START_ATTEMPTS";
/// Together longer than an instance takes to end.
const MOST: u32 = 40;
const WAIT: Duration = Duration::from_millis(300);

/// Starts the program anew in its place. Comes back only when that was done often enough, or is
/// impossible.
pub fn start_again() {
    let attempts = std::env::var(ATTEMPTS)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    if attempts >= MOST {
        return;
    }
    std::thread::sleep(WAIT);
    let error = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(ATTEMPTS, (attempts + 1).to_string())
        .exec();
    eprintln!("Tidings could not be started again: {error}");
}
