//! Starting other programs: shown, streamed line by line, and ended at a deadline.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The environment variable that marks every process of one run, so that all can be found again.
pub const RUN_MARK: &str = "TIDINGS_RUN";

/// How a streamed command ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(ExitStatus),
    TimedOut,
}

impl Ended {
    pub fn success(&self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }

    /// For a message: "exit status: 1", "stopped after its deadline".
    pub fn describe(&self) -> String {
        match self {
            Self::Exited(status) => status.to_string(),
            Self::TimedOut => "stopped at its deadline".to_owned(),
        }
    }
}

/// A command for a program on the path; on Windows the scripts of npm end in `.cmd`.
pub fn program(name: &str) -> Command {
    if cfg!(windows) && matches!(name, "npm" | "npx") {
        Command::new(format!("{name}.cmd"))
    } else {
        Command::new(name)
    }
}

/// Where a program on the path is.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// Shows the command, runs it on this terminal, and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs the command silently; its standard output when it succeeds.
pub fn capture(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().rfind(|line| !line.trim().is_empty());
        bail!(
            "`{shown}` ended with {}: {}",
            output.status,
            last.unwrap_or("no message").trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs the command without input and hands each line of its standard output to `line`; standard
/// error goes to this terminal. At the deadline it and all it started are ended.
pub fn stream(
    command: &mut Command,
    deadline: Duration,
    mut line: impl FnMut(&str),
) -> Result<Ended> {
    let shown = show(command);
    let end = Instant::now() + deadline;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{shown}`"))?;
    let stdout = child.stdout.take().context("standard output is piped")?;
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&bytes);
            if sender
                .send(text.trim_end_matches(['\n', '\r']).to_owned())
                .is_err()
            {
                break;
            }
            bytes.clear();
        }
    });
    loop {
        // A process left behind may hold the pipe open, so the exit is looked at as well.
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(text) => line(&text),
            Err(RecvTimeoutError::Disconnected) => {
                let status = wait_until(&mut child, end)?;
                let _ = reader.join();
                return finish(child, status);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait()? {
                    while let Ok(text) = lines.recv_timeout(Duration::from_millis(500)) {
                        line(&text);
                    }
                    return Ok(Ended::Exited(status));
                }
            }
        }
        if Instant::now() >= end {
            return finish(child, None);
        }
    }
}

/// What a person would type.
pub fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let named = program.file_name().filter(|name| *name == "cargo");
    std::iter::once(named.unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(quote)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Ends every process that carries this run's mark; only Linux can tell.
pub fn end_marked(mark: &str) {
    let own = std::process::id();
    let wanted = format!("{RUN_MARK}={mark}");
    let marked = processes().filter(|process| {
        *process != own
            && std::fs::read(format!("/proc/{process}/environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|entry| entry == wanted.as_bytes())
            })
    });
    end(&marked.collect());
}

fn finish(mut child: Child, status: Option<ExitStatus>) -> Result<Ended> {
    if let Some(status) = status {
        return Ok(Ended::Exited(status));
    }
    end(&tree(child.id()));
    let _ = child.kill();
    child.wait()?;
    Ok(Ended::TimedOut)
}

fn wait_until(child: &mut Child, end: Instant) -> Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A process and everything below it, as Linux tells it; elsewhere the process alone.
fn tree(root: u32) -> BTreeSet<u32> {
    let parents: Vec<(u32, u32)> = processes()
        .filter_map(|process| {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((process, parent_of(&stat)?))
        })
        .collect();
    let mut found = BTreeSet::from([root]);
    loop {
        let before = found.len();
        for (process, parent) in &parents {
            if found.contains(parent) {
                found.insert(*process);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The parent in a line of `/proc/<pid>/stat`; the name before it may hold spaces and brackets.
fn parent_of(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn processes() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn end(processes: &BTreeSet<u32>) {
    if processes.is_empty() || !cfg!(unix) {
        return;
    }
    // The shell's own kill: a small machine may lack the program.
    let _ = Command::new("sh")
        .args(["-c", "kill -KILL \"$@\" 2>/dev/null", "sh"])
        .args(processes.iter().map(u32::to_string))
        .status();
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./=:,@+^%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_parent_is_read_past_a_name_with_spaces_and_brackets() {
        assert_eq!(parent_of("42 (a) b (c)) S 7 42 42 0"), Some(7));
        assert_eq!(parent_of("42 (truncated"), None);
    }

    #[test]
    fn a_shown_command_can_be_typed() {
        let mut command = Command::new("xvfb-run");
        command.args(["-s", "-screen 0 1280x900x24", "it's", ""]);
        assert_eq!(
            show(&command),
            r"xvfb-run -s '-screen 0 1280x900x24' 'it'\''s' ''"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn lines_arrive_in_order_with_the_exit_status() {
        let mut lines = Vec::new();
        let ended = stream(
            Command::new("sh").args(["-c", "echo one; echo two; exit 3"]),
            Duration::from_secs(30),
            |line| lines.push(line.to_owned()),
        )
        .unwrap();
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(ended.describe(), "exit status: 3");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_deadline_ends_the_command_and_what_it_started() {
        let mut grandchild = None;
        let ended = stream(
            Command::new("sh").args(["-c", "tail -f /dev/null & echo $!; wait"]),
            Duration::from_millis(600),
            |line| grandchild = line.parse::<u32>().ok(),
        )
        .unwrap();
        assert_eq!(ended, Ended::TimedOut);
        // Ended, or still waiting to be collected by its new parent.
        let stat = format!("/proc/{}/stat", grandchild.unwrap());
        let runs = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        let end = Instant::now() + Duration::from_secs(10);
        while runs() && Instant::now() < end {
            std::thread::yield_now();
        }
        assert!(!runs());
    }
}
