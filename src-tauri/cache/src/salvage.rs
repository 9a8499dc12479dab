//! Saves what exists on this device only from a damaged cache: unsent writes first, then
//! drafts, read positions, marks, alert rules, firings and the watch list. Everything else
//! is on the server.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior};
use tidings_model::{SessionId, Symbol, Timestamp};

use crate::error::Result;
use crate::key::CacheKey;
use crate::read::{decode, outbox};
use crate::store;
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

/// Copies what it can from the file set aside into the new cache.
pub(crate) fn salvage(aside: &Path, key: &CacheKey, conn: &mut Connection) -> Saved {
    let mut saved = Saved::default();
    match open(aside, key) {
        Ok(old) => copy(&old, conn, &mut saved),
        Err(error) => {
            tracing::error!(%error, "nothing could be read from the damaged cache");
            saved.incomplete = true;
        }
    }
    saved
}

fn open(aside: &Path, key: &CacheKey) -> Result<Connection> {
    let old = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    store::unlock(&old, key)?;
    old.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(old)
}

fn copy(old: &Connection, conn: &mut Connection, saved: &mut Saved) {
    let mut restored = 0;
    let outbox = each(
        old,
        conn,
        "SELECT payload, state, error_code, error_message, 0, created_at FROM outbox ORDER BY id",
        |row| {
            Ok((
                outbox::payload(row, 0)?,
                outbox::state(row, 1)?,
                decode::time(row, 5)?,
            ))
        },
        |tx, (payload, state, created_at)| {
            queue::restore(tx, &payload, &state, created_at)?;
            restored += 1;
            Ok(())
        },
    );
    saved.outbox = restored;
    let rest = [
        outbox,
        copy_meta(old, conn),
        copy_drafts(old, conn),
        copy_positions(old, conn),
        copy_marks(old, conn),
        copy_watch_list(old, conn),
        copy_rules(old, conn),
        copy_firings(old, conn),
    ];
    for result in rest {
        if let Err(error) = result {
            tracing::error!(%error, "a part of the damaged cache could not be read");
            saved.incomplete = true;
        }
    }
}

/// Reads rows as far as they can be read, and writes each in a transaction of its own.
fn each<T>(
    old: &Connection,
    conn: &mut Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    mut write: impl FnMut(&mut Tx<'_>, T) -> Result<()>,
) -> Result<()> {
    let mut first_error = None;
    let mut statement = old.prepare(sql)?;
    let mut rows = statement.query([])?;
    loop {
        let result = match rows.next() {
            Ok(None) => break,
            Ok(Some(row)) => read(row).map_err(Into::into).and_then(|value| {
                let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
                write(&mut Tx::new(&transaction), value)?;
                Ok(transaction.commit()?)
            }),
            Err(error) => {
                // The table cannot be followed beyond this point.
                first_error.get_or_insert(error.into());
                break;
            }
        };
        if let Err(error) = result {
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}

fn copy_meta(old: &Connection, conn: &mut Connection) -> Result<()> {
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

fn copy_drafts(old: &Connection, conn: &mut Connection) -> Result<()> {
    each(
        old,
        conn,
        "SELECT s.id, d.text, d.updated_at FROM drafts d JOIN sessions s ON s.key = d.session",
        |row| {
            Ok((
                decode::session_id(row, 0)?,
                row.get::<_, String>(1)?,
                decode::time(row, 2)?,
            ))
        },
        |tx, (id, text, updated_at)| {
            session(tx, &id)?;
            local::set_draft(tx, &id, Some(&text), updated_at)
        },
    )
}

fn copy_positions(old: &Connection, conn: &mut Connection) -> Result<()> {
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

fn copy_marks(old: &Connection, conn: &mut Connection) -> Result<()> {
    each(
        old,
        conn,
        "SELECT s.id, k.pinned, k.muted FROM session_marks k JOIN sessions s ON s.key = k.session",
        |row| Ok((decode::session_id(row, 0)?, row.get(1)?, row.get(2)?)),
        |tx, (id, pinned, muted): (_, bool, bool)| {
            session(tx, &id)?;
            local::set_marks(tx, &id, Some(pinned), Some(muted))
        },
    )
}

fn copy_watch_list(old: &Connection, conn: &mut Connection) -> Result<()> {
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

fn copy_rules(old: &Connection, conn: &mut Connection) -> Result<()> {
    each(
        old,
        conn,
        "SELECT r.id, s.name, r.definition, r.state, r.enabled, r.created_at, r.updated_at
         FROM rules r JOIN symbols s ON s.key = r.symbol",
        |row| {
            Ok(StoredRule {
                id: decode::rule_id(row, 0)?,
                symbol: decode::symbol(row, 1)?,
                definition: decode::json(row, 2)?,
                state: decode::json(row, 3)?,
                enabled: row.get(4)?,
                created_at: decode::time(row, 5)?,
                updated_at: decode::time(row, 6)?,
            })
        },
        |tx, rule| alerts::save(tx, &rule),
    )
}

fn copy_firings(old: &Connection, conn: &mut Connection) -> Result<()> {
    each(
        old,
        conn,
        "SELECT f.rule, s.name, f.sentence, f.price, f.source_time, f.fired_at, f.mark, f.pending
         FROM firings f JOIN symbols s ON s.key = f.symbol ORDER BY f.id",
        |row| {
            Ok(NewFiring {
                rule: decode::rule_id(row, 0)?,
                symbol: decode::symbol(row, 1)?,
                sentence: row.get(2)?,
                price: decode::decimal(row, 3)?,
                source_time: Timestamp::from_micros(row.get(4)?),
                fired_at: decode::time(row, 5)?,
                mark: FiringMark::from_word(row.get_ref(6)?.as_str()?),
                pending: row.get(7)?,
            })
        },
        |tx, firing| alerts::add_firing(tx, &firing).map(|_| ()),
    )
}
