//! Reads rows again by their keys: a frame was incomplete, or overlapped a read.

use std::collections::BTreeSet;

use tidings_cache::{Incoming, ReadStamp, Reread, Source};
use tidings_model::{MessageId, SessionId};
use tidings_supabase::{Error, Filter, Query};

use super::remote::{self, Fields, table};
use super::{Core, catch_up, ingest, members};

/// Keys in one request: an address stays well under what servers take.
const KEYS: usize = 60;

/// Reads the rows in batches. What cannot be read now is read by the next catch-up.
pub(super) async fn run(core: &Core, rows: Reread) {
    if let Err(error) = all(core, rows).await {
        tracing::warn!(%error, "rows were not read again: the next catch-up will");
        core.sync.catch_up();
    }
}

/// Reads the rows in batches, up to the first that cannot be read.
pub(super) async fn all(core: &Core, rows: Reread) -> Result<(), catch_up::Error> {
    let messages: Vec<_> = rows.messages.into_iter().collect();
    let sessions: Vec<_> = rows.sessions.into_iter().collect();
    for keys in messages.chunks(KEYS) {
        messages_by_key(core, keys).await?;
    }
    for keys in sessions.chunks(KEYS) {
        sessions_by_key(core, keys).await?;
    }
    members::by_session(core, rows.members).await
}

/// Reads messages by key; those that are not there (any more) are taken in as deleted, unless their
/// session is not shown any more either.
pub(super) async fn messages_by_key(core: &Core, keys: &[MessageId]) -> Result<(), Error> {
    let began = core.cache.stamp();
    let query = Query::new().filter(Filter::any_of("id", keys.iter().map(ToString::to_string)));
    let answer = core.rest.select(table::MESSAGES, &query).await?;
    let source = Source::Rest(ReadStamp {
        began,
        ended: core.cache.stamp(),
    });
    let mut facts = Vec::new();
    let mut missing: Vec<MessageId> = keys.to_vec();
    for row in &answer.rows {
        let read = Fields::of_answer(row, table::MESSAGES).and_then(|fields| {
            // There, whether the rest of it can be read or not.
            let there = remote::deleted_message(&fields)?;
            missing.retain(|id| *id != there);
            remote::message(&fields, false)
        });
        match read {
            Ok(row) => facts.push(Incoming::Message { row, source }),
            Err(error) => tracing::warn!(%error, "a row was left out"),
        }
    }
    let gone = within_reach(core, missing).await?;
    facts.extend(
        gone.into_iter()
            .map(|id| Incoming::MessageDeleted { id, source }),
    );
    take_in(core, facts).await;
    Ok(())
}

/// Of messages that were not found, those that would have been if they were there. Only where
/// sessions are shared can one be out of reach and be there.
async fn within_reach(core: &Core, missing: Vec<MessageId>) -> Result<Vec<MessageId>, Error> {
    if missing.is_empty() || !core.part().is_installed() {
        return Ok(missing);
    }
    let cached = match core.cache.messages_by_id(missing.clone()).await {
        Ok(cached) => cached,
        Err(error) => {
            tracing::error!(%error, "messages that were not found stay as they are");
            return Ok(Vec::new());
        }
    };
    let sessions: BTreeSet<SessionId> = cached
        .iter()
        .map(|cached| cached.message.session_id.clone())
        .collect();
    let sessions: Vec<SessionId> = sessions.into_iter().collect();
    let shown = sessions_by_key(core, &sessions).await?;
    let hidden = |id: &MessageId| {
        let known = cached.iter().find(|cached| cached.message.id == *id);
        known.is_some_and(|known| !shown.contains(&known.message.session_id))
    };
    Ok(missing.into_iter().filter(|id| !hidden(id)).collect())
}

/// Reads sessions by key. One that is not there is left as it is: whether it was deleted, or
/// may not be seen any more, cannot be told from its absence. Returns those that are there.
pub(super) async fn sessions_by_key(
    core: &Core,
    keys: &[SessionId],
) -> Result<BTreeSet<SessionId>, Error> {
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let began = core.cache.stamp();
    let query = Query::new().filter(Filter::any_of("id", keys.iter().map(ToString::to_string)));
    let answer = core.rest.select(table::SESSIONS, &query).await?;
    let source = Source::Rest(ReadStamp {
        began,
        ended: core.cache.stamp(),
    });
    let (mut facts, mut there) = (Vec::new(), BTreeSet::new());
    for row in &answer.rows {
        let read = Fields::of_answer(row, table::SESSIONS).and_then(|fields| {
            // There, whether the rest of it can be read or not.
            there.insert(remote::deleted_session(&fields)?);
            remote::session(&fields, false)
        });
        match read {
            Ok(row) => facts.push(Incoming::Session { row, source }),
            Err(error) => tracing::warn!(%error, "a row was left out"),
        }
    }
    take_in(core, facts).await;
    Ok(there)
}

async fn take_in(core: &Core, facts: Vec<Incoming>) {
    match core.cache.ingest(facts).await {
        Ok(report) => ingest::applied(core, report),
        Err(error) => tracing::error!(%error, "rows read again were not kept"),
    }
}
