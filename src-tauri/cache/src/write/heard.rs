//! When nobody listened to the prices, and what was read from the table since.

use rusqlite::params;
use tidings_model::{Symbol, Timestamp};

use super::{Tx, levels, local};
use crate::error::Result;
use crate::levels::{Level, Levels};
use crate::read::decode;
use crate::types::prices::{PastPrices, PriceGap};
use crate::{Cache, pool::Durability};

/// Name of the fact up to when somebody listened.
pub(crate) const HEARD_TO: &str = "prices_heard_to";

impl Cache {
    /// Somebody listened up to then.
    pub async fn prices_heard(&self, until: Timestamp) -> Result<()> {
        self.write(Durability::Normal, move |tx| set_heard(tx, until))
            .await
    }

    /// Nobody listened in a stretch, and somebody does from its end on.
    pub async fn prices_unheard(&self, stretch: PriceGap) -> Result<()> {
        self.write(Durability::Normal, move |tx| unheard(tx, stretch))
            .await
    }

    /// Of all symbols, everything that the table has of a stretch is here.
    pub async fn prices_read(&self, stretch: PriceGap) -> Result<()> {
        self.write(Durability::Normal, move |tx| fill(tx, stretch))
            .await
    }

    /// Keeps prices of the past: in the history alone, and what the latest are stays as it is.
    pub async fn record_past(&self, past: PastPrices) -> Result<()> {
        self.write(Durability::Normal, move |tx| record_past(tx, &past))
            .await
    }

    /// The table has nothing of a symbol from before `from`.
    pub async fn table_begins(&self, symbol: Symbol, from: Timestamp) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            let key = tx.symbol(&symbol)?;
            tx.conn
                .prepare_cached("UPDATE symbols SET table_begins = ?2 WHERE key = ?1")?
                .execute(params![key, from.as_micros()])?;
            Ok(())
        })
        .await
    }
}

fn set_heard(tx: &Tx<'_>, until: Timestamp) -> Result<()> {
    local::set_meta(tx, HEARD_TO, Some(&until.as_micros().to_string()))
}

fn unheard(tx: &mut Tx<'_>, stretch: PriceGap) -> Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO price_gaps (start, until) VALUES (?1, ?2)
             ON CONFLICT (start) DO UPDATE SET until = max(until, excluded.until)",
        )?
        .execute([stretch.from.as_micros(), stretch.until.as_micros()])?;
    let mut watched = tx
        .conn
        .prepare_cached("SELECT name FROM symbols WHERE watch_order IS NOT NULL")?;
    for symbol in watched.query_map([], |row| decode::symbol(row, 0))? {
        tx.changes.past_prices.insert(symbol?);
    }
    set_heard(tx, stretch.until)
}

/// Takes a stretch out of the gaps.
fn fill(tx: &Tx<'_>, stretch: PriceGap) -> Result<()> {
    let (from, until) = (stretch.from.as_micros(), stretch.until.as_micros());
    let mut statement = tx
        .conn
        .prepare_cached("SELECT start, until FROM price_gaps WHERE start < ?2 AND until > ?1")?;
    let gaps: Vec<(i64, i64)> = statement
        .query_map([from, until], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (start, end) in gaps {
        tx.conn
            .prepare_cached("DELETE FROM price_gaps WHERE start = ?1")?
            .execute([start])?;
        for (start, end) in [(start, from), (until, end)] {
            if start < end {
                tx.conn
                    .prepare_cached("INSERT INTO price_gaps (start, until) VALUES (?1, ?2)")?
                    .execute([start, end])?;
            }
        }
    }
    Ok(())
}

fn record_past(tx: &mut Tx<'_>, past: &PastPrices) -> Result<()> {
    let levels = Levels::load(tx.conn)?;
    let symbol = tx.symbol(&past.symbol)?;
    let prices = past.prices.iter();
    let prices = prices.map(|(time, price, volume)| (*time, price, volume.as_ref()));
    levels::keep(tx, &levels, symbol, prices)?;
    if let Some(whole) = past.whole {
        note_read(tx, symbol, whole)?;
    }
    tx.changes.past_prices.insert(past.symbol.clone());
    Ok(())
}

/// Joins a stretch with those read before that it touches.
fn note_read(tx: &Tx<'_>, symbol: i64, stretch: PriceGap) -> Result<()> {
    let (from, until) = (stretch.from.as_micros(), stretch.until.as_micros());
    let joined: (Option<i64>, Option<i64>) = tx
        .conn
        .prepare_cached(
            "SELECT min(start), max(until) FROM price_reads
             WHERE symbol = ?1 AND start <= ?3 AND until >= ?2",
        )?
        .query_row([symbol, from, until], |row| Ok((row.get(0)?, row.get(1)?)))?;
    tx.conn
        .prepare_cached(
            "DELETE FROM price_reads WHERE symbol = ?1 AND start <= ?3 AND until >= ?2",
        )?
        .execute([symbol, from, until])?;
    tx.conn
        .prepare_cached("INSERT INTO price_reads (symbol, start, until) VALUES (?1, ?2, ?3)")?
        .execute([
            symbol,
            joined.0.map_or(from, |start| start.min(from)),
            joined.1.map_or(until, |end| end.max(until)),
        ])?;
    Ok(())
}

/// Forgets gaps that are shorter than what is kept of their time, and what was read of those that
/// are gone.
pub(super) fn thin(tx: &Tx<'_>, levels: &Levels) -> Result<()> {
    let mut short = tx
        .conn
        .prepare_cached("DELETE FROM price_gaps WHERE until <= ?1 AND until - start < ?2")?;
    for level in Level::ALL {
        let least = level.coarser().map_or(i64::MAX, Level::length);
        short.execute([levels.of(level).kept_from, least])?;
    }
    tx.conn
        .prepare_cached(
            "DELETE FROM price_reads WHERE NOT EXISTS (SELECT 1 FROM price_gaps g
                 WHERE g.start < price_reads.until AND g.until > price_reads.start)",
        )?
        .execute([])?;
    Ok(())
}
