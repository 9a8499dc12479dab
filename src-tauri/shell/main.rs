//! The program: parses the command line and runs the shell.

// A release build on Windows opens no console beside the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    match tidings_shell::Arguments::parse(std::env::args_os().skip(1)) {
        Ok(tidings_shell::Parsed::Run(arguments)) => tidings_shell::run(arguments),
        Ok(tidings_shell::Parsed::Print(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}\n\n{}", tidings_shell::USAGE);
            ExitCode::from(2)
        }
    }
}
