//! Takes facts in: live frames, fetched rows and the answers to one's own writes alike.

use rusqlite::params;
use rusqlite::types::Value;
use tidings_model::{MessageId, SessionId, Timestamp};

use super::heads::SeenRevs;
use super::merge::{self, Columns, Fact, HOME, Revision, Shape};
use super::rows::{self, MESSAGES, SESSIONS, StoredRow, message};
use super::values::{self, blob};
use super::{Tx, members, ranges, untold};
use crate::error::Result;
use crate::types::fact::{Incoming, IngestReport, PartialMessage, PartialSession, Source};
use crate::types::page::MessageKey;

/// Takes facts in, in the order given; the result does not depend on it.
pub(crate) fn ingest(tx: &mut Tx<'_>, facts: Vec<Incoming>) -> Result<IngestReport> {
    let mut report = IngestReport::default();
    let mut newest = ranges::LiveRows::default();
    let mut seen = SeenRevs::default();
    for fact in facts {
        match fact {
            Incoming::Message { row, source } => {
                let placed = take_message(tx, row, source, &mut seen, &mut report)?;
                if let (Source::Live { inserted: true, .. }, Some((session, key))) =
                    (source, placed)
                {
                    newest.add(session, key);
                }
            }
            Incoming::Session { row, source } => {
                let first = row.rev == Some(1);
                let id = row.id.clone();
                take_session(tx, row, source, &mut seen, &mut report)?;
                if let Source::Live {
                    commit,
                    inserted: true,
                    ..
                } = source
                    && first
                    && let Some(key) = tx.find_session(&id)?
                {
                    newest.begin(key, commit);
                }
            }
            Incoming::MessageDeleted { id, source } => {
                take_message_gone(tx, id, None, source, &mut report)?;
            }
            Incoming::MessageLeft {
                id,
                session,
                rev,
                source,
            } => {
                if let Some(place) = tx.find_session(&session)? {
                    let left = Some(Revision { place, rev });
                    take_message_gone(tx, id, left, source, &mut report)?;
                }
            }
            Incoming::SessionDeleted { id, rev, source } => {
                take_session_gone(tx, &id, rev, source, &mut report)?;
            }
            Incoming::Member { row, source } => members::take(tx, &row, source, &mut report)?,
            Incoming::MemberGone { id, source } => members::take_gone(tx, id, source, &mut report)?,
        }
    }
    seen.advance(tx)?;
    newest.extend_ranges(tx)?;
    Ok(report)
}

/// Takes one message in. Returns where it stands, when it shows.
pub(crate) fn take_message(
    tx: &mut Tx<'_>,
    row: PartialMessage,
    source: Source,
    seen: &mut SeenRevs,
    report: &mut IngestReport,
) -> Result<Option<(i64, MessageKey)>> {
    let id = row.id;
    let truncated = row.truncated;
    let rev = row.rev;
    let mut fact = values::of_message(tx, row, report)?;
    let present = values::present(&fact);
    let sql_id = blob(id);
    let before = if tx.is_above_all(id)? {
        None
    } else {
        rows::load(tx, &MESSAGES, &sql_id)?
    };
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&MESSAGES));
    let differs = row.differs(&fact);
    let home = row.integer(message::SESSION);
    let place = match &fact[message::SESSION] {
        Some(Value::Integer(key)) => Some(*key),
        Some(_) => None,
        None => home,
    };
    let revision = tx.revision(source, place, rev)?;
    let was_deleted = row.standing.deleted;
    let told = Fact {
        source,
        shape: Shape::Row { present, truncated },
        revision,
    };
    let verdict = row.standing.merge(told, home, MESSAGES.columns);
    if was_deleted && !row.standing.deleted {
        // A tombstone keeps its place for the unsent work on it; the new row has its own.
        row.values[message::SESSION] = Value::Null;
    }
    row.apply(verdict, &mut fact);
    row.unsent &= !row.standing.confirmed();
    if verdict.overlap && differs {
        report.reread.messages.insert(id);
    }
    finish_message(tx, id, before.as_ref(), &mut row, report)?;
    let lacking = row.standing.lacks(Columns::MAX);
    let incomplete_frame = present != merge::all(MESSAGES.columns) && verdict.set != 0;
    if matches!(source, Source::Live { .. })
        && !row.standing.deleted
        && (lacking || truncated || incomplete_frame)
    {
        report.reread.messages.insert(id);
    } else if let Some(revision) = revision {
        seen.add(source, revision.place, revision.rev);
    }
    let session = row.integer(message::SESSION);
    let at = row.integer(message::CREATED_AT);
    let shows = !row.standing.deleted && !row.unsent;
    Ok(session.zip(at).filter(|_| shows).map(|(session, at)| {
        let at = Timestamp::from_micros(at);
        (session, MessageKey { at, id })
    }))
}

fn take_message_gone(
    tx: &mut Tx<'_>,
    id: MessageId,
    left: Option<Revision>,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    let before = rows::load(tx, &MESSAGES, &blob(id))?;
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&MESSAGES));
    let told = Fact {
        source,
        shape: Shape::Gone,
        revision: match left {
            Some(left) => tx.revision(source, Some(left.place), Some(left.rev))?,
            None => None,
        },
    };
    let home = row.integer(message::SESSION);
    let verdict = row.standing.merge(told, home, MESSAGES.columns);
    let session = match (&row.values[message::SESSION], left) {
        // Where it was is not known but from this.
        (Value::Null, Some(left)) => Value::Integer(left.place),
        (known, _) => known.clone(),
    };
    row.apply(verdict, &mut []);
    if row.standing.deleted {
        // The tombstone keeps its place: the unsent work on it can still be found.
        row.values[message::SESSION] = session;
        row.unsent = false;
    }
    if verdict.overlap && !row.standing.deleted {
        report.reread.messages.insert(id);
    }
    finish_message(tx, id, before.as_ref(), &mut row, report)
}

/// Applies the deletion of the row's session, writes the row and tells of it.
pub(crate) fn finish_message(
    tx: &mut Tx<'_>,
    id: MessageId,
    before: Option<&StoredRow>,
    row: &mut StoredRow,
    report: &mut IngestReport,
) -> Result<()> {
    let session = row.integer(message::SESSION);
    let info = match session {
        Some(key) if !row.unsent => Some(tx.session_info(key)?),
        _ => None,
    };
    let numbered = info.as_ref().and_then(|info| info.gone_rev);
    if numbered.is_some_and(|last| row.standing.rev.is_some_and(|rev| rev <= last)) {
        return drop_message(tx, id, before, report);
    }
    if let Some(gone_to) = info.and_then(|info| info.gone_to) {
        let verdict = row.standing.merge_gone(gone_to, MESSAGES.columns);
        let place = row.values[message::SESSION].clone();
        row.apply(verdict, &mut []);
        if row.standing.deleted {
            row.values[message::SESSION] = place;
        }
        if row.standing.deleted && row.standing.stamp <= gone_to {
            return drop_message(tx, id, before, report);
        }
    }
    row.incomplete = !row.standing.deleted && row.standing.lacks(MESSAGES.required);
    if before == Some(&*row) {
        return Ok(());
    }
    let key = rows::store(tx, &MESSAGES, &blob(id), row)?;
    row.key = Some(key);
    let shown_before = before
        .filter(|before| !before.standing.deleted)
        .and_then(|before| before.integer(message::SESSION));
    let shown = row
        .integer(message::SESSION)
        .filter(|_| !row.standing.deleted);
    let visibly = before.is_none_or(|before| {
        before.values != row.values
            || before.standing.deleted != row.standing.deleted
            || before.unsent != row.unsent
            || before.incomplete != row.incomplete
    });
    if visibly && (shown.is_some() || shown_before.is_some()) {
        report.changed += 1;
        for session in shown.into_iter().chain(shown_before) {
            tx.message_changed(session, id)?;
        }
        if before.is_none() && shown.is_some() {
            untold::note(tx, key, row)?;
            report.new_messages.push(id);
        }
    }
    Ok(())
}

/// Forgets a message that went with its session: the session's own tombstone speaks for it.
fn drop_message(
    tx: &mut Tx<'_>,
    id: MessageId,
    before: Option<&StoredRow>,
    report: &mut IngestReport,
) -> Result<()> {
    let Some((before, key)) = before.and_then(|row| Some((row, row.key?))) else {
        return Ok(());
    };
    tx.conn
        .prepare_cached("UPDATE outbox SET message = NULL WHERE message = ?1")?
        .execute([key])?;
    tx.conn
        .prepare_cached("DELETE FROM messages WHERE key = ?1")?
        .execute([key])?;
    if let Some(session) = before.integer(message::SESSION)
        && !before.standing.deleted
    {
        report.changed += 1;
        tx.message_changed(session, id)?;
    }
    Ok(())
}

/// Takes one session in.
pub(crate) fn take_session(
    tx: &mut Tx<'_>,
    row: PartialSession,
    source: Source,
    seen: &mut SeenRevs,
    report: &mut IngestReport,
) -> Result<()> {
    let id = row.id.clone();
    let truncated = row.truncated;
    let revision = tx.revision(source, Some(HOME), row.rev)?;
    let mut fact = values::of_session(tx, row)?;
    let present = values::present(&fact);
    let sql_id = Value::Text(id.as_str().to_owned());
    let before = rows::load(tx, &SESSIONS, &sql_id)?;
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&SESSIONS));
    let differs = row.differs(&fact);
    let told = Fact {
        source,
        shape: Shape::Row { present, truncated },
        revision,
    };
    let verdict = row.standing.merge(told, Some(HOME), SESSIONS.columns);
    row.apply(verdict, &mut fact);
    row.unsent &= !row.standing.confirmed();
    row.incomplete = row.standing.lacks(SESSIONS.required);
    let partial_frame = present != merge::all(SESSIONS.columns) && verdict.set != 0;
    let lacking = row.standing.lacks(Columns::MAX) || truncated || partial_frame;
    let live = matches!(source, Source::Live { .. });
    if (verdict.overlap && differs) || (live && lacking && !row.standing.deleted) {
        report.reread.sessions.insert(id.clone());
    }
    if before.as_ref() == Some(&row) {
        return Ok(());
    }
    let key = rows::store(tx, &SESSIONS, &sql_id, &row)?;
    if let Some(revision) = revision
        && !lacking
    {
        seen.add(source, key, revision.rev);
    }
    let visibly = before.as_ref().is_none_or(|before| {
        before.values != row.values
            || before.standing.deleted != row.standing.deleted
            || before.unsent != row.unsent
            || before.incomplete != row.incomplete
    });
    if !row.standing.deleted && members::let_in_again(tx, key)? {
        report.joined.push(id.clone());
    }
    let readable = tx
        .conn
        .prepare_cached(
            "UPDATE sessions SET missing_lists = 0, no_access = 0
             WHERE key = ?1 AND deleted = 0 AND (missing_lists <> 0 OR no_access <> 0)",
        )?
        .execute([key])?;
    if (visibly && !row.standing.deleted) || readable > 0 {
        report.changed += 1;
        tx.changes.sessions.insert(id);
    }
    Ok(())
}

fn take_session_gone(
    tx: &mut Tx<'_>,
    id: &SessionId,
    rev: Option<i64>,
    source: Source,
    report: &mut IngestReport,
) -> Result<()> {
    let sql_id = Value::Text(id.as_str().to_owned());
    let before = rows::load(tx, &SESSIONS, &sql_id)?;
    let mut row = before
        .clone()
        .unwrap_or_else(|| StoredRow::unknown(&SESSIONS));
    let revision = tx.revision(source, Some(HOME), rev)?;
    let told = Fact {
        source,
        shape: Shape::Gone,
        revision,
    };
    let verdict = row.standing.merge(told, Some(HOME), SESSIONS.columns);
    row.apply(verdict, &mut []);
    row.unsent &= !row.standing.confirmed();
    row.incomplete = !row.standing.deleted && row.standing.lacks(SESSIONS.required);
    if verdict.overlap && !row.standing.deleted {
        report.reread.sessions.insert(id.clone());
    }
    let key = rows::store(tx, &SESSIONS, &sql_id, &row)?;
    let moved = tx
        .conn
        .prepare_cached(
            "UPDATE sessions SET gone_to = ?2, gone_rev = coalesce(?3, gone_rev)
             WHERE key = ?1 AND (gone_to IS NULL OR gone_to < ?2)",
        )?
        .execute(params![
            key,
            merge::stamp(source),
            revision.map(|at| at.rev)
        ])?;
    if moved > 0 {
        tx.forget_session(key);
        forget_messages(tx, key, report)?;
    }
    if before.is_some_and(|before| before.standing.deleted != row.standing.deleted) {
        report.changed += 1;
        tx.changes.sessions.insert(id.clone());
    }
    Ok(())
}

/// Applies a session's deletion to the messages that are cached of it. Unsent ones stay:
/// they exist nowhere else.
fn forget_messages(tx: &mut Tx<'_>, session: i64, report: &mut IngestReport) -> Result<()> {
    let ids: Vec<MessageId> = tx
        .conn
        .prepare_cached(
            "SELECT id FROM messages WHERE session = ?1 AND deleted = 0 AND unsent = 0",
        )?
        .query_map([session], |row| crate::read::decode::message_id(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in ids {
        if let Some(before) = rows::load(tx, &MESSAGES, &blob(id))? {
            let mut row = before.clone();
            finish_message(tx, id, Some(&before), &mut row, report)?;
        }
    }
    tx.conn
        .prepare_cached("DELETE FROM ranges WHERE session = ?1")?
        .execute([session])?;
    Ok(())
}

/// A session's key; one that is known only through its messages gets a row without columns.
pub(crate) fn session_or_stub(
    tx: &mut Tx<'_>,
    id: &SessionId,
    report: &mut IngestReport,
) -> Result<i64> {
    if let Some(key) = tx.find_session(id)? {
        return Ok(key);
    }
    report.reread.sessions.insert(id.clone());
    let stub = StoredRow::unknown(&SESSIONS);
    let key = rows::store(tx, &SESSIONS, &Value::Text(id.as_str().to_owned()), &stub)?;
    tx.changes.sessions.insert(id.clone());
    Ok(key)
}
