//! Prices: the latest quote of each symbol, and their history.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{Decimal, Quote, Symbol, Timestamp};

use super::Tx;
use crate::error::Result;
use crate::read::decode;
use crate::{Cache, pool::Durability};

const MINUTE: i64 = 60_000_000;

impl Cache {
    /// Sets the symbols to follow, in this order.
    pub async fn set_watch_list(&self, symbols: Vec<Symbol>) -> Result<()> {
        self.write(Durability::Full, move |tx| set_watch_list(tx, &symbols))
            .await
    }

    /// Keeps quotes: the latest for each symbol, and all in the history.
    pub async fn record_quotes(&self, quotes: Vec<Quote>) -> Result<()> {
        self.write(Durability::Normal, move |tx| record(tx, &quotes))
            .await
    }

    /// Folds prices older than `raw_before` into minutes and drops minutes older than
    /// `minutes_before`.
    pub async fn thin_history(
        &self,
        raw_before: Timestamp,
        minutes_before: Timestamp,
    ) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            thin(tx, raw_before, minutes_before)
        })
        .await
    }
}

pub(crate) fn set_watch_list(tx: &mut Tx<'_>, symbols: &[Symbol]) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE symbols SET watch_order = NULL WHERE watch_order IS NOT NULL")?
        .execute([])?;
    let mut place = tx
        .conn
        .prepare_cached("UPDATE symbols SET watch_order = ?2 WHERE key = ?1")?;
    for (order, symbol) in (0_i64..).zip(symbols) {
        place.execute(params![tx.symbol(symbol)?, order])?;
    }
    tx.changes.watch_list = true;
    Ok(())
}

/// Keeps quotes.
pub(crate) fn record(tx: &mut Tx<'_>, quotes: &[Quote]) -> Result<()> {
    let mut latest = tx.conn.prepare_cached(
        "INSERT INTO quotes (symbol, price, change_24h, change_percentage_24h, market_cap, volume_24h, time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (symbol) DO UPDATE SET price = excluded.price, change_24h = excluded.change_24h,
             change_percentage_24h = excluded.change_percentage_24h, market_cap = excluded.market_cap,
             volume_24h = excluded.volume_24h, time = excluded.time
         WHERE excluded.time >= quotes.time",
    )?;
    let mut tick = tx.conn.prepare_cached(
        "INSERT INTO ticks (symbol, time, price) VALUES (?1, ?2, ?3)
         ON CONFLICT (symbol, time) DO UPDATE SET price = excluded.price",
    )?;
    for quote in quotes {
        let symbol = tx.symbol(&quote.symbol)?;
        let text = |decimal: &Option<Decimal>| decimal.as_ref().map(ToString::to_string);
        let time = quote.time.as_micros();
        let price = quote.price.to_string();
        let newest = latest.execute(params![
            symbol,
            price,
            text(&quote.change_24h),
            text(&quote.change_percentage_24h),
            text(&quote.market_cap),
            text(&quote.volume_24h),
            time,
        ])?;
        tick.execute(params![symbol, time, price])?;
        if newest > 0 {
            tx.changes.quotes.insert(quote.symbol.clone());
        }
    }
    Ok(())
}

/// One minute of one symbol while it is put together.
struct Minute {
    time: i64,
    price: Decimal,
    low: Decimal,
    high: Decimal,
}

impl Minute {
    fn add(&mut self, other: Self) {
        if other.time >= self.time {
            self.time = other.time;
            self.price = other.price;
        }
        if other.low < self.low {
            self.low = other.low;
        }
        if other.high > self.high {
            self.high = other.high;
        }
    }
}

fn thin(tx: &mut Tx<'_>, raw_before: Timestamp, minutes_before: Timestamp) -> Result<()> {
    // A minute is folded once all of it is old enough.
    let raw_before = raw_before.as_micros().div_euclid(MINUTE) * MINUTE;
    let mut store = tx.conn.prepare_cached(
        "INSERT INTO minutes (symbol, minute, time, price, low, high) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (symbol, minute) DO UPDATE SET time = excluded.time, price = excluded.price,
             low = excluded.low, high = excluded.high",
    )?;
    for ((symbol, minute), mut folded) in old_minutes(tx, raw_before)? {
        // Prices may come late, for a minute that was folded before.
        if let Some(known) = stored_minute(tx, symbol, minute)? {
            folded.add(known);
        }
        store.execute(params![
            symbol,
            minute,
            folded.time,
            folded.price.to_string(),
            folded.low.to_string(),
            folded.high.to_string(),
        ])?;
    }
    tx.conn
        .prepare_cached("DELETE FROM ticks WHERE time < ?1")?
        .execute([raw_before])?;
    tx.conn
        .prepare_cached("DELETE FROM minutes WHERE time < ?1")?
        .execute([minutes_before.as_micros()])?;
    Ok(())
}

fn old_minutes(tx: &Tx<'_>, raw_before: i64) -> Result<BTreeMap<(i64, i64), Minute>> {
    let mut minutes: BTreeMap<(i64, i64), Minute> = BTreeMap::new();
    let mut ticks = tx
        .conn
        .prepare_cached("SELECT symbol, time, price FROM ticks WHERE time < ?1")?;
    let mut rows = ticks.query([raw_before])?;
    while let Some(row) = rows.next()? {
        let (symbol, time): (i64, i64) = (row.get(0)?, row.get(1)?);
        let price = decode::decimal(row, 2)?;
        let tick = Minute {
            time,
            low: price.clone(),
            high: price.clone(),
            price,
        };
        match minutes.entry((symbol, time.div_euclid(MINUTE))) {
            Entry::Vacant(entry) => {
                entry.insert(tick);
            }
            Entry::Occupied(mut entry) => entry.get_mut().add(tick),
        }
    }
    Ok(minutes)
}

fn stored_minute(tx: &Tx<'_>, symbol: i64, minute: i64) -> Result<Option<Minute>> {
    Ok(tx
        .conn
        .prepare_cached(
            "SELECT time, price, low, high FROM minutes WHERE symbol = ?1 AND minute = ?2",
        )?
        .query_row([symbol, minute], |row| {
            Ok(Minute {
                time: row.get(0)?,
                price: decode::decimal(row, 1)?,
                low: decode::decimal(row, 2)?,
                high: decode::decimal(row, 3)?,
            })
        })
        .optional()?)
}
