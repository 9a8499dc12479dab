//! Prices go up into minutes, hours and days, and the finer ones go when they are old.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{Decimal, Timestamp};

use super::Tx;
use crate::error::Result;
use crate::levels::{self, Level, Levels, Span};
use crate::types::prices::{KeptFrom, PricePoint};
use crate::{Cache, pool::Durability};

/// Rows that one transaction takes up or lets go, about; the writer is free again after it.
const BATCH: usize = 5_000;

/// A price, when it held, and the volume told with it.
pub(super) type Told<'q> = (Timestamp, &'q Decimal, Option<&'q Decimal>);

impl Cache {
    /// Makes the bars of minutes, hours and days that are over before `until`, some at a time.
    /// Whether there are more to make.
    pub async fn cover_prices(&self, until: Timestamp) -> Result<bool> {
        self.write(Durability::Normal, move |tx| cover(tx, until.as_micros()))
            .await
    }

    /// Lets go of what is older than it is kept, some at a time and never before the next level
    /// has it. Whether there is more to let go.
    pub async fn fold_prices(&self, kept: KeptFrom) -> Result<bool> {
        self.write(Durability::Normal, move |tx| fold(tx, kept))
            .await
    }
}

/// Keeps prices of one symbol in every level that holds their time.
pub(super) fn keep<'q>(
    tx: &Tx<'_>,
    levels: &Levels,
    symbol: i64,
    prices: impl IntoIterator<Item = Told<'q>>,
) -> Result<()> {
    let kept_from = levels.of(Level::Raw).kept_from;
    let made = levels.made_to();
    let mut late = Vec::new();
    let mut put = tx.conn.prepare_cached(Level::Raw.sql().put)?;
    for (time, price, volume) in prices {
        let at = time.as_micros();
        if at >= kept_from {
            let volume = volume.map(Decimal::to_string);
            put.execute(params![symbol, at, price.to_string(), volume])?;
        }
        if at < made {
            late.push(PricePoint::single(time, price.clone(), volume.cloned()));
        }
    }
    // The bars of their time are made.
    take_up(tx, levels, symbol, Level::Raw, &late)
}

/// Takes points of one level into the bars of all coarser ones that were made already. What a bar
/// has once it does not take twice.
fn take_up(
    tx: &Tx<'_>,
    levels: &Levels,
    symbol: i64,
    from: Level,
    points: &[PricePoint],
) -> Result<()> {
    for level in Level::BARS.into_iter().filter(|level| *level > from) {
        let Span {
            kept_from,
            covered_to,
        } = levels.of(level);
        let mut bars: BTreeMap<i64, PricePoint> = BTreeMap::new();
        for point in points {
            let time = point.time.as_micros();
            if time < kept_from || time >= covered_to {
                continue;
            }
            match bars.entry(level.key(time)) {
                Entry::Vacant(entry) => {
                    entry.insert(point.clone());
                }
                Entry::Occupied(mut entry) => entry.get_mut().add(point.clone()),
            }
        }
        for (key, bar) in bars {
            let known = tx
                .conn
                .prepare_cached(level.sql().one)?
                .query_row([symbol, key], |row| Ok(levels::point(row)?.1))
                .optional()?;
            let mut whole = known.clone().unwrap_or_else(|| bar.clone());
            whole.add(bar);
            if known.as_ref() != Some(&whole) {
                put_bar(tx, level, symbol, key, &whole)?;
            }
        }
    }
    Ok(())
}

fn put_bar(tx: &Tx<'_>, level: Level, symbol: i64, key: i64, bar: &PricePoint) -> Result<()> {
    tx.conn.prepare_cached(level.sql().put)?.execute(params![
        symbol,
        key,
        bar.time.as_micros(),
        bar.price.to_string(),
        bar.low.to_string(),
        bar.high.to_string(),
        bar.volume.as_ref().map(Decimal::to_string),
    ])?;
    Ok(())
}

fn symbols(tx: &Tx<'_>) -> Result<Vec<i64>> {
    let mut statement = tx.conn.prepare_cached("SELECT key FROM symbols")?;
    let keys = statement.query_map([], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// Up to `limit` rows of a level from one time to before another, which stand at a row's bounds.
fn scan(
    tx: &Tx<'_>,
    level: Level,
    symbol: i64,
    (from, until): (i64, i64),
    limit: usize,
) -> Result<Vec<(i64, PricePoint)>> {
    let mut statement = tx.conn.prepare_cached(level.sql().scan)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(
        params![symbol, level.key(from), level.key(until), limit],
        levels::point,
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn write_span(tx: &Tx<'_>, levels: &mut Levels, level: Level, span: Span) -> Result<()> {
    levels.set(level, span);
    tx.conn
        .prepare_cached("UPDATE price_levels SET covered_to = ?2, kept_from = ?3 WHERE level = ?1")?
        .execute(params![level as i64, span.covered_to, span.kept_from])?;
    Ok(())
}

fn cover(tx: &Tx<'_>, until: i64) -> Result<bool> {
    let mut levels = Levels::load(tx.conn)?;
    let symbols = symbols(tx)?;
    let mut taken = 0;
    for level in Level::BARS {
        let Some(finer) = level.finer() else { continue };
        let until = level.floor(until.min(levels.of(finer).covered_to));
        while levels.of(level).covered_to < until {
            if taken >= BATCH {
                return Ok(true);
            }
            taken += cover_one(tx, &mut levels, level, &symbols, until)?;
        }
    }
    Ok(false)
}

/// Makes the next bars of a level, those of one length of time. Returns how many rows went into
/// them.
fn cover_one(
    tx: &Tx<'_>,
    levels: &mut Levels,
    level: Level,
    symbols: &[i64],
    until: i64,
) -> Result<usize> {
    let finer = level.finer().unwrap_or(Level::Raw);
    let span = levels.of(level);
    // Times without a price are passed over.
    let mut first = until;
    for symbol in symbols {
        let key: Option<i64> = tx
            .conn
            .prepare_cached(finer.sql().first)?
            .query_row([*symbol, finer.key(span.covered_to)], |row| row.get(0))
            .optional()?;
        if let Some(key) = key {
            first = first.min(key * finer.length());
        }
    }
    let from = level.floor(first);
    let covered_to = (from + level.length()).min(until);
    write_span(tx, levels, level, Span { covered_to, ..span })?;
    let mut taken = 0;
    for symbol in symbols {
        let rows = scan(tx, finer, *symbol, (from, covered_to), usize::MAX)?;
        let points: Vec<PricePoint> = rows.into_iter().map(|(_, point)| point).collect();
        taken += points.len();
        // Not into those above: they are made from these bars.
        take_up(tx, levels, *symbol, finer, &points)?;
    }
    Ok(taken)
}

fn fold(tx: &Tx<'_>, kept: KeptFrom) -> Result<bool> {
    let mut levels = Levels::load(tx.conn)?;
    let symbols = symbols(tx)?;
    let bounds = [
        (Level::Raw, kept.raw),
        (Level::Minutes, kept.minutes),
        (Level::Hours, kept.hours),
        (Level::Days, kept.days),
    ];
    for (level, from) in bounds {
        let from = match level.coarser() {
            Some(next) => next.floor(from.as_micros().min(levels.of(next).covered_to)),
            None => level.floor(from.as_micros().min(levels.of(level).covered_to)),
        };
        let span = levels.of(level);
        if from > span.kept_from {
            let span = Span {
                kept_from: from,
                ..span
            };
            write_span(tx, &mut levels, level, span)?;
        }
    }
    let mut gone = 0;
    for level in Level::ALL {
        for symbol in &symbols {
            gone += fold_one(tx, &levels, level, *symbol, BATCH - gone)?;
            if gone >= BATCH {
                return Ok(true);
            }
        }
    }
    super::heard::thin(tx, &levels)?;
    Ok(false)
}

/// Lets go of the oldest rows of a level that it does not keep, at most `limit`. Returns how many
/// went.
fn fold_one(
    tx: &Tx<'_>,
    levels: &Levels,
    level: Level,
    symbol: i64,
    limit: usize,
) -> Result<usize> {
    let until = levels.of(level).kept_from;
    let rows = scan(
        tx,
        level,
        symbol,
        (Timestamp::MIN.as_micros(), until),
        limit,
    )?;
    let Some((last, _)) = rows.last() else {
        return Ok(0);
    };
    let before = last + 1;
    let points: Vec<PricePoint> = rows.into_iter().map(|(_, point)| point).collect();
    // They are there already, but for prices that came late to an older version.
    take_up(tx, levels, symbol, level, &points)?;
    tx.conn
        .prepare_cached(level.sql().drop)?
        .execute([symbol, before])?;
    Ok(points.len())
}
