//! Catching up with a project that has just the four tables.
//!
//! Nothing on such a project tells what changed, so ranges are read whole: the list of
//! sessions, then the newest messages of all sessions down to what was known already, then
//! the newest page of sessions of which nothing is known. Everything older stays a gap that
//! scrolling fills.

use std::collections::{BTreeMap, HashMap, HashSet};
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
use super::{Core, ingest, members, outbox, reread, send};

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

/// A message that was not known before it was read.
pub(super) struct New {
    pub id: MessageId,
    /// Its `created_at`.
    pub written: Timestamp,
}

/// Reads what may have been missed. Returns the messages that are new here.
pub(super) async fn run(core: &Core) -> Result<Vec<New>, Error> {
    // A list read for nobody would be empty, and would look like "all sessions are gone".
    core.tokens.verify().await?;
    members::look(core).await?;
    let sessions = read_sessions(core).await?;
    let new = read_messages(core, &sessions).await?;
    read_recent(core).await?;
    Ok(new)
}

async fn read_sessions(core: &Core) -> Result<Vec<SessionId>, Error> {
    let began = core.cache.stamp();
    // What is listed, and of that what could be read.
    let (mut listed, mut ids, mut facts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut total, mut nameless) = (None, false);
    loop {
        let mut query = Query::new().ascending("id").limit(PAGE);
        query = match listed.last() {
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
        if listed.len() == known {
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
    loop {
        // Each page counts what is left, in one statement with it: rows that come or go between
        // two pages cannot make the end look near.
        let mut query = newest_first().limit(PAGE).count();
        if let Some(known) = known {
            query = query.filter(Filter::gte("created_at", known.to_string()));
        }
        if let Some(oldest) = range.oldest {
            query = query.filter(older_than(oldest));
        }
        let answer = core.rest.select(table::MESSAGES, &query).await?;
        note_clock(core, &answer);
        total = total.or(answer.total);
        let before = range.oldest;
        let whole = range.take(&answer);
        newest = newest.max(range.newest);
        let all = u32::try_from(total.unwrap_or(0)).unwrap_or(u32::MAX);
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
                core.cache
                    .set_meta(WATERMARK, Some(format!("{} {read_to}", core.schema)))
                    .await?;
            }
            return Ok(new);
        }
    }
}

/// Messages of all sessions between two times.
struct Range {
    began: Stamp,
    rows: BTreeMap<SessionId, Vec<PartialMessage>>,
    oldest: Option<MessageKey>,
    newest: Option<Timestamp>,
    count: usize,
}

impl Range {
    /// A range of which nothing is read yet.
    const fn from(began: Stamp) -> Self {
        Self {
            began,
            rows: BTreeMap::new(),
            oldest: None,
            newest: None,
            count: 0,
        }
    }

    /// Takes an answer in; whether nothing is left below it.
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
                self.newest = self.newest.max(Some(at));
            }
            if let Some(session) = message.session_id.clone().value() {
                self.rows.entry(session).or_default().push(message);
            }
        }
        answer.rows.is_empty() || answer.total == Some(answer.rows.len() as u64)
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
async fn read_recent(core: &Core) -> Result<(), Error> {
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

/// Reads what is missing in the newest page of a session.
pub(super) async fn fill(core: &Core, session: &SessionId) -> Result<(), Error> {
    let page = Page {
        anchor: Anchor::Latest,
        limit: RECENT_PAGE as usize,
    };
    let mut from = None;
    loop {
        let known = core.cache.messages(session.clone(), page).await?;
        match known.missing_within(page.limit) {
            Some(gap) if from != Some(gap.before) => {
                fetch_older(core, session, gap.before, RECENT_PAGE).await?;
                from = Some(gap.before);
            }
            _ => return Ok(()),
        }
    }
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
    let mut range = Range::from(began);
    let whole = range.take(&answer);
    // Row level security answers with nothing, too: an empty session is one that is still shown.
    let authenticated = if answer.rows.is_empty() {
        send::session_exists(core, session).await?
    } else {
        range.oldest.is_some()
    };
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
        live: core.hears(),
        authenticated,
    };
    ingest::applied(core, core.cache.apply_window(window).await?);
    Ok(())
}

/// Reads one message that is not cached, so that it can be shown in its place.
pub(super) async fn fetch_one(core: &Core, id: MessageId) -> Result<(), Error> {
    Ok(reread::messages_by_key(core, &[id]).await?)
}

/// A row without a time has no place in a conversation, and would come before all others.
fn newest_first() -> Query {
    Query::new()
        .filter(Filter::Not(Box::new(Filter::IsNull("created_at"))))
        .descending("created_at")
        .descending("id")
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
    outbox::clock_told(core);
}

pub(super) fn server_now(core: &Core) -> Timestamp {
    let skew = core.skew_ms().unwrap_or(0);
    Timestamp::from_millis(core.now().as_millis().saturating_add(skew))
}
