//! The changes of sessions above the numbers up to which they are known, of several sessions in
//! one request.

use std::collections::{HashMap, VecDeque};

use serde::Deserialize;
use tidings_cache::{Head, Incoming, NumberedChanges, ReadStamp, Source};
use tidings_model::{MessageId, SessionId, Timestamp};
use tidings_supabase::{Filter, Query, Rows};

use super::super::remote::{self, Fields, table};
use super::super::{Core, ingest};
use super::portion::Portion;
use super::revisions::progress;
use super::{Error, New, created_at, server_now};

const TOMBSTONES: &str = "chat_tombstones";

/// A session of which something is to be read.
#[derive(Debug, Clone)]
pub(super) struct Behind {
    pub session: SessionId,
    /// Known up to this number.
    pub above: i64,
    /// Its head, which was read before.
    pub to: i64,
    /// With these changes every message of it is known.
    pub whole: bool,
}

/// A row of `chat_tombstones`.
#[derive(Debug, Deserialize)]
struct Tombstone {
    session_id: String,
    id: String,
    rev: i64,
}

/// Reads on where an earlier attempt ended, down to every session's head. Returns the messages
/// that are new here.
pub(super) async fn read(core: &Core, wanted: Vec<Behind>) -> Result<Vec<New>, Error> {
    let total: i64 = wanted.iter().map(|behind| behind.to - behind.above).sum();
    let mut reader = Reader {
        left: wanted.into(),
        portion: Portion::default(),
        buried: 0,
    };
    let mut new = Vec::new();
    let mut page = reader.next(core).await?;
    while let Some(now) = page {
        let rest = now.rest;
        // The next one is on its way while this one is written.
        let (taken, next) = tokio::join!(now.take_in(core), reader.next(core));
        new.extend(taken?);
        progress(core, total - rest, total);
        page = next?;
    }
    Ok(new)
}

/// Asks for page after page.
struct Reader {
    /// What is to be read, each from where the pages so far ended.
    left: VecDeque<Behind>,
    portion: Portion,
    /// Of how many sessions, from the first, the tombstones are in the cache.
    buried: usize,
}

impl Reader {
    /// The next page; none when all are read.
    async fn next(&mut self, core: &Core) -> Result<Option<Page>, Error> {
        while !self.left.is_empty() {
            // Those whose tombstones are here are read to their ends before others join them.
            let ready = if self.buried > 0 {
                self.buried
            } else {
                self.left.len()
            };
            let count = self.portion.sessions.min(ready);
            let batch: Vec<Behind> = self.left.iter().take(count).cloned().collect();
            // A row that was moved or deleted since stays away by its tombstone, which comes first.
            if self.buried < count {
                match read_tombstones(core, &batch[self.buried..], self.portion).await {
                    Ok(()) => self.buried = count,
                    Err(Error::Server(error)) if self.portion.cut(&error) => continue,
                    Err(error) => return Err(error),
                }
            }
            let began = core.cache.stamp();
            let query = query(&batch).limit(self.portion.rows);
            // To count what is left takes the project longer than to answer: it is asked where the
            // end may be near. Elsewhere the end is an answer without rows.
            let near = distance(&batch) <= i64::from(self.portion.rows);
            let query = if near && self.portion.count {
                query.count()
            } else {
                query
            };
            let answer = match core.rest.select(table::MESSAGES, &query).await {
                Ok(answer) => answer,
                Err(error) if self.portion.cut(&error) => continue,
                Err(error) => return Err(error.into()),
            };
            let read = ReadStamp {
                began,
                ended: core.cache.stamp(),
            };
            let mut page = Page::new(&answer, batch, read)?;
            self.went_on(&page.reached);
            page.rest = distance(&self.left);
            return Ok(Some(page));
        }
        Ok(None)
    }

    /// Goes on behind a page.
    fn went_on(&mut self, reached: &[(SessionId, Option<i64>)]) {
        for (session, reached) in reached {
            let mut left = self.left.iter();
            let Some(place) = left.position(|behind| behind.session == *session) else {
                continue;
            };
            if let Some(rev) = reached {
                self.left[place].above = *rev;
            } else {
                self.left.remove(place);
                self.buried -= usize::from(place < self.buried);
            }
        }
    }
}

/// How many changes there are to the heads, those included that later ones replaced.
fn distance<'a>(sessions: impl IntoIterator<Item = &'a Behind>) -> i64 {
    let each = sessions.into_iter();
    each.map(|behind| (behind.to - behind.above).max(0)).sum()
}

/// What an answer says of its sessions.
struct Page {
    facts: Vec<Incoming>,
    written: HashMap<MessageId, Timestamp>,
    /// How far each session is read: up to a number, or to its end.
    reached: Vec<(SessionId, Option<i64>)>,
    /// The sessions that were asked for.
    batch: Vec<Behind>,
    /// Changes that are left to read after it.
    rest: i64,
}

impl Page {
    fn new(answer: &Rows, batch: Vec<Behind>, read: ReadStamp) -> Result<Self, Error> {
        let source = Source::Rest(read);
        let (mut facts, mut written) = (Vec::new(), HashMap::new());
        let mut groups: Vec<(SessionId, i64)> = Vec::new();
        for row in &answer.rows {
            let fields = Fields::of_answer(row, table::MESSAGES).map_err(unreadable)?;
            let (Some(session), Some(rev)) =
                (remote::message_session(&fields), remote::revision(&fields))
            else {
                return Err(unreadable("a message without a number"));
            };
            match groups.last_mut() {
                Some(last) if last.0 == session => last.1 = rev,
                _ => groups.push((session, rev)),
            }
            match remote::message(&fields, false) {
                Ok(row) => {
                    written.extend(created_at(&row).map(|at| (row.id, at)));
                    facts.push(Incoming::Message { row, source });
                }
                Err(error) => tracing::warn!(%error, "a message was left out"),
            }
        }
        let all = answer.rows.is_empty() || answer.total == Some(answer.rows.len() as u64);
        let reached = if all {
            let ended = |behind: &Behind| (behind.session.clone(), None);
            batch.iter().map(ended).collect()
        } else {
            // The rows are in the order of the sessions: only the last one was cut off.
            let last = groups.pop();
            if let Some((session, rev)) = &last
                && batch
                    .iter()
                    .any(|behind| behind.session == *session && *rev <= behind.above)
            {
                return Err(unreadable("messages out of the order asked for"));
            }
            let ended = groups.into_iter().map(|(session, _)| (session, None));
            let cut = last.map(|(session, rev)| (session, Some(rev)));
            ended.chain(cut).collect()
        };
        Ok(Self {
            facts,
            written,
            reached,
            batch,
            rest: 0,
        })
    }

    /// Keeps the rows together with how far they bring the sessions.
    async fn take_in(self, core: &Core) -> Result<Vec<New>, Error> {
        let mut changes = NumberedChanges {
            facts: self.facts,
            verified_at: server_now(core),
            live: core.hears(),
            ..NumberedChanges::default()
        };
        for (session, reached) in self.reached {
            let mut asked = self.batch.iter();
            let Some(behind) = asked.find(|behind| behind.session == session) else {
                continue;
            };
            // Above the head tombstones may be missing that are newer than they were read.
            let last_rev = reached.map_or(behind.to, |rev| rev.min(behind.to));
            if reached.is_none() {
                changes.complete.push(session.clone());
            }
            match (reached, behind.whole) {
                (None, true) => changes.whole.push(session.clone()),
                // Read half, it must not look as if it was read before.
                (Some(_), true) => continue,
                _ => {}
            }
            changes.heads.push(Head {
                session,
                last_rev,
                gone: false,
            });
        }
        let written = self.written;
        let report = core.cache.apply_changes(changes).await?;
        let new = report
            .new_messages
            .iter()
            .filter_map(|id| {
                let (id, written) = (*id, *written.get(id)?);
                Some(New { id, written })
            })
            .collect();
        ingest::applied(core, report);
        Ok(new)
    }
}

async fn read_tombstones(core: &Core, batch: &[Behind], portion: Portion) -> Result<(), Error> {
    let mut left = batch.to_vec();
    loop {
        let began = core.cache.stamp();
        let answer = core
            .rest
            .select(TOMBSTONES, &portion.limit(query(&left)))
            .await?;
        let source = Source::Rest(ReadStamp {
            began,
            ended: core.cache.stamp(),
        });
        let mut facts = Vec::new();
        let mut ended: Vec<SessionId> = Vec::new();
        let mut last: Option<(SessionId, i64)> = None;
        for row in &answer.rows {
            let row: Tombstone = serde_json::from_str(row.get()).map_err(unreadable)?;
            let session = SessionId::new(row.session_id).map_err(unreadable)?;
            match row.id.parse() {
                Ok(id) => facts.push(Incoming::MessageLeft {
                    id,
                    session: session.clone(),
                    rev: row.rev,
                    source,
                }),
                Err(error) => tracing::warn!(%error, "a deletion was left out"),
            }
            if let Some((before, _)) = last.replace((session, row.rev))
                && last.as_ref().is_some_and(|(now, _)| *now != before)
            {
                ended.push(before);
            }
        }
        ingest::applied(core, core.cache.ingest(facts).await?);
        let Some((session, rev)) = last else {
            return Ok(());
        };
        if answer.total == Some(answer.rows.len() as u64) {
            return Ok(());
        }
        left.retain(|behind| !ended.contains(&behind.session));
        match left.iter_mut().find(|behind| behind.session == session) {
            Some(behind) if behind.above < rev => behind.above = rev,
            _ => return Err(unreadable("deletions out of the order asked for")),
        }
    }
}

/// Rows above the numbers, session by session in the order of their numbers.
fn query(batch: &[Behind]) -> Query {
    let above = batch.iter().map(|behind| {
        let session = Filter::eq("session_id", behind.session.to_string());
        session.and(Filter::gt("rev", behind.above.to_string()))
    });
    Query::new()
        .filter(Filter::Any(above.collect()))
        .ascending("session_id")
        .ascending("rev")
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn unreadable(problem: impl ToString) -> Error {
    tidings_supabase::Error::InvalidAnswer(problem.to_string()).into()
}
