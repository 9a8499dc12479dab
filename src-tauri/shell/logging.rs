//! The log: a file a day in the log directory, the newest seven kept. Secrets never reach it:
//! the types that hold them do not print them.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

const DEFAULT: &str = "info,zbus=warn,hyper=warn,reqwest=warn";
const KEPT_FILES: usize = 7;

/// Starts the log. What is still to be written is written when the guard is dropped.
/// Without a directory to write to, the log goes to the standard error alone.
pub fn start(directory: &Path) -> Option<WorkerGuard> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        let debug = std::env::var("REALTIME_DEBUG")
            .is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
        EnvFilter::new(if debug {
            "info,tidings_realtime=debug,tidings_engine=debug"
        } else {
            DEFAULT
        })
    });
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .compact();
    // A directory that cannot be made shows below, as a log that cannot be opened.
    let _ = std::fs::create_dir_all(directory);
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("tidings")
        .filename_suffix("log")
        .max_log_files(KEPT_FILES)
        .build(directory);
    let registry = tracing_subscriber::registry().with(filter).with(stderr);
    match appender {
        Ok(appender) => {
            let (writer, guard) = tracing_appender::non_blocking(appender);
            registry
                .with(
                    tracing_subscriber::fmt::layer()
                        .with_ansi(false)
                        .with_writer(writer),
                )
                .init();
            Some(guard)
        }
        Err(error) => {
            registry.init();
            tracing::warn!(%error, directory = %directory.display(), "no log file");
            None
        }
    }
}
