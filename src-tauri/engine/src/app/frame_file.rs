//! The frame log as a file, to be shown to somebody who helps.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tidings_contract as api;
use tidings_model::Timestamp;

use super::{App, downloads};
use crate::error::{EngineError, Result};

/// What the first line says, so that whoever is handed the file knows what to expect.
const ABOUT: &str = "Frames between Tidings and a Supabase project, one in each line, oldest \
    first. Tokens, keys, values of filters, what broadcasts and presence carry, who is present \
    and every value of a row were removed before they were kept; names, references, counts and \
    sizes are left.";

#[derive(Serialize)]
struct Head<'a> {
    about: &'static str,
    version: &'a str,
    platform: &'static str,
    saved: String,
    forgotten: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    #[serde(flatten)]
    frame: &'a api::FrameRow,
}

impl App {
    pub(super) async fn save_frame_log(&self) -> Result<api::SavedFile> {
        let log = self
            .front_core()
            .await?
            .frame_log(&api::GetFrameLog { after: None });
        let options = &self.0.options;
        let directory = self.downloads();
        let (version, now) = (options.version.clone(), options.clock.now());
        let written = tokio::task::spawn_blocking(move || write(&directory, &version, now, &log));
        let path = written
            .await
            .map_err(|error| EngineError::Task(error.to_string()))??;
        Ok(api::SavedFile {
            path: path.display().to_string(),
        })
    }
}

/// Writes a new file; an earlier one is never replaced.
fn write(directory: &Path, version: &str, now: Timestamp, log: &api::FrameLog) -> Result<PathBuf> {
    let (path, mut file) = downloads::create(directory, "tidings-frames", "jsonl", now)?;
    let failed = |source| EngineError::File {
        path: path.clone(),
        source,
    };
    let text = text(version, now, log).map_err(|error| failed(error.into()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    Ok(path)
}

fn text(version: &str, now: Timestamp, log: &api::FrameLog) -> serde_json::Result<String> {
    let head = Head {
        about: ABOUT,
        version,
        platform: std::env::consts::OS,
        saved: now.to_string(),
        forgotten: log.forgotten,
    };
    let mut text = serde_json::to_string(&head)?;
    text.push('\n');
    for frame in &log.frames {
        let at = Timestamp::from_millis(frame.time).to_string();
        text += &serde_json::to_string(&Line { at, frame })?;
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;
    use serde_json::Value;

    #[test]
    fn a_file_says_what_it_is_and_replaces_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("not there yet");
        let now = Timestamp::from_millis(1_763_809_200_123);
        let frame = api::FrameRow {
            number: 7,
            time: 1_763_809_199_000,
            direction: api::FrameDirection::Out,
            topic: "realtime:chat".to_owned(),
            event: "phx_join".to_owned(),
            bytes: 120,
            payload: "{}".to_owned(),
        };
        let log = api::FrameLog {
            on: true,
            frames: vec![frame],
            forgotten: 6,
        };
        let first = write(&below, "0.1.0", now, &log).unwrap();
        let second = write(&below, "0.1.0", now, &log).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name(&first), "tidings-frames-2025-11-22T11-00-00.jsonl");
        assert_eq!(name(&second), "tidings-frames-2025-11-22T11-00-00-2.jsonl");
        let text = fs::read_to_string(first).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(lines[0]["about"].as_str().unwrap().contains("were removed"));
        assert_eq!(lines[0]["forgotten"], 6);
        assert_eq!(lines[1]["event"], "phx_join");
        assert_eq!(lines[1]["at"], "2025-11-22T10:59:59Z");
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = api::FrameLog {
            on: false,
            frames: Vec::new(),
            forgotten: 0,
        };
        let now = Timestamp::from_millis(0);
        let error = write(file.path(), "0.1.0", now, &log).unwrap_err();
        assert!(
            error.to_string().contains("could not be written"),
            "{error}"
        );
    }
}
