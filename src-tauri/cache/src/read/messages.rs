//! Messages as they are read: pages that say where something may be missing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tidings_model::{Message, MessageId, SessionId, Timestamp, UserId};

use super::overlay::{self, Pending};
use super::ranges::{self, Coverage};
use super::{decode, sessions};
use crate::Cache;
use crate::error::Result;
use crate::types::chat::CachedMessage;
use crate::types::page::{Anchor, Gap, MessageKey, MessagePage, Page, PlacedGap};
use crate::write::ranges::START;

/// Messages that one page can hold at most.
const PAGE_MAX: usize = 1000;

/// The columns of [`decode_row`].
pub(crate) const COLUMNS: &str =
    "m.key, m.id, s.id, u.id, m.content, m.role, m.metadata, m.created_at,
    m.updated_at, m.status, m.kind, m.incomplete, m.unsent, m.session";
/// The tables of [`COLUMNS`].
pub(crate) const TABLES: &str =
    "messages m JOIN sessions s ON s.key = m.session LEFT JOIN users u ON u.key = m.author";

impl Cache {
    /// A part of a session, oldest first.
    pub async fn messages(&self, session: SessionId, page: Page) -> Result<MessagePage> {
        let account = self.account();
        self.read(move |conn| {
            let Some(key) = sessions::key(conn, &session)? else {
                return Ok(MessagePage {
                    rows: Vec::new(),
                    gaps: Vec::new(),
                    at_start: true,
                    at_end: true,
                });
            };
            Reader {
                conn,
                session: key,
                coverage: Coverage::new(ranges::stored(conn, key)?),
                pending: overlay::pending(conn, key, account.as_ref())?,
            }
            .page(page)
        })
        .await
    }

    /// The oldest message of a session written at `from` or later, and whether nothing can be
    /// missing between `from` and it; without one, between `from` and now.
    pub async fn first_from(
        &self,
        session: SessionId,
        from: Timestamp,
    ) -> Result<(Option<MessageKey>, bool)> {
        self.read(move |conn| {
            let Some(key) = sessions::key(conn, &session)? else {
                return Ok((None, false));
            };
            let start = MessageKey {
                at: from,
                id: START.id,
            };
            let reader = Reader {
                conn,
                session: key,
                coverage: Coverage::new(ranges::stored(conn, key)?),
                pending: HashMap::new(),
            };
            let found = reader.fetch(start, true, Direction::Newer, 1)?;
            let found = found.first().map(self::key);
            let known = reader.coverage.covers(start, found.unwrap_or(END));
            Ok((found, known))
        })
        .await
    }

    /// One message.
    pub async fn message(&self, id: MessageId) -> Result<Option<CachedMessage>> {
        Ok(self.messages_by_id(vec![id]).await?.pop())
    }

    /// Several messages; those that are not (or no longer) there are left out.
    pub async fn messages_by_id(&self, ids: Vec<MessageId>) -> Result<Vec<CachedMessage>> {
        let account = self.account();
        self.read(move |conn| by_id(conn, &ids, account.as_ref()))
            .await
    }
}

/// A row as stored, before one's own unconfirmed writes are laid over it.
pub(crate) struct Raw {
    pub key: i64,
    pub session: i64,
    pub unsent: bool,
    pub incomplete: bool,
    pub message: Message,
}

impl Raw {
    pub(crate) fn overlaid(self, pending: Option<&Pending>) -> CachedMessage {
        let mut message = self.message;
        let mut state = None;
        let mut edited_locally = false;
        if let Some(pending) = pending {
            // An insert that the server has told of is done, whatever its answer said.
            if self.unsent || pending.insert.is_none() || pending.content.is_some() {
                state = Some(pending.state.clone());
            }
            if let Some(content) = &pending.content {
                message.content.clone_from(content);
                edited_locally = true;
            }
        }
        CachedMessage {
            message,
            state,
            incomplete: self.incomplete,
            edited_locally,
        }
    }
}

/// Lays one's own unconfirmed writes over rows of any sessions.
pub(crate) struct Overlays<'c> {
    conn: &'c Connection,
    account: Option<&'c UserId>,
    sessions: HashMap<i64, HashMap<i64, Pending>>,
}

impl<'c> Overlays<'c> {
    pub(crate) fn new(conn: &'c Connection, account: Option<&'c UserId>) -> Self {
        Self {
            conn,
            account,
            sessions: HashMap::new(),
        }
    }

    pub(crate) fn lay(&mut self, raw: Raw) -> Result<CachedMessage> {
        let pending = match self.sessions.entry(raw.session) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(overlay::pending(self.conn, raw.session, self.account)?)
            }
        };
        let pending = pending.get(&raw.key);
        Ok(raw.overlaid(pending))
    }
}

/// Messages by id, in the order asked for.
pub(crate) fn by_id(
    conn: &Connection,
    ids: &[MessageId],
    account: Option<&UserId>,
) -> Result<Vec<CachedMessage>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES}
         WHERE m.id = ?1 AND m.deleted = 0 AND m.hidden = 0 AND m.created_at IS NOT NULL"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut overlays = Overlays::new(conn, account);
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let raw = statement
            .query_row([id.as_uuid().as_bytes()], decode_row)
            .optional()?;
        if let Some(raw) = raw {
            found.push(overlays.lay(raw)?);
        }
    }
    Ok(found)
}

pub(crate) fn decode_row(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let created_at = decode::time(row, 7)?;
    Ok(Raw {
        key: row.get(0)?,
        session: row.get(13)?,
        unsent: row.get(12)?,
        incomplete: row.get(11)?,
        message: Message {
            id: decode::message_id(row, 1)?,
            session_id: decode::session_id(row, 2)?,
            user_id: decode::optional_user_id(row, 3)?,
            content: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            role: decode::role(row, 5)?,
            metadata: decode::json(row, 6)?,
            created_at,
            updated_at: decode::optional_time(row, 8)?.unwrap_or(created_at),
            status: decode::message_status(row, 9)?,
            kind: decode::message_kind(row, 10)?,
        },
    })
}

/// Few of a session's messages are unsent: they have an index of their own.
pub(crate) fn unsent_sql() -> String {
    let tables = TABLES.replacen("messages m", "messages m INDEXED BY messages_unsent", 1);
    format!(
        "SELECT {COLUMNS} FROM {tables}
         WHERE m.session = ?1 AND m.unsent = 1 AND m.deleted = 0 AND m.hidden = 0"
    )
}

/// The unsent messages of a session, in the order written.
pub(crate) fn unsent(
    conn: &Connection,
    session: i64,
    pending: &HashMap<i64, Pending>,
) -> Result<Vec<CachedMessage>> {
    if !pending.values().any(|pending| pending.insert.is_some()) {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare_cached(&unsent_sql())?;
    let rows = statement.query_map([session], decode_row)?;
    let mut found = Vec::new();
    for raw in rows {
        let raw = raw?;
        if let Some(own) = pending.get(&raw.key)
            && let Some(order) = own.insert
        {
            found.push((order, raw.overlaid(Some(own))));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found.into_iter().map(|(_, message)| message).collect())
}

#[derive(Clone, Copy)]
enum Direction {
    Older,
    Newer,
}

struct Reader<'c> {
    conn: &'c Connection,
    session: i64,
    coverage: Coverage,
    pending: HashMap<i64, Pending>,
}

impl Reader<'_> {
    fn page(&self, page: Page) -> Result<MessagePage> {
        let limit = page.limit.clamp(1, PAGE_MAX);
        let mut found = match page.anchor {
            Anchor::Latest => self.older(None, limit)?,
            Anchor::Before(key) => self.older(Some(key), limit)?,
            Anchor::After(key) => self.newer(key, false, limit)?,
            Anchor::Around(key) => self.around(key, limit)?,
        };
        if found.at_end {
            found
                .rows
                .extend(unsent(self.conn, self.session, &self.pending)?);
        }
        Ok(found)
    }

    /// Messages older than `below` (`None`: the newest).
    fn older(&self, below: Option<MessageKey>, limit: usize) -> Result<MessagePage> {
        let mut rows = self.fetch(below.unwrap_or(END), false, Direction::Older, limit + 1)?;
        let beyond = rows.get(limit).map(key);
        rows.truncate(limit);
        rows.reverse();
        Ok(MessagePage {
            gaps: self.gaps(beyond, &rows, below),
            rows: self.overlay(rows),
            at_start: beyond.is_none(),
            at_end: below.is_none(),
        })
    }

    /// Messages newer than `above`, with it when `inclusive`.
    fn newer(&self, above: MessageKey, inclusive: bool, limit: usize) -> Result<MessagePage> {
        let mut rows = self.fetch(above, inclusive, Direction::Newer, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(MessagePage {
            gaps: self.gaps(Some(above), &rows, None),
            rows: self.overlay(rows),
            at_start: false,
            at_end: !more,
        })
    }

    /// Messages on both sides of `key`.
    fn around(&self, key: MessageKey, limit: usize) -> Result<MessagePage> {
        let mut page = self.older(Some(key), limit / 2)?;
        let after = self.newer(key, true, limit - limit / 2)?;
        page.rows.extend(after.rows);
        page.at_end = after.at_end;
        let keys: Vec<MessageKey> = page
            .rows
            .iter()
            .map(|row| MessageKey::from(&row.message))
            .collect();
        // What lies at the key itself lies between the rows now.
        let within = self.within(&keys);
        page.gaps.retain(|placed| placed.before_row == 0);
        page.gaps.extend(within);
        Ok(page)
    }

    /// The gaps before, between and after rows. `older`: the cached key before them, none where
    /// they are the first; `newer`: the key that they end at, none where that is not known.
    fn gaps(
        &self,
        older: Option<MessageKey>,
        rows: &[Raw],
        newer: Option<MessageKey>,
    ) -> Vec<PlacedGap> {
        let keys: Vec<MessageKey> = rows.iter().map(key).collect();
        let place = |before_row, gap: Option<Gap>| gap.map(|gap| PlacedGap { before_row, gap });
        let Some((first, last)) = keys.first().zip(keys.last()) else {
            let gap = match (newer, older) {
                (Some(newer), _) => self.coverage.gap_before(older, newer),
                (None, Some(_)) => None,
                (None, None) => self.coverage.gap_at_start(),
            };
            return place(0, gap).into_iter().collect();
        };
        let start = place(0, self.coverage.gap_before(older, *first));
        let end = newer.and_then(|newer| {
            let gap = self.coverage.gap_before(Some(*last), newer);
            place(keys.len(), gap)
        });
        start
            .into_iter()
            .chain(self.within(&keys))
            .chain(end)
            .collect()
    }

    /// The gaps between rows that follow each other.
    fn within(&self, keys: &[MessageKey]) -> Vec<PlacedGap> {
        let pairs = keys.windows(2).enumerate();
        let placed = pairs.filter_map(|(older, pair)| {
            let gap = self.coverage.gap_before(Some(pair[0]), pair[1])?;
            Some(PlacedGap {
                before_row: older + 1,
                gap,
            })
        });
        placed.collect()
    }

    fn overlay(&self, rows: Vec<Raw>) -> Vec<CachedMessage> {
        rows.into_iter()
            .map(|raw| {
                let pending = self.pending.get(&raw.key);
                raw.overlaid(pending)
            })
            .collect()
    }

    fn fetch(
        &self,
        from: MessageKey,
        inclusive: bool,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Raw>> {
        let (compare, order) = match (direction, inclusive) {
            (Direction::Older, _) => ("<", "DESC"),
            (Direction::Newer, false) => (">", "ASC"),
            (Direction::Newer, true) => (">=", "ASC"),
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES}
             WHERE m.session = ?1 AND m.deleted = 0 AND m.unsent = 0 AND m.hidden = 0
               AND (m.created_at, m.id) {compare} (?2, ?3)
             ORDER BY m.created_at {order}, m.id {order} LIMIT ?4"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![
                self.session,
                from.at.as_micros(),
                from.id.as_uuid().as_bytes(),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            decode_row,
        )?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Above every key there is.
const END: MessageKey = MessageKey {
    at: Timestamp::MAX,
    id: MessageId::from_uuid(uuid::Uuid::max()),
};

fn key(raw: &Raw) -> MessageKey {
    let key = MessageKey::from(&raw.message);
    debug_assert!(key >= START, "no key is below the start of a session");
    key
}
