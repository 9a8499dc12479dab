//! Reads who takes part in sessions.
//!
//! The rows of owners are left out: a session's own row says whose it is, and an account's
//! unshared sessions then cost nothing here.

use std::collections::BTreeSet;

use tidings_cache::{CacheError, MemberRow, ReadStamp};
use tidings_model::{MemberRole, SessionId};
use tidings_supabase::{Class, Filter, Query};

use super::super::catch_up::{self, Error};
use super::super::remote::{self, Fields, table};
use super::super::{Core, reread};
use super::names;

/// Rows asked for at once; hosted projects give no more than 1,000.
const PAGE: u32 = 500;
/// Sessions asked for at once: an address stays well under what servers take.
const KEYS: usize = 60;
/// Messages read of a session that was joined.
const NEWEST: u32 = 50;

/// What was read of the members of some sessions.
struct List {
    rows: Vec<MemberRow>,
    read: ReadStamp,
    /// Nothing is missing in it.
    whole: bool,
}

/// Reads all lists and all names: part of a catch-up, after the list of sessions. What the project
/// refuses here does not keep the messages from being read.
pub(in super::super) async fn read(core: &Core) -> Result<(), Error> {
    if !core.part().is_installed() {
        return Ok(());
    }
    match read_all(core).await {
        Err(error) if error.class() == Class::Permanent => {
            tracing::warn!(%error, "the project does not tell who takes part in sessions");
            Ok(())
        }
        read => read,
    }
}

async fn read_all(core: &Core) -> Result<(), Error> {
    let list = read_rows(core, None).await?;
    if list.whole {
        let report = core
            .cache
            .members_listed(None, list.rows, list.read)
            .await?;
        core.sync.reread(report.reread);
    }
    names::read_all(core).await?;
    core.members.profile.notify_one();
    Ok(())
}

/// Reads the lists of some sessions. One in which the account is not named, and which the project
/// does not show any more either, is out of its reach from now on.
pub(in super::super) async fn by_session(
    core: &Core,
    sessions: BTreeSet<SessionId>,
) -> Result<(), Error> {
    if sessions.is_empty() || !core.part().is_installed() {
        return Ok(());
    }
    // What is read for nobody would be empty, and would look like "out of reach".
    core.tokens.verify().await?;
    let sessions: Vec<SessionId> = sessions.into_iter().collect();
    for keys in sessions.chunks(KEYS) {
        let list = read_rows(core, Some(keys)).await?;
        if !list.whole {
            continue;
        }
        let me = core.user();
        let named = |session: &SessionId| {
            let own = |row: &&MemberRow| row.session == *session && Some(&row.user) == me.as_ref();
            list.rows.iter().any(|row| own(&row))
        };
        let unnamed: Vec<SessionId> = keys.iter().filter(|s| !named(s)).cloned().collect();
        let met = list.rows.iter().map(|row| row.user.clone()).collect();
        let report = core
            .cache
            .members_listed(Some(keys.to_vec()), list.rows, list.read)
            .await?;
        core.sync.reread(report.reread);
        let shown = reread::sessions_by_key(core, &unnamed).await?;
        for session in unnamed.iter().filter(|session| !shown.contains(session)) {
            if core.cache.access_lost(session.clone()).await? {
                tracing::info!("a session is no longer shown by the project");
            }
        }
        names::meet(core, met);
    }
    Ok(())
}

/// Reads the newest messages of a session of which nothing is known, or nothing of late.
pub(in super::super) async fn newest(core: &Core, session: &SessionId) -> Result<(), Error> {
    match catch_up::fetch_older(core, session, None, NEWEST).await {
        // Deleted or taken off this computer meanwhile.
        Err(Error::Cache(CacheError::NotFound(_))) => Ok(()),
        read => read,
    }
}

async fn read_rows(core: &Core, of: Option<&[SessionId]>) -> Result<List, Error> {
    let began = core.cache.stamp();
    let mut rows: Vec<MemberRow> = Vec::new();
    let (mut total, mut unreadable) = (None, false);
    let mut last: Option<String> = None;
    loop {
        let mut filter = Filter::neq("role", MemberRole::Owner.as_str());
        if let Some(of) = of {
            let ids = of.iter().map(SessionId::to_string);
            filter = filter.and(Filter::any_of("session_id", ids));
        }
        let mut query = Query::new().ascending("id").limit(PAGE);
        query = match &last {
            None => query.count().filter(filter),
            Some(last) => query.filter(filter.and(Filter::gt("id", last.clone()))),
        };
        let answer = core.rest.select(table::MEMBERS, &query).await?;
        total = total.or(answer.total);
        let known = rows.len();
        for row in &answer.rows {
            let fields = Fields::of_answer(row, table::MEMBERS);
            match fields.and_then(|fields| remote::member(&fields)) {
                Ok(row) => rows.push(row),
                Err(error) => {
                    tracing::warn!(%error, "a member was left out");
                    unreadable = true;
                }
            }
        }
        last = rows.last().map(|row| row.id.to_string());
        // The project may give fewer rows at once than were asked for.
        if rows.len() == known || total == Some(rows.len() as u64) {
            break;
        }
    }
    Ok(List {
        whole: !unreadable && total.is_some_and(|total| total == rows.len() as u64),
        rows,
        read: ReadStamp {
            began,
            ended: core.cache.stamp(),
        },
    })
}
