//! Saves what exists on this device only from a damaged cache: unsent writes first, then
//! drafts, read positions, marks, alert rules, firings and the watch list. Everything else
//! is on the server.

mod unsent;

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior};
use tidings_model::{Json, SessionId, Symbol, Timestamp};

use crate::error::Result;
use crate::files;
use crate::key::CacheKey;
use crate::migrate;
use crate::read::decode;
use crate::store::{self, Sharing};
use crate::types::alerts::{FiringMark, NewFiring, StoredRule};
use crate::types::fact::IngestReport;
use crate::types::page::MessageKey;
use crate::write::{Tx, alerts, ingest, local, prices, queue};

/// What was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Saved {
    /// Unsent writes.
    pub outbox: usize,
    /// Something could not be read.
    pub incomplete: bool,
}

/// A damaged database as it is read. SQLCipher answers nothing more on a connection that met an
/// unreadable page, so there is a new one after each.
pub(super) struct Damaged<'a> {
    path: &'a Path,
    key: &'a CacheKey,
    conn: Option<Connection>,
}

impl Damaged<'_> {
    /// Asks it something.
    fn ask<T>(&mut self, ask: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.open()?,
        };
        let answer = ask(&conn)?;
        self.conn = Some(conn);
        Ok(answer)
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = store::unlocked(self.path, flags, self.key, Sharing::Shared)?;
        // Closing it must not bring a damaged log into a damaged file.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(conn)
    }
}

/// Copies what it can from the damaged file into the new cache. The damaged file is only read.
///
/// # Errors
/// The new cache could not be written: nothing is final then, and it can be tried again.
pub(crate) fn salvage(damaged: &Path, key: &CacheKey, conn: &mut Connection) -> Result<Saved> {
    let mut saved = Saved::default();
    // SQLite would delete the log of an empty file.
    if files::size(damaged)? == 0 {
        saved.incomplete = true;
        return Ok(saved);
    }
    let mut old = Damaged {
        path: damaged,
        key,
        conn: None,
    };
    let (rows, mut whole) = unsent::read(&mut old);
    for row in rows {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut tx = Tx::new(&transaction);
        let restored = queue::restore(
            &mut tx,
            &row.payload,
            &row.state,
            row.attempts,
            row.created_at,
        );
        match restored {
            Ok(()) => {
                transaction.commit()?;
                saved.outbox += 1;
            }
            Err(error) if error.is_of_the_disk() => return Err(error),
            Err(error) => {
                tracing::error!(%error, "an unsent write has no place in the new cache");
                whole = false;
            }
        }
    }
    let old = &mut old;
    let rest = [
        copy_meta(old, conn)?,
        copy_drafts(old, conn)?,
        copy_positions(old, conn)?,
        copy_marks(old, conn)?,
        copy_watch_list(old, conn)?,
        copy_rules(old, conn)?,
        copy_firings(old, conn)?,
    ];
    saved.incomplete = !whole || rest.contains(&false);
    Ok(saved)
}

/// A text that was surely written like this. A page that the file has lost reads as zeros, and the
/// rest of a long text with it; PostgreSQL takes no text with such a character.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    let text: Option<String> = row.get(column)?;
    if text.as_ref().is_some_and(|text| text.contains('\0')) {
        return Err(rusqlite::Error::InvalidColumnType(
            column,
            "a text with lost characters".to_owned(),
            rusqlite::types::Type::Text,
        ));
    }
    Ok(text)
}

/// Reads rows as far as they can be read, and writes each in a transaction of its own. Whether
/// that were all.
///
/// # Errors
/// The new cache could not be written.
fn each<T>(
    old: &mut Damaged<'_>,
    conn: &mut Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    mut write: impl FnMut(&mut Tx<'_>, T) -> Result<()>,
) -> Result<bool> {
    let mut values = Vec::new();
    let asked = old.ask(|old| {
        let mut statement = old.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            values.push(read(row));
        }
        Ok(())
    });
    let mut whole = true;
    let mut unreadable = |error: &dyn std::error::Error| {
        tracing::error!(%error, "a part of the damaged cache could not be read");
        whole = false;
    };
    if let Err(error) = asked {
        // The table cannot be followed beyond this point.
        unreadable(&error);
    }
    for value in values {
        let value = match value {
            Ok(value) => value,
            Err(error) => {
                unreadable(&error);
                continue;
            }
        };
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match write(&mut Tx::new(&transaction), value) {
            Ok(()) => transaction.commit()?,
            Err(error) if error.is_of_the_disk() => return Err(error),
            Err(error) => unreadable(&error),
        }
    }
    Ok(whole)
}

fn copy_meta(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    each(
        old,
        conn,
        "SELECT name, value FROM meta",
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
        |tx, (name, value)| local::set_meta(tx, &name, Some(&value)),
    )
}

fn session(tx: &mut Tx<'_>, id: &SessionId) -> Result<()> {
    ingest::session_or_stub(tx, id, &mut IngestReport::default())?;
    Ok(())
}

fn copy_drafts(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    each(
        old,
        conn,
        "SELECT s.id, d.text, d.updated_at FROM drafts d JOIN sessions s ON s.key = d.session",
        |row| {
            Ok((
                decode::session_id(row, 0)?,
                text(row, 1)?.unwrap_or_default(),
                decode::time(row, 2)?,
            ))
        },
        |tx, (id, text, updated_at)| {
            session(tx, &id)?;
            local::set_draft(tx, &id, Some(&text), updated_at)
        },
    )
}

fn copy_positions(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    each(
        old,
        conn,
        "SELECT s.id, p.at, p.id FROM read_positions p JOIN sessions s ON s.key = p.session",
        |row| {
            let key = MessageKey {
                at: decode::time(row, 1)?,
                id: decode::message_id(row, 2)?,
            };
            Ok((decode::session_id(row, 0)?, key))
        },
        |tx, (id, key)| {
            session(tx, &id)?;
            local::mark_read(tx, &id, key)
        },
    )
}

fn copy_marks(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    each(
        old,
        conn,
        // A file from before that column has none of its own: then the name is the outer one.
        "SELECT s.id, k.pinned, k.muted,
             (SELECT mentions FROM session_marks own WHERE own.session = k.session)
         FROM (SELECT 0 AS mentions), session_marks k JOIN sessions s ON s.key = k.session",
        |row| {
            let notify = decode::notify(row, 2, 3)?;
            Ok((decode::session_id(row, 0)?, row.get(1)?, notify))
        },
        |tx, (id, pinned, notify): (_, bool, _)| {
            session(tx, &id)?;
            local::set_marks(tx, &id, Some(pinned), Some(notify))
        },
    )
}

fn copy_watch_list(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    let mut symbols: Vec<Symbol> = Vec::new();
    each(
        old,
        conn,
        "SELECT name FROM symbols WHERE watch_order IS NOT NULL ORDER BY watch_order",
        |row| decode::symbol(row, 0),
        |tx, symbol| {
            symbols.push(symbol);
            prices::set_watch_list(tx, &symbols)
        },
    )
}

fn copy_rules(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    const MUTED_SINCE: u32 = 5;
    let version = old.ask(migrate::version).unwrap_or_default();
    let muted = if version >= MUTED_SINCE {
        "r.muted"
    } else {
        "0"
    };
    each(
        old,
        conn,
        &format!(
            "SELECT r.id, s.name, r.definition, r.state, r.enabled, r.created_at, r.updated_at, {muted}
             FROM rules r JOIN symbols s ON s.key = r.symbol"
        ),
        |row| {
            Ok(StoredRule {
                id: decode::rule_id(row, 0)?,
                symbol: decode::symbol(row, 1)?,
                definition: decode::json(row, 2)?,
                state: decode::json(row, 3)?,
                enabled: row.get(4)?,
                created_at: decode::time(row, 5)?,
                updated_at: decode::time(row, 6)?,
                muted: row.get(7)?,
            })
        },
        |tx, rule| alerts::save(tx, &rule),
    )
}

fn copy_firings(old: &mut Damaged<'_>, conn: &mut Connection) -> Result<bool> {
    const MESSAGES_SINCE: u32 = 10;
    const CONDITIONS_SINCE: u32 = 12;
    const AWAY_SINCE: u32 = 14;
    let version = old.ask(migrate::version).unwrap_or_default();
    let message = if version >= MESSAGES_SINCE {
        "f.message"
    } else {
        "NULL"
    };
    let condition = if version >= CONDITIONS_SINCE {
        "f.condition, f.unknown_from, f.unknown_until"
    } else {
        "NULL, NULL, NULL"
    };
    let away = if version >= AWAY_SINCE {
        "f.away"
    } else {
        "f.mark = 'away'"
    };
    each(
        old,
        conn,
        &format!(
            "SELECT f.rule, s.name, f.sentence, f.price, f.source_time, f.fired_at, f.mark, f.pending,
                 {message}, {condition}, {away}
             FROM firings f JOIN symbols s ON s.key = f.symbol ORDER BY f.id"
        ),
        |row| {
            Ok(NewFiring {
                rule: decode::rule_id(row, 0)?,
                symbol: decode::symbol(row, 1)?,
                sentence: row.get(2)?,
                condition: text(row, 9)?.and_then(|condition| Json::new(condition).ok()),
                unknown: decode::gap(row, 10, 11)?,
                message: text(row, 8)?,
                price: decode::decimal(row, 3)?,
                source_time: Timestamp::from_micros(row.get(4)?),
                fired_at: decode::time(row, 5)?,
                away: row.get(12)?,
                mark: FiringMark::from_word(row.get_ref(6)?.as_str()?),
                pending: row.get(7)?,
            })
        },
        |tx, firing| alerts::add_firing(tx, &firing).map(|_| ()),
    )
}
