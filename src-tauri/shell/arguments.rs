//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const USAGE: &str = "\
Tidings: chat over your own Supabase project, with live prices and exact alerts

Usage: tidings [--local] [--hidden] [--data-dir DIR]

  --local         open the local workspace
  --hidden        start in the tray, without a window
  --data-dir DIR  keep workspaces and settings in DIR
  --version       print the version
  --help          print this

Environment: SUPABASE_URL and SUPABASE_ANON_KEY (or SUPABASE_PUBLISHABLE_KEY) fill in the
connect form; REALTIME_DEBUG=1 logs what the connection does; RUST_LOG chooses what is logged.";

/// What the command line asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Open the local workspace.
    pub local: bool,
    /// Start without a window, where there is a tray.
    pub hidden: bool,
    /// Where workspaces and settings are kept.
    pub data_dir: Option<PathBuf>,
}

/// The command line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Run the program.
    Run(Arguments),
    /// Print a text and end.
    Print(String),
}

impl Arguments {
    /// Reads the arguments after the program's name; the error says what is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
        let mut parsed = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--local") => parsed.local = true,
                Some("--hidden") => parsed.hidden = true,
                Some("--data-dir") => {
                    let directory = arguments.next().ok_or("--data-dir needs a directory")?;
                    // It is the same one when the desktop starts the program, wherever that is.
                    let directory = std::path::absolute(PathBuf::from(directory))
                        .map_err(|_| "--data-dir needs a directory")?;
                    parsed.data_dir = Some(directory);
                }
                Some("--version") => {
                    return Ok(Parsed::Print(format!(
                        "Tidings {}",
                        env!("CARGO_PKG_VERSION")
                    )));
                }
                Some("--help" | "-h") => return Ok(Parsed::Print(USAGE.to_owned())),
                _ => return Err(format!("unknown argument {}", argument.to_string_lossy())),
            }
        }
        Ok(Parsed::Run(parsed))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Parsed, String> {
        Arguments::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn reads_what_it_knows_and_names_what_it_does_not() {
        let expected = Arguments {
            local: true,
            hidden: false,
            data_dir: Some(PathBuf::from("/x")),
        };
        assert_eq!(
            parse(&["--local", "--data-dir", "/x"]).unwrap(),
            Parsed::Run(expected)
        );
        assert!(
            parse(&["--frobnicate"])
                .unwrap_err()
                .contains("--frobnicate")
        );
        assert!(parse(&["--data-dir"]).is_err());
        assert!(parse(&["--data-dir", ""]).is_err());
        let Parsed::Run(relative) = parse(&["--data-dir", "x"]).unwrap() else {
            panic!("it does not run");
        };
        let here = std::env::current_dir().unwrap();
        assert_eq!(relative.data_dir, Some(here.join("x")));
        assert!(matches!(parse(&["--help"]).unwrap(), Parsed::Print(_)));
    }
}
