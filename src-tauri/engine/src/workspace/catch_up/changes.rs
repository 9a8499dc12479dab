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
    let mut left: VecDeque<Behind> = wanted.into();
    let mut portion = Portion::default();
    // Of how many sessions, from the first, the tombstones are in the cache.
    let mut buried = 0;
    let mut new = Vec::new();
    while !left.is_empty() {
        // Those whose tombstones are here are read to their ends before others join them.
        let ready = if buried > 0 { buried } else { left.len() };
        let count = portion.sessions.min(ready);
        let batch: Vec<Behind> = left.iter().take(count).cloned().collect();
        // A row that was moved or deleted since stays away by its tombstone, which comes first.
        if buried < count {
            match read_tombstones(core, &batch[buried..], portion.rows).await {
                Ok(()) => buried = count,
                Err(Error::Server(error)) if portion.cut(&error) => continue,
                Err(error) => return Err(error),
            }
        }
        let began = core.cache.stamp();
        let answer = match ask(core, table::MESSAGES, &batch, portion.rows).await {
            Ok(answer) => answer,
            Err(error) if portion.cut(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        let read = ReadStamp {
            began,
            ended: core.cache.stamp(),
        };
        let page = Page::new(&answer, &batch, read)?;
        for (session, reached) in &page.reached {
            if let Some(place) = left.iter().position(|behind| behind.session == *session) {
                if let Some(rev) = reached {
                    left[place].above = *rev;
                } else {
                    left.remove(place);
                    buried -= usize::from(place < buried);
                }
            }
        }
        new.extend(page.take_in(core, &batch).await?);
        let rest: i64 = left.iter().map(|b| (b.to - b.above).max(0)).sum();
        progress(core, total - rest, total);
    }
    Ok(new)
}

/// What an answer says of its sessions.
struct Page {
    facts: Vec<Incoming>,
    written: HashMap<MessageId, Timestamp>,
    /// How far each session is read: up to a number, or to its end.
    reached: Vec<(SessionId, Option<i64>)>,
}

impl Page {
    fn new(answer: &Rows, batch: &[Behind], read: ReadStamp) -> Result<Self, Error> {
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
        })
    }

    /// Keeps the rows together with how far they bring the sessions.
    async fn take_in(self, core: &Core, batch: &[Behind]) -> Result<Vec<New>, Error> {
        let mut changes = NumberedChanges {
            facts: self.facts,
            verified_at: server_now(core),
            live: core.hears(),
            ..NumberedChanges::default()
        };
        for (session, reached) in self.reached {
            let Some(behind) = batch.iter().find(|behind| behind.session == session) else {
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

async fn read_tombstones(core: &Core, batch: &[Behind], rows: u32) -> Result<(), Error> {
    let mut left = batch.to_vec();
    loop {
        let began = core.cache.stamp();
        let answer = ask(core, TOMBSTONES, &left, rows).await?;
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

async fn ask(
    core: &Core,
    table: &str,
    batch: &[Behind],
    rows: u32,
) -> Result<Rows, tidings_supabase::Error> {
    let above = batch.iter().map(|behind| {
        let session = Filter::eq("session_id", behind.session.to_string());
        session.and(Filter::gt("rev", behind.above.to_string()))
    });
    let query = Query::new()
        .filter(Filter::Any(above.collect()))
        .ascending("session_id")
        .ascending("rev")
        .limit(rows)
        .count();
    core.rest.select(table, &query).await
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn unreadable(problem: impl ToString) -> Error {
    tidings_supabase::Error::InvalidAnswer(problem.to_string()).into()
}
