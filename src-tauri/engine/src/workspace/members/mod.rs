//! The members part of a project (`supabase/README.md`): whether it is there, and what comes of
//! that. With it sessions are shared, people have names, and the channels of sessions are private:
//! the public ones of the same names are others, where nobody is.

mod lists;
mod names;
mod profile;

use std::sync::{Mutex, PoisonError};

use tidings_cache::{Cache, CacheError};
use tidings_contract as api;
use tidings_supabase::Query;
use tokio::sync::{Notify, watch};

pub(super) use lists::{by_session, newest, read};
pub(crate) use names::Names;
pub(super) use names::{heard, meet, read_names};
pub(super) use profile::keep as keep_profile;

use names::{Heard, known_names};

use super::catch_up::Error;
use super::remote::table;
use super::{Core, people};

/// Name of the fact whether it was there.
const KNOWN: &str = "members_part";
const INSTALLED: &str = "installed";
const ABSENT: &str = "absent";
/// How PostgREST says that there is no such table or function: by itself, and by PostgreSQL's
/// words before its version 12.2.
pub(super) const MISSING: [&str; 4] = ["PGRST205", "42P01", "PGRST202", "42883"];

/// What is known of the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The project was never asked.
    Unknown,
    /// It is not there.
    Absent,
    /// It is there.
    Installed {
        /// Whether the channel of chat asks for changes of members. The project may refuse that
        /// (the table is not published): then they are read when catching up alone.
        told: bool,
    },
}

impl Part {
    /// Whether it is there.
    pub const fn is_installed(self) -> bool {
        matches!(self, Self::Installed { .. })
    }

    /// Whether changes of members are asked for.
    pub const fn is_told(self) -> bool {
        matches!(self, Self::Installed { told: true })
    }
}

/// What a workspace knows of the part and of those it brings together.
pub(super) struct State {
    /// Of the part itself.
    pub part: watch::Sender<Part>,
    /// What people are called, as it is kept.
    names: Mutex<Names>,
    heard: Heard,
    /// One's own profile may have to be written.
    profile: Notify,
}

impl State {
    /// As the cache has it.
    pub async fn load(cache: &Cache) -> Result<Self, CacheError> {
        Ok(Self {
            part: watch::Sender::new(known(cache).await?),
            names: Mutex::new(known_names(cache).await?),
            heard: Heard::default(),
            profile: Notify::new(),
        })
    }

    /// What people are called.
    pub fn names(&self) -> Names {
        let names = self.names.lock();
        names.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over what people are called now.
    pub async fn reread_names(&self, cache: &Cache) -> Result<(), CacheError> {
        let read = known_names(cache).await?;
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

/// What was found last, so that the first channels of a start are joined as they should be.
async fn known(cache: &Cache) -> Result<Part, CacheError> {
    let known = cache.get_meta(KNOWN).await?;
    Ok(match known.as_deref() {
        Some(INSTALLED) => Part::Installed { told: true },
        Some(_) => Part::Absent,
        None => Part::Unknown,
    })
}

/// Asks the project. Channels are joined anew when the answer is another one.
pub(super) async fn look(core: &Core) -> Result<(), Error> {
    let query = Query::new().columns(&["version"]).limit(1);
    let there = match core.rest.select(table::MEMBERS_INFO, &query).await {
        Ok(_) => true,
        Err(error) if is_missing(&error) => false,
        Err(error) => return Err(error.into()),
    };
    let before = core.part();
    if before != Part::Unknown && before.is_installed() == there {
        return Ok(());
    }
    // First what can fail: the next catch-up tries again.
    let word = if there { INSTALLED } else { ABSENT };
    core.cache.set_meta(KNOWN, Some(word.to_owned())).await?;
    if !there {
        core.cache.forget_members().await?;
    }
    core.members.part.send_replace(if there {
        Part::Installed { told: true }
    } else {
        Part::Absent
    });
    if before.is_installed() != there {
        core.emit(api::Event::Sharing { shares: there });
        people::join_again(core).await;
    }
    Ok(())
}

/// The channel of chat was refused with the part's table among what it asked for: either the part
/// is gone, or the table is not published. Chat must not suffer from it.
pub(super) async fn refused(core: &Core) {
    if let Err(error) = look(core).await {
        tracing::info!(%error, "whether sessions can be shared was not found out");
    }
    core.members.part.send_if_modified(|part| {
        let told = part.is_told();
        if told {
            tracing::warn!("the project does not tell who joins and leaves sessions");
            *part = Part::Installed { told: false };
        }
        told
    });
}

/// Whether the project says that it has no such table or function.
pub(crate) fn is_missing(error: &tidings_supabase::Error) -> bool {
    error.code().is_some_and(|code| MISSING.contains(&code))
}
