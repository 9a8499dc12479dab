//! An exported file, taken into the local workspace.

mod read;

use tidings_cache::Reread;
use tidings_contract as api;
use tidings_local::Archive;
use tidings_model::{Timestamp, WorkspaceId};

use self::read::Document;
use super::App;
use crate::error::{EngineError, Result};
use crate::workspace::Core;

/// Bytes of one piece.
const PIECE_MAX: usize = 1 << 20;
/// Bytes of a file. It is held in memory while it is checked and taken in.
const FILE_MAX: usize = 128 << 20;
/// Bytes of a file of rules: tens of thousands of them.
const RULES_MAX: usize = 16 << 20;
/// Rows in one transaction.
const BATCH: usize = 1_000;

/// What a file in pieces holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Sessions,
    Rules,
}

impl Kind {
    /// How many bytes it may have.
    const fn most(self) -> usize {
        match self {
            Self::Sessions => FILE_MAX,
            Self::Rules => RULES_MAX,
        }
    }

    fn too_large(self) -> EngineError {
        let most = self.most() >> 20;
        EngineError::Invalid(match self {
            Self::Sessions => format!(
                "The file is larger than {most} MiB. Nothing was imported; export its sessions one \
                 by one, and import those files."
            ),
            Self::Rules => format!(
                "The file is larger than {most} MiB, which no file of alerts is. Nothing was \
                 imported; choose a file that was exported in the Alerts tab."
            ),
        })
    }
}

/// One piece of a file.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub number: u32,
    pub text: &'a str,
    pub last: bool,
}

/// A file that arrives in pieces: one at a time, the latest.
pub(super) struct Upload {
    workspace: WorkspaceId,
    /// Number of the piece that is due.
    next: u32,
    text: String,
}

impl Upload {
    /// Takes a piece. The text of the file, when it was the last.
    pub(super) fn take(
        held: &mut Option<Self>,
        kind: Kind,
        workspace: WorkspaceId,
        args: Piece<'_>,
    ) -> Result<Option<String>> {
        if args.text.len() > PIECE_MAX {
            return Err(EngineError::Invalid(format!(
                "A piece of a file has {PIECE_MAX} bytes at most. Nothing was imported."
            )));
        }
        if args.number == 0 {
            *held = Some(Self {
                workspace,
                next: 0,
                text: String::new(),
            });
        }
        let due = |upload: &&mut Self| upload.workspace == workspace && upload.next == args.number;
        let Some(upload) = held.as_mut().filter(due) else {
            return Err(EngineError::Invalid(
                "The file did not arrive in order. Nothing was imported; choose it again."
                    .to_owned(),
            ));
        };
        if upload.text.len() + args.text.len() > kind.most() {
            *held = None;
            return Err(kind.too_large());
        }
        upload.text.push_str(args.text);
        upload.next += 1;
        if !args.last {
            return Ok(None);
        }
        Ok(held.take().map(|upload| upload.text))
    }
}

impl App {
    pub(super) async fn import(&self, args: api::Import) -> Result<api::ImportReply> {
        let (workspace, core, archive) = {
            let running = self.0.running.lock().await;
            let (id, opened) = self.front(&running)?;
            let archive = opened
                .server
                .as_ref()
                .map(tidings_local::LocalServer::archive);
            (id, opened.workspace.core().clone(), archive)
        };
        let Some(archive) = archive else {
            return Err(EngineError::Invalid(
                "Exported files are imported into the local workspace: in a project, messages of \
                 others cannot be written in their names. Nothing was changed; switch to the \
                 local workspace first."
                    .to_owned(),
            ));
        };
        // Held to the end: two files at once would only make both slower.
        let mut held = self.0.upload.lock().await;
        let piece = Piece {
            number: args.piece,
            text: &args.text,
            last: args.last,
        };
        let Some(text) = Upload::take(&mut held, Kind::Sessions, workspace, piece)? else {
            return Ok(api::ImportReply { imported: None });
        };
        let import = Import {
            core: &core,
            archive,
            now: self.0.options.clock.now(),
        };
        let imported = import.run(text).await?;
        Ok(api::ImportReply {
            imported: Some(imported),
        })
    }
}

struct Import<'c> {
    core: &'c Core,
    archive: Archive,
    now: Timestamp,
}

impl Import<'_> {
    /// Checks all of it, then takes it in, batch by batch.
    async fn run(self, text: String) -> Result<api::Imported> {
        let (me, now) = (self.core.kept_for(), self.now);
        let checked = tokio::task::spawn_blocking(move || Document::check(text, me, now));
        let mut document = checked.await.map_err(task)??;
        let mut done = api::Imported {
            sessions: 0,
            messages: 0,
            known: 0,
            left_out: document.told.left_out,
            unsent: document.told.unsent,
            undone: document.told.undone,
        };
        let mut at = 0;
        loop {
            let read = tokio::task::spawn_blocking(move || {
                let batch = document.batch(at, BATCH, now);
                (document, batch)
            });
            let (back, batch) = read.await.map_err(task)?;
            document = back;
            let batch = batch?;
            if batch.rows.is_empty() {
                return Ok(done);
            }
            at += batch.rows.len();
            let all = batch.rows.len() as u64;
            let stored = self.archive.store(batch.rows).await;
            let stored = stored.map_err(|error| stopped(&done, &error.to_string()))?;
            done.sessions += stored.sessions;
            done.messages += stored.messages;
            done.known += all - stored.sessions - stored.messages;
            let rows = Reread {
                messages: batch.messages,
                sessions: batch.sessions,
                ..Reread::default()
            };
            let told = self.core.read_again(rows).await;
            told.map_err(|error| stopped(&done, &error.to_string()))?;
        }
    }
}

/// An import that ended before its end: what is there is whole, and the rest can be taken in later.
fn stopped(done: &api::Imported, why: &str) -> EngineError {
    EngineError::Stopped(format!(
        "The import stopped: {why}. {} sessions and {} messages were imported and are safe; \
         import the file again for the rest, nothing comes twice.",
        done.sessions, done.messages
    ))
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn task(error: tokio::task::JoinError) -> EngineError {
    EngineError::Task(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn piece(number: u32, text: &str) -> Piece<'_> {
        Piece {
            number,
            text,
            last: false,
        }
    }

    #[test]
    fn pieces_follow_each_other_within_one_workspace_and_the_first_begins_anew() {
        let (here, there) = (WorkspaceId::mint(), WorkspaceId::mint());
        let mut held = None;
        assert!(Upload::take(&mut held, Kind::Sessions, here, piece(1, "b")).is_err());
        for (number, text) in [(0, "old"), (0, "a"), (1, "b")] {
            Upload::take(&mut held, Kind::Sessions, here, piece(number, text)).unwrap();
        }
        for (workspace, number) in [(here, 1), (here, 3), (there, 2)] {
            let refused = Upload::take(&mut held, Kind::Sessions, workspace, piece(number, "x"));
            assert!(refused.is_err());
        }
        assert_eq!(held.unwrap().text, "ab");
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_and_let_go() {
        let (workspace, mut held) = (WorkspaceId::mint(), None);
        let text = "x".repeat(PIECE_MAX);
        let full = u32::try_from(FILE_MAX / PIECE_MAX).unwrap();
        for number in 0..full {
            Upload::take(&mut held, Kind::Sessions, workspace, piece(number, &text)).unwrap();
        }
        let error = Upload::take(&mut held, Kind::Sessions, workspace, piece(full, "x"));
        let error = error.unwrap_err();
        assert!(error.to_string().contains("128 MiB"), "{error}");
        assert!(held.is_none());
    }
}
