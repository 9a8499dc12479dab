//! Catching up: what was missed while changes did not arrive.
//!
//! How depends on what the project has, which each catch-up asks first. With the sync part
//! changes are numbered, and reading costs what changed ([`revisions`]); without it ranges are
//! read whole ([`windows`]). What is older than what was known is left to the background.

mod changes;
mod pages;
mod portion;
mod revisions;
mod windows;

use std::time::Duration;

use thiserror::Error as ThisError;
use tidings_cache::{CacheError, PartialMessage};
use tidings_model::{MessageId, Timestamp};
use tidings_supabase::{Class, Rows};

use super::{Core, members, outbox};

pub(super) use pages::{PagePortion, fetch_older, fetch_one, fill, read_stretches};
pub(super) use portion::Portion;

/// How PostgREST says that there is no such table: by itself, and by PostgreSQL's word before
/// its version 12.2.
pub(super) const ABSENT: [&str; 2] = ["PGRST205", "42P01"];

/// The server's time is known to the second.
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// Why a catch-up did not finish.
#[derive(Debug, ThisError)]
pub(super) enum Error {
    #[error(transparent)]
    Server(#[from] tidings_supabase::Error),
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Self::Server(error) => error.class(),
            // A full disk may have room again; trying again does no harm.
            Self::Cache(_) => Class::Transient {
                retry_after: Some(Duration::from_secs(30)),
            },
        }
    }
}

/// A message that was not known before it was read.
pub(super) struct New {
    pub id: MessageId,
    /// Its `created_at`.
    pub written: Timestamp,
}

/// What a catch-up found.
pub(super) struct Outcome {
    /// Messages that are new here.
    pub new: Vec<New>,
    /// Ranges that were compared with the project before this, by the server's clock, may have
    /// changed since without a word.
    pub due: Timestamp,
}

/// Reads what may have been missed.
pub(super) async fn run(core: &Core) -> Result<Outcome, Error> {
    let began = server_now(core);
    if let Some(digest) = revisions::digest(core).await? {
        return revisions::run(core, digest).await;
    }
    revisions::absent(core).await?;
    prove_account(core).await?;
    let (_, new) = windows::read(core).await?;
    members::read(core).await?;
    windows::read_recent(core).await?;
    let due = began.plus(SECOND);
    Ok(Outcome { new, due })
}

/// A list read for nobody would be empty, and would look like "all sessions are gone".
async fn prove_account(core: &Core) -> Result<(), Error> {
    core.tokens.verify().await?;
    members::look(core).await
}

fn created_at(message: &PartialMessage) -> Option<Timestamp> {
    message.created_at.clone().value()
}

/// Remembers how far the server's clock is from ours.
fn note_clock(core: &Core, answer: &Rows) {
    let Some(date) = answer
        .date
        .and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok())
    else {
        return;
    };
    let server = i64::try_from(date.as_millis()).unwrap_or(i64::MAX);
    let skew = server.saturating_sub(core.now().as_millis());
    *core
        .server_clock
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(skew);
    outbox::clock_told(core);
    core.tell_machine();
}

pub(super) fn server_now(core: &Core) -> Timestamp {
    let skew = core.skew_ms().unwrap_or(0);
    Timestamp::from_millis(core.now().as_millis().saturating_add(skew))
}
