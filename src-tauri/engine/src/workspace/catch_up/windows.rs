//! Catching up with a project that has just the four tables.
//!
//! Nothing on such a project tells what changed, so ranges are read whole: the list of
//! sessions, then the newest messages of all sessions down to what was known already, then
//! the newest page of sessions of which nothing is known. Everything older stays a gap that
//! scrolling and the background fill.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tidings_cache::{CacheError, Incoming, MessageKey, ReadStamp, Source, Window};
use tidings_model::{MessageId, SessionId, Timestamp};
use tidings_supabase::{Filter, Query};

use super::super::connection::Input;
use super::super::remote::{self, Fields, table};
use super::super::{Core, ingest};
use super::pages::{Range, fill, newest_first, older_than};
use super::portion::Portion;
use super::{Error, New, created_at, note_clock, server_now};

/// Rows asked for at once; hosted projects give no more than 1,000.
const PAGE: u32 = 500;
/// Messages read on the first connection, before anything is known.
const FIRST_MESSAGES: usize = 1_000;
/// Messages read at most to close the range since the last connection.
const MOST_MESSAGES: usize = 50_000;
/// Rows commit in another order than their `created_at`: how far before the newest known
/// row the next catch-up reads again.
const OVERLAP: Duration = Duration::from_mins(2);
/// Sessions whose newest page is fetched when nothing of them is known.
const RECENT_SESSIONS: usize = 20;
/// Name of the fact that says how far messages were read.
const WATERMARK: &str = "messages_read_to";

/// The list of sessions, and the newest messages over all of them. Returns the sessions that are
/// listed and could be read, and the messages that are new here.
pub(super) async fn read(core: &Core) -> Result<(Vec<SessionId>, Vec<New>), Error> {
    let sessions = read_sessions(core).await?;
    let new = read_messages(core, &sessions).await?;
    Ok((sessions, new))
}

/// Notes that everything written until then is known, for the next catch-up by ranges.
pub(super) async fn know_until(core: &Core, time: Timestamp) -> Result<(), Error> {
    let fact = format!("{} {time}", core.schema);
    Ok(core.cache.set_meta(WATERMARK, Some(fact)).await?)
}

async fn read_sessions(core: &Core) -> Result<Vec<SessionId>, Error> {
    let began = core.cache.stamp();
    // What is listed, and of that what could be read.
    let (mut listed, mut ids, mut facts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut total, mut nameless) = (None, false);
    let mut portion = Portion::of(PAGE);
    loop {
        // The first page counts them all, however few of them are asked for at once: without that
        // nobody could tell what the list lacks.
        let mut query = Query::new().ascending("id").limit(portion.rows);
        query = match listed.last() {
            None => query.count(),
            Some(last) => query.filter(Filter::gt("id", SessionId::to_string(last))),
        };
        let answer = match core.rest.select(table::SESSIONS, &query).await {
            Ok(answer) => answer,
            Err(error) if portion.cut(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        note_clock(core, &answer);
        total = total.or(answer.total);
        if answer.rows.is_empty() {
            break;
        }
        let source = Source::Rest(ReadStamp {
            began,
            ended: core.cache.stamp(),
        });
        let known = listed.len();
        for row in &answer.rows {
            let Ok(fields) = Fields::of_answer(row, table::SESSIONS) else {
                nameless = true;
                continue;
            };
            match remote::deleted_session(&fields) {
                Ok(id) => listed.push(id),
                Err(_) => nameless = true,
            }
            match remote::session(&fields, false) {
                Ok(row) => {
                    ids.push(row.id.clone());
                    facts.push(Incoming::Session { row, source });
                }
                Err(error) => tracing::warn!(%error, "a session was left out"),
            }
        }
        // With all of them here there is no next page to ask for.
        if listed.len() == known || total == Some(listed.len() as u64) {
            break;
        }
    }
    let complete = !nameless && total.is_some_and(|total| total == listed.len() as u64);
    ingest::applied(core, core.cache.ingest(facts).await?);
    if complete {
        let read = ReadStamp {
            began,
            ended: core.cache.stamp(),
        };
        let lost = core.cache.sessions_listed(listed, read).await?;
        if !lost.is_empty() {
            tracing::info!(
                count = lost.len(),
                "sessions are no longer shown by the project"
            );
        }
    }
    Ok(ids)
}

/// Newest first over all sessions, until what was known already is reached.
async fn read_messages(core: &Core, sessions: &[SessionId]) -> Result<Vec<New>, Error> {
    let watermark: Option<Timestamp> = core.cache.get_meta(WATERMARK).await?.and_then(|text| {
        // Another schema's tables were read when the setting was changed.
        let (schema, at) = text.split_once(' ')?;
        at.parse().ok().filter(|_| schema == core.schema)
    });
    let known = watermark.map(|at| at.minus(OVERLAP));
    let most = if known.is_some() {
        MOST_MESSAGES
    } else {
        FIRST_MESSAGES
    };
    let began = core.cache.stamp();
    let mut range = Range::from(began);
    let mut newest = watermark;
    let mut total = None;
    let mut portion = Portion::of(PAGE);
    loop {
        // Each page counts what is left, in one statement with it: rows that come or go between
        // two pages cannot make the end look near.
        let mut query = portion.limit(newest_first());
        if let Some(known) = known {
            query = query.filter(Filter::gte("created_at", known.to_string()));
        }
        if let Some(oldest) = range.oldest {
            query = query.filter(older_than(oldest));
        }
        let answer = match core.rest.select(table::MESSAGES, &query).await {
            Ok(answer) => answer,
            Err(error) if portion.cut(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        note_clock(core, &answer);
        total = total.or(answer.total);
        let before = range.oldest;
        let whole = range.take(&answer);
        newest = newest.max(range.newest);
        // What is read now, not what there is: the rest is left to the background.
        let all = total.unwrap_or(0).min(most as u64);
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        let done = u32::try_from(range.count).unwrap_or(u32::MAX);
        core.state.input(
            Input::CatchUp {
                done,
                total: all.max(done),
            },
            core.now(),
        );
        // A page of which nothing has a place leads nowhere.
        let stuck = range.oldest == before;
        if !whole && stuck && range.oldest.is_none() {
            return Ok(Vec::new());
        }
        if whole || stuck || range.count >= most {
            let from = match (whole, known) {
                (false, _) => range.oldest,
                (true, None) => None,
                // Nothing sorts before the smallest id of that time: the range begins just there.
                (true, Some(at)) => Some(MessageKey {
                    at,
                    id: MessageId::from_uuid(uuid::Uuid::nil()),
                }),
            };
            // A row from the future must not hide what is written until then.
            let read_to = newest.map(|newest| newest.min(server_now(core)));
            let new = apply(core, range, sessions, from, read_to).await?;
            if let Some(read_to) = read_to {
                know_until(core, read_to).await?;
            }
            return Ok(new);
        }
    }
}

/// Takes a range in, session by session. `from`: where it begins; none when it is everything.
/// `read_to`: up to when all is known now. Returns the messages that are new here.
async fn apply(
    core: &Core,
    mut range: Range,
    sessions: &[SessionId],
    from: Option<MessageKey>,
    read_to: Option<Timestamp>,
) -> Result<Vec<New>, Error> {
    let mut new = Vec::new();
    let read = ReadStamp {
        began: range.began,
        ended: core.cache.stamp(),
    };
    let mut listed: HashSet<&SessionId> = sessions.iter().collect();
    let with_rows: Vec<SessionId> = range.rows.keys().cloned().collect();
    listed.extend(&with_rows);
    for session in listed {
        let rows = range.rows.remove(session).unwrap_or_default();
        let written: HashMap<MessageId, Timestamp> = rows
            .iter()
            .filter_map(|row| Some((row.id, created_at(row)?)))
            .collect();
        let window = Window {
            session: session.clone(),
            older: from,
            newer: None,
            rows,
            read,
            verified_at: server_now(core),
            live: core.hears(),
            apart_from: core.background.due(),
            authenticated: true,
        };
        match core.cache.apply_window(window).await {
            Ok(report) => {
                let ids = report.new_messages.iter();
                new.extend(ids.filter_map(|id| {
                    let (id, written) = (*id, *written.get(id)?);
                    Some(New { id, written })
                }));
                ingest::applied(core, report);
            }
            // Deleted or taken off this computer meanwhile.
            Err(CacheError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(read_to) = read_to {
        // The next catch-up begins there: nothing is missing in between.
        let sessions = sessions.to_vec();
        core.cache
            .known_up_to(sessions, read_to.minus(OVERLAP))
            .await?;
    }
    Ok(new)
}

/// The newest page of recent sessions of which too little is known to show anything.
pub(super) async fn read_recent(core: &Core) -> Result<(), Error> {
    let open = core.open.lock().await.as_ref().map(|open| open.id.clone());
    let recent: Vec<SessionId> = core
        .cache
        .sessions()
        .await?
        .into_iter()
        .filter(|summary| !summary.no_access && !summary.unsent && !summary.trimmed)
        .take(RECENT_SESSIONS)
        .map(|summary| summary.session.id)
        .collect();
    let first = open.iter().filter(|open| !recent.contains(open));
    for session in first.chain(&recent) {
        fill(core, session).await?;
    }
    Ok(())
}
