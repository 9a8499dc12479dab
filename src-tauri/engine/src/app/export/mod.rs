//! What is kept of sessions, as a file for the user.

mod json;
mod markdown;
mod words;

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use tidings_cache::{ExportSink, ExportedMessage, ExportedSession};
use tidings_contract as api;
use tidings_model::Timestamp;

use super::App;
use super::downloads::Whole;
use crate::config::WorkspacePlace;
use crate::error::{EngineError, Result};
use crate::workspace::Core;

/// Name of the files, before the time.
const STEM: &str = "tidings-export";

/// What a file says of where it comes from.
#[derive(Debug, Clone, serde::Serialize)]
struct About {
    /// Version of the program.
    program: String,
    exported_at: Timestamp,
    /// Name of the workspace.
    workspace: String,
    /// Address of the project; none for the local workspace.
    project: Option<String>,
    /// Id of the account whose messages they are.
    account: Option<String>,
}

/// Writes one of the formats.
trait Format: ExportSink {
    /// Writes the end, and gives back what was written to.
    fn end(self) -> io::Result<BufWriter<File>>;
}

impl App {
    pub(super) async fn export(&self, args: api::Export) -> Result<api::ExportedFile> {
        let options = &self.0.options;
        let now = options.clock.now();
        let (core, workspace) = {
            let running = self.0.running.lock().await;
            let (id, opened) = self.front(&running)?;
            (opened.workspace.core().clone(), self.workspace_config(id)?)
        };
        let about = About {
            program: options.version.clone(),
            exported_at: now,
            workspace: workspace.name,
            project: match workspace.place {
                WorkspacePlace::Local => None,
                WorkspacePlace::Project { url, .. } => Some(url),
            },
            account: core.kept_for().map(|account| account.to_string()),
        };
        let extension = match args.format {
            api::ExportFormat::Json => "json",
            api::ExportFormat::Markdown => "md",
        };
        let directory = self.downloads();
        let created =
            tokio::task::spawn_blocking(move || Whole::create(&directory, STEM, extension, now));
        let (whole, file) = created.await.map_err(task)??;
        let file = BufWriter::new(file);
        let session = args.session.as_deref();
        match args.format {
            api::ExportFormat::Json => {
                write(&core, session, whole, json::Json::new(file, about)).await
            }
            api::ExportFormat::Markdown => {
                write(
                    &core,
                    session,
                    whole,
                    markdown::Markdown::new(file, about, core.names(), core.language()),
                )
                .await
            }
        }
    }
}

/// Has a format written to its end; only then does the file get its name.
async fn write(
    core: &Core,
    session: Option<&str>,
    whole: Whole,
    format: impl Format,
) -> Result<api::ExportedFile> {
    let counted = Counted {
        format,
        told: api::ExportedFile {
            path: whole.path().display().to_string(),
            sessions: 0,
            incomplete: 0,
            messages: 0,
            unsent: 0,
        },
    };
    let written = core.export(session, counted).await?;
    let Counted { format, told } = written.map_err(|source| failed(whole.path(), source))?;
    let finished = tokio::task::spawn_blocking(move || {
        let file = format
            .end()
            .and_then(|writer| writer.into_inner().map_err(io::IntoInnerError::into_error))
            .map_err(|source| failed(whole.path(), source))?;
        whole.finish(&file)
    });
    finished.await.map_err(task)??;
    Ok(told)
}

fn failed(path: &Path, source: io::Error) -> EngineError {
    EngineError::File {
        path: path.to_path_buf(),
        source,
    }
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn task(error: tokio::task::JoinError) -> EngineError {
    EngineError::Task(error.to_string())
}

/// Counts what goes into a format.
struct Counted<F> {
    format: F,
    told: api::ExportedFile,
}

impl<F: Format> ExportSink for Counted<F> {
    fn session(&mut self, session: &ExportedSession) -> io::Result<()> {
        self.told.sessions += 1;
        self.told.incomplete += u64::from(!session.gaps.is_empty());
        self.format.session(session)
    }

    fn message(&mut self, message: &ExportedMessage) -> io::Result<()> {
        self.told.messages += 1;
        self.told.unsent += u64::from(message.unsent.is_some());
        self.format.message(message)
    }
}

#[cfg(test)]
mod samples {
    //! Rows for tests.
    #![allow(clippy::unwrap_used)]

    use tidings_cache::{ExportedMessage, ExportedSession};
    use tidings_model::{Json, MessageId, SessionId, Timestamp};

    use super::About;

    /// 22 November 2025, 11:00:00.123457 UTC.
    pub fn moment() -> Timestamp {
        Timestamp::from_micros(1_763_809_200_123_457)
    }

    pub fn about() -> About {
        About {
            program: "test".to_owned(),
            exported_at: moment(),
            workspace: "Local *workspace*".to_owned(),
            project: None,
            account: Some("alice".to_owned()),
        }
    }

    pub fn session(title: &str) -> ExportedSession {
        ExportedSession {
            id: SessionId::new("trip").unwrap(),
            user_id: None,
            title: Some(title.to_owned()),
            status: Some("active".to_owned()),
            last_activity: None,
            created_at: Some(moment()),
            updated_at: None,
            metadata: None,
            no_access: false,
            gaps: Vec::new(),
            unsent: Vec::new(),
        }
    }

    pub fn message(content: &str) -> ExportedMessage {
        ExportedMessage {
            id: MessageId::from_uuid(uuid::Uuid::from_u128(7)),
            user_id: None,
            content: Some(content.to_owned()),
            role: Some("user".to_owned()),
            metadata: Some(Json::new(r#"{"user_name":"Alice"}"#).unwrap()),
            created_at: moment(),
            updated_at: Some(moment()),
            status: Some("delivered".to_owned()),
            kind: Some("text".to_owned()),
            incomplete: false,
            unsent: None,
        }
    }
}
