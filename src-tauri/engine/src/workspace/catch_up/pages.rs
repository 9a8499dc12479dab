//! Ranges of sessions, read whole.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use tidings_cache::{
    Anchor, CacheError, MessageKey, Page, PartialMessage, ReadStamp, Stamp, Stretch, Window,
};
use tidings_model::{MessageId, SessionId, Timestamp};
use tidings_supabase::{Filter, Query, Rows};

use super::super::remote::{self, Fields, table};
use super::super::{Core, ingest, reread};
use super::portion::Portion;
use super::{Error, created_at, note_clock, server_now};

/// Messages in the newest page of a session.
const RECENT_PAGE: u32 = 50;

/// Messages of all sessions between two times.
pub(super) struct Range {
    pub began: Stamp,
    pub rows: BTreeMap<SessionId, Vec<PartialMessage>>,
    pub oldest: Option<MessageKey>,
    pub newest: Option<Timestamp>,
    pub count: usize,
}

impl Range {
    /// A range of which nothing is read yet.
    pub const fn from(began: Stamp) -> Self {
        Self {
            began,
            rows: BTreeMap::new(),
            oldest: None,
            newest: None,
            count: 0,
        }
    }

    /// Takes an answer in; whether nothing is left below it.
    pub fn take(&mut self, answer: &Rows) -> bool {
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

/// Reads what is missing in the newest page of a session.
pub(in super::super) async fn fill(core: &Core, session: &SessionId) -> Result<(), Error> {
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

/// Reads `limit` messages of a session from `from` (inclusive) or the newest downwards, fewer when
/// the project refuses so many at once, and takes them in as a range read whole.
pub(in super::super) async fn fetch_older(
    core: &Core,
    session: &SessionId,
    from: Option<MessageKey>,
    limit: u32,
) -> Result<(), Error> {
    let stretch = Stretch {
        older: None,
        newer: from,
    };
    let wanted = [(session.clone(), stretch)];
    let mut portion = core.page_portion.start(core, limit);
    loop {
        match read_stretches(core, &wanted, portion).await {
            Err(Error::Server(error)) if portion.cut(&error) => {
                core.page_portion.learn(core, portion);
            }
            read => {
                if core.background.is_paused() {
                    // Less is missing now, maybe nothing.
                    core.background.look_again();
                }
                return read.map(drop);
            }
        }
    }
}

/// What the project was found to give at once since the last catch-up: where that takes a gateway's
/// patience to find out, not every page has to.
#[derive(Debug, Default)]
pub(in super::super) struct PagePortion(Mutex<Option<(u64, Portion)>>);

impl PagePortion {
    /// How much to ask for at first.
    fn start(&self, core: &Core, limit: u32) -> Portion {
        let learned = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = Portion::of(limit);
        match learned {
            Some((since, portion)) if since == *core.catch_ups.borrow() => wanted.at_most(portion),
            _ => wanted,
        }
    }

    fn learn(&self, core: &Core, portion: Portion) {
        let since = *core.catch_ups.borrow();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((since, portion));
    }
}

/// What reading stretches brought.
#[derive(Debug, Default)]
pub(in super::super) struct Read {
    /// Messages that are new here.
    pub new: usize,
    /// Sessions in which something was read, or found to be nothing.
    pub sessions: HashSet<SessionId>,
}

/// Reads stretches of different sessions from their newest ends downwards, one portion of messages
/// together, and takes them in as ranges read whole.
pub(in super::super) async fn read_stretches(
    core: &Core,
    wanted: &[(SessionId, Stretch)],
    portion: Portion,
) -> Result<Read, Error> {
    let began = core.cache.stamp();
    let answer = ask(core, wanted, portion).await?;
    note_clock(core, &answer);
    let whole = answer.rows.is_empty()
        || answer.total == Some(answer.rows.len() as u64)
        || (!portion.count && only_the_end(&answer, wanted));
    // Of the sessions in the answer only the last one can have been cut off.
    let cut = match answer.rows.last() {
        Some(last) if !whole => Some(session_of(last)?),
        _ => None,
    };
    let mut range = Range::from(began);
    range.take(&answer);
    let silent: Vec<&SessionId> = wanted
        .iter()
        .map(|(session, _)| session)
        .filter(|session| !range.rows.contains_key(*session))
        .collect();
    // Row level security answers with nothing, too: an empty session is one that is still shown.
    let there = if whole {
        shown(core, &silent).await?
    } else {
        HashSet::new()
    };
    let mut read = Read::default();
    for (session, stretch) in wanted {
        let rows = range.rows.remove(session).unwrap_or_default();
        let oldest = rows.iter().filter_map(place).min();
        if oldest.is_none() && !there.contains(session) {
            continue;
        }
        let window = Window {
            session: session.clone(),
            older: if cut.as_ref() == Some(session) {
                oldest
            } else {
                stretch.older
            },
            newer: stretch.newer,
            rows,
            read: ReadStamp {
                began,
                ended: core.cache.stamp(),
            },
            verified_at: server_now(core),
            live: core.hears(),
            apart_from: core.background.due(),
            authenticated: true,
        };
        match core.cache.apply_window(window).await {
            Ok(report) => {
                read.new += report.new_messages.len();
                ingest::applied(core, report);
            }
            // Deleted or taken off this computer meanwhile.
            Err(CacheError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
        read.sessions.insert(session.clone());
    }
    Ok(read)
}

/// Whether an answer has nothing but the message that a stretch ends with, which is known. Where
/// nothing is counted this is how there is no more.
fn only_the_end(answer: &Rows, wanted: &[(SessionId, Stretch)]) -> bool {
    let [row] = answer.rows.as_slice() else {
        return false;
    };
    let fields = Fields::of_answer(row, table::MESSAGES);
    let Ok(message) = fields.and_then(|fields| remote::message(&fields, false)) else {
        return false;
    };
    let end = place(&message);
    end.is_some() && wanted.iter().any(|(_, stretch)| stretch.newer == end)
}

async fn ask(
    core: &Core,
    wanted: &[(SessionId, Stretch)],
    portion: Portion,
) -> Result<Rows, Error> {
    let within = |(session, stretch): &(SessionId, Stretch)| {
        let mut all = vec![Filter::eq("session_id", session.to_string())];
        all.extend(stretch.newer.map(up_to));
        all.extend(stretch.older.map(from_on));
        Filter::All(all)
    };
    let query = match wanted {
        [one] => newest_first().filter(within(one)),
        several => {
            let any = several.iter().map(within).collect();
            let placed = Query::new().filter(placed()).filter(Filter::Any(any));
            let in_order = placed.ascending("session_id");
            in_order.descending("created_at").descending("id")
        }
    };
    Ok(core
        .rest
        .select(table::MESSAGES, &portion.limit(query))
        .await?)
}

/// Those of the sessions that the project shows.
async fn shown(core: &Core, sessions: &[&SessionId]) -> Result<HashSet<SessionId>, Error> {
    if sessions.is_empty() {
        return Ok(HashSet::new());
    }
    let ids = sessions.iter().map(ToString::to_string);
    let query = Query::new()
        .columns(&["id"])
        .filter(Filter::any_of("id", ids));
    let answer = core.rest.select(table::SESSIONS, &query).await?;
    let ids = answer.rows.iter().filter_map(|row| {
        let fields = Fields::of_answer(row, table::SESSIONS).ok()?;
        remote::deleted_session(&fields).ok()
    });
    Ok(ids.collect())
}

/// Without it nobody could say what the answer covers.
fn session_of(row: &serde_json::value::RawValue) -> Result<SessionId, Error> {
    let fields = Fields::of_answer(row, table::MESSAGES).ok();
    let session = fields.and_then(|fields| remote::message_session(&fields));
    session.ok_or_else(|| {
        let problem = "a message without a session".to_owned();
        tidings_supabase::Error::InvalidAnswer(problem).into()
    })
}

fn place(row: &PartialMessage) -> Option<MessageKey> {
    let at = created_at(row)?;
    Some(MessageKey { at, id: row.id })
}

/// Reads one message that is not cached, so that it can be shown in its place.
pub(in super::super) async fn fetch_one(core: &Core, id: MessageId) -> Result<(), Error> {
    Ok(reread::messages_by_key(core, &[id]).await?)
}

/// A row without a time has no place in a conversation, and would come before all others.
pub(super) fn newest_first() -> Query {
    Query::new()
        .filter(placed())
        .descending("created_at")
        .descending("id")
}

fn placed() -> Filter {
    Filter::Not(Box::new(Filter::IsNull("created_at")))
}

pub(super) fn older_than(key: MessageKey) -> Filter {
    let (at, id) = (key.at.to_string(), key.id.to_string());
    Filter::lt("created_at", at.clone()).or(Filter::eq("created_at", at).and(Filter::lt("id", id)))
}

fn up_to(key: MessageKey) -> Filter {
    let (at, id) = (key.at.to_string(), key.id.to_string());
    Filter::lt("created_at", at.clone()).or(Filter::eq("created_at", at).and(Filter::lte("id", id)))
}

fn from_on(key: MessageKey) -> Filter {
    let (at, id) = (key.at.to_string(), key.id.to_string());
    Filter::gt("created_at", at.clone()).or(Filter::eq("created_at", at).and(Filter::gte("id", id)))
}
