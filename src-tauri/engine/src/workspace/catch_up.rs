//! Catching up with a project that has just the four tables.
//!
//! Nothing on such a project tells what changed, so ranges are read whole: the list of
//! sessions, then the newest messages of all sessions down to what was known already, then
//! the newest page of sessions of which nothing is known. Everything older stays a gap that
//! scrolling fills.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use thiserror::Error as ThisError;
use tidings_cache::{
    Anchor, CacheError, Incoming, MessageKey, Page, PartialMessage, ReadStamp, Source, Stamp,
    Window,
};
use tidings_model::{MessageId, SessionId, Timestamp};
use tidings_supabase::{Class, Filter, Query, Rows};

use super::connection::Input;
use super::remote::{self, Fields, table};
use super::{Core, ingest, reread};

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
/// Messages in the newest page of a session.
const RECENT_PAGE: u32 = 50;
/// Name of the fact that says how far messages were read.
const WATERMARK: &str = "messages_read_to";

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

/// Reads what may have been missed.
pub(super) async fn run(core: &Core) -> Result<(), Error> {
    // A list read for nobody would be empty, and would look like "all sessions are gone".
    core.tokens.verify().await?;
    let sessions = read_sessions(core).await?;
    read_messages(core, &sessions).await?;
    read_recent(core).await?;
    Ok(())
}

async fn read_sessions(core: &Core) -> Result<Vec<SessionId>, Error> {
    let began = core.cache.stamp();
    let (mut ids, mut facts, mut total, mut left_out) = (Vec::new(), Vec::new(), None, 0_u64);
    loop {
        let mut query = Query::new().ascending("id").limit(PAGE);
        query = match ids.last() {
            None => query.count(),
            Some(last) => query.filter(Filter::gt("id", SessionId::to_string(last))),
        };
        let answer = core.rest.select(table::SESSIONS, &query).await?;
        note_clock(core, &answer);
        total = total.or(answer.total);
        if answer.rows.is_empty() {
            break;
        }
        let source = Source::Rest(ReadStamp {
            began,
            ended: core.cache.stamp(),
        });
        let known = ids.len();
        for row in &answer.rows {
            let fields = Fields::of_answer(row, table::SESSIONS);
            match fields.and_then(|fields| remote::session(&fields, false)) {
                Ok(row) => {
                    ids.push(row.id.clone());
                    facts.push(Incoming::Session { row, source });
                }
                Err(error) => {
                    left_out += 1;
                    tracing::warn!(%error, "a session was left out");
                }
            }
        }
        if ids.len() == known {
            break;
        }
    }
    let complete = total.is_some_and(|total| total == ids.len() as u64 + left_out);
    ingest::applied(core, core.cache.ingest(facts).await?);
    if complete {
        let read = ReadStamp {
            began,
            ended: core.cache.stamp(),
        };
        let lost = core.cache.sessions_listed(ids.clone(), read).await?;
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
async fn read_messages(core: &Core, sessions: &[SessionId]) -> Result<(), Error> {
    let watermark = core
        .cache
        .get_meta(WATERMARK)
        .await?
        .and_then(|text| text.parse().ok());
    let known: Option<Timestamp> = watermark.map(|at: Timestamp| at.minus(OVERLAP));
    let most = if known.is_some() {
        MOST_MESSAGES
    } else {
        FIRST_MESSAGES
    };
    let began = core.cache.stamp();
    let mut range = Range {
        began,
        rows: BTreeMap::new(),
        oldest: None,
        count: 0,
    };
    let mut newest: Option<Timestamp> = watermark;
    let mut total = None;
    loop {
        let mut query = newest_first().limit(PAGE);
        if let Some(known) = known {
            query = query.filter(Filter::gte("created_at", known.to_string()));
        }
        query = match range.oldest {
            Some(oldest) => query.filter(older_than(oldest)),
            None => query.count(),
        };
        let answer = core.rest.select(table::MESSAGES, &query).await?;
        note_clock(core, &answer);
        total = total.or(answer.total);
        let ended = range.take(&answer);
        newest = newest.max(range.rows.values().flatten().filter_map(created_at).max());
        let all = u32::try_from(total.unwrap_or(0)).unwrap_or(u32::MAX);
        let done = u32::try_from(range.count).unwrap_or(u32::MAX);
        core.state.input(
            Input::CatchUp {
                done,
                total: all.max(done),
            },
            core.now(),
        );
        let whole = ended || total.is_some_and(|total| range.count as u64 >= total);
        if whole || range.count >= most {
            let from = match (whole, known) {
                (false, _) => range.oldest,
                (true, None) => None,
                // Nothing sorts before the smallest id of that time: the range begins just there.
                (true, Some(at)) => Some(MessageKey {
                    at,
                    id: MessageId::from_uuid(uuid::Uuid::nil()),
                }),
            };
            apply(core, range, sessions, from).await?;
            break;
        }
    }
    if let Some(newest) = newest {
        core.cache
            .set_meta(WATERMARK, Some(newest.to_string()))
            .await?;
    }
    Ok(())
}

/// Messages of all sessions between two times.
struct Range {
    began: Stamp,
    rows: BTreeMap<SessionId, Vec<PartialMessage>>,
    oldest: Option<MessageKey>,
    count: usize,
}

impl Range {
    /// Takes an answer in; whether it was the end of the table.
    fn take(&mut self, answer: &Rows) -> bool {
        for row in &answer.rows {
            self.count += 1;
            let fields = Fields::of_answer(row, table::MESSAGES);
            let message = match fields.and_then(|fields| remote::message(&fields, false)) {
                Ok(message) => message,
                Err(error) => {
                    tracing::warn!(%error, "a message was left out");
                    continue;
                }
            };
            if let Some(at) = created_at(&message) {
                self.oldest = Some(MessageKey { at, id: message.id });
            }
            if let Some(session) = message.session_id.clone().value() {
                self.rows.entry(session).or_default().push(message);
            }
        }
        answer.rows.is_empty()
    }
}

/// Takes a range in, session by session. `from`: where it begins; none when it is everything.
async fn apply(
    core: &Core,
    mut range: Range,
    sessions: &[SessionId],
    from: Option<MessageKey>,
) -> Result<(), Error> {
    let read = ReadStamp {
        began: range.began,
        ended: core.cache.stamp(),
    };
    let mut listed: HashSet<&SessionId> = sessions.iter().collect();
    let with_rows: Vec<SessionId> = range.rows.keys().cloned().collect();
    listed.extend(&with_rows);
    for session in listed {
        let rows = range.rows.remove(session).unwrap_or_default();
        let window = Window {
            session: session.clone(),
            older: from,
            newer: None,
            rows,
            read,
            verified_at: server_now(core),
            live: true,
            authenticated: true,
        };
        ingest::applied(core, core.cache.apply_window(window).await?);
    }
    Ok(())
}

/// The newest page of recent sessions of which too little is known to show anything.
async fn read_recent(core: &Core) -> Result<(), Error> {
    let open = core.open.lock().await.as_ref().map(|open| open.id.clone());
    let recent: Vec<SessionId> = core
        .cache
        .sessions()
        .await?
        .into_iter()
        .filter(|summary| !summary.no_access && !summary.unsent)
        .take(RECENT_SESSIONS)
        .map(|summary| summary.session.id)
        .collect();
    let first = open.iter().filter(|open| !recent.contains(open));
    for session in first.chain(&recent) {
        let page = Page {
            anchor: Anchor::Latest,
            limit: RECENT_PAGE as usize,
        };
        let known = core.cache.messages(session.clone(), page).await?;
        if known.gap_before.is_some() && known.rows.len() < RECENT_PAGE as usize {
            fetch_older(core, session, None, RECENT_PAGE).await?;
        }
    }
    Ok(())
}

/// Reads `limit` messages of a session from `from` (inclusive) or the newest downwards, and
/// takes them in as a range read whole.
pub(super) async fn fetch_older(
    core: &Core,
    session: &SessionId,
    from: Option<MessageKey>,
    limit: u32,
) -> Result<(), Error> {
    let began = core.cache.stamp();
    let mut query = newest_first()
        .filter(Filter::eq("session_id", session.to_string()))
        .limit(limit)
        .count();
    if let Some(from) = from {
        query = query.filter(up_to(from));
    }
    let answer = core.rest.select(table::MESSAGES, &query).await?;
    note_clock(core, &answer);
    let whole = answer
        .total
        .is_some_and(|total| total == answer.rows.len() as u64);
    let mut range = Range {
        began,
        rows: BTreeMap::new(),
        oldest: None,
        count: 0,
    };
    range.take(&answer);
    let window = Window {
        session: session.clone(),
        older: if whole { None } else { range.oldest },
        newer: from,
        rows: range.rows.remove(session).unwrap_or_default(),
        read: ReadStamp {
            began,
            ended: core.cache.stamp(),
        },
        verified_at: server_now(core),
        live: core.state.is_up(),
        authenticated: core.tokens.user().is_some() && (whole || range.oldest.is_some()),
    };
    ingest::applied(core, core.cache.apply_window(window).await?);
    Ok(())
}

/// Reads one message that is not cached, so that it can be shown in its place.
pub(super) async fn fetch_one(core: &Core, id: MessageId) -> Result<(), Error> {
    Ok(reread::messages_by_key(core, &[id]).await?)
}

fn newest_first() -> Query {
    Query::new().descending("created_at").descending("id")
}

fn older_than(key: MessageKey) -> Filter {
    let (at, id) = (key.at.to_string(), key.id.to_string());
    Filter::lt("created_at", at.clone()).or(Filter::eq("created_at", at).and(Filter::lt("id", id)))
}

fn up_to(key: MessageKey) -> Filter {
    let (at, id) = (key.at.to_string(), key.id.to_string());
    Filter::lt("created_at", at.clone()).or(Filter::eq("created_at", at).and(Filter::lte("id", id)))
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
}

fn server_now(core: &Core) -> Timestamp {
    let skew = core.skew_ms().unwrap_or(0);
    Timestamp::from_millis(core.now().as_millis().saturating_add(skew))
}
