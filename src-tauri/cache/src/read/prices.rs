//! Prices as they are read.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use tidings_model::{Quote, Symbol, Timestamp};

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::levels::{self, Level, Levels};
use crate::types::alerts::JudgedTo;
use crate::types::prices::{LevelSize, PricePoint, PriceStorage};

impl Cache {
    /// What the price history takes. Reads all of its pages, so it may take a second where there
    /// are many millions of prices.
    pub async fn price_storage(&self) -> Result<PriceStorage> {
        self.read(|conn| {
            let size = |level: Level| level_size(conn, level.sql().table);
            Ok(PriceStorage {
                raw: size(Level::Raw)?,
                minutes: size(Level::Minutes)?,
                hours: size(Level::Hours)?,
                days: size(Level::Days)?,
            })
        })
        .await
    }

    /// The symbols to follow, in the user's order.
    pub async fn watch_list(&self) -> Result<Vec<Symbol>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT name FROM symbols WHERE watch_order IS NOT NULL ORDER BY watch_order",
            )?;
            let symbols = statement.query_map([], |row| decode::symbol(row, 0))?;
            Ok(symbols.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// The latest quotes, by symbol.
    pub async fn quotes(&self) -> Result<Vec<Quote>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT s.name, q.price, q.change_24h, q.change_percentage_24h, q.market_cap,
                     q.volume_24h, q.time
                 FROM quotes q JOIN symbols s ON s.key = q.symbol ORDER BY s.name",
            )?;
            let quotes = statement.query_map([], |row| {
                Ok(Quote {
                    symbol: decode::symbol(row, 0)?,
                    price: decode::decimal(row, 1)?,
                    change_24h: decode::optional_decimal(row, 2)?,
                    change_percentage_24h: decode::optional_decimal(row, 3)?,
                    market_cap: decode::optional_decimal(row, 4)?,
                    volume_24h: decode::optional_decimal(row, 5)?,
                    time: decode::time(row, 6)?,
                })
            })?;
            Ok(quotes.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// History of one symbol from `from` to `to` in at most `max_points` points, oldest first.
    /// A point stands for all prices in its share of the time. They come from the finest level
    /// that is not finer than these shares; where that is not kept any more, from the next one.
    pub async fn history(
        &self,
        symbol: Symbol,
        from: Timestamp,
        to: Timestamp,
        max_points: usize,
    ) -> Result<Vec<PricePoint>> {
        self.read(move |conn| {
            let max_points = max_points.max(1);
            let share = to.since(from).as_micros() / max_points as u128;
            let fits = |level: &Level| u128::try_from(level.length()).is_ok_and(|l| l <= share);
            let finest = Level::BARS.into_iter().rfind(fits).unwrap_or(Level::Raw);
            let range = (from.as_micros(), to.as_micros());
            let points = points(conn, &symbol, range, finest)?;
            Ok(reduce(points, from, to, max_points))
        })
        .await
    }

    /// Prices of one symbol as they came from `from` to `to`, oldest first, and from when on they
    /// are kept so. Some are left out: two that follow each other here are `apart` or more from
    /// each other only where no price came between them.
    pub async fn prices_apart(
        &self,
        symbol: Symbol,
        from: Timestamp,
        to: Timestamp,
        apart: Duration,
    ) -> Result<(Timestamp, Vec<PricePoint>)> {
        self.read(move |conn| {
            let kept = Timestamp::from_micros(Levels::load(conn)?.of(Level::Raw).kept_from);
            let from = from.max(kept);
            let Some(symbol) = key(conn, &symbol)? else {
                return Ok((from, Vec::new()));
            };
            let mut statement = conn.prepare_cached(Level::Raw.sql().scan)?;
            let end = to.as_micros().saturating_add(1);
            let mut rows = statement.query(params![symbol, from.as_micros(), end, i64::MAX])?;
            let mut taken: Vec<PricePoint> = Vec::new();
            let mut last: Option<PricePoint> = None;
            while let Some(row) = rows.next()? {
                let (_, point) = levels::point(row)?;
                let before = taken.last().map(|taken| taken.time);
                let far = before.is_none_or(|before| point.time.since(before) >= apart);
                if far {
                    taken.extend(last.take());
                }
                last = Some(point);
            }
            taken.extend(last);
            Ok((from, taken))
        })
        .await
    }

    /// The time of the oldest price of a symbol that is kept, as exactly as it is.
    pub async fn prices_from(&self, symbol: Symbol) -> Result<Option<Timestamp>> {
        self.read(move |conn| {
            let Some(symbol) = key(conn, &symbol)? else {
                return Ok(None);
            };
            let levels = Levels::load(conn)?;
            let mut oldest = None;
            for level in Level::ALL {
                let from = level.key(levels.of(level).kept_from);
                let first = conn
                    .prepare_cached(level.sql().scan)?
                    .query_row(params![symbol, from, i64::MAX, 1], levels::point)
                    .optional()?;
                let time = first.map(|(_, point)| point.time);
                oldest = [oldest, time].into_iter().flatten().min();
            }
            Ok(oldest)
        })
        .await
    }

    /// Up to when each symbol was judged.
    pub async fn judged_to(&self) -> Result<Vec<(Symbol, JudgedTo)>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT name, evaluated_to, judged_change, judged_volume, judged_market_cap
                 FROM symbols WHERE evaluated_to IS NOT NULL ORDER BY name",
            )?;
            let symbols = statement.query_map([], |row| {
                let time = |column| -> rusqlite::Result<Option<Timestamp>> {
                    Ok(row
                        .get::<_, Option<i64>>(column)?
                        .map(Timestamp::from_micros))
                };
                let to = JudgedTo {
                    price: time(1)?,
                    change: time(2)?,
                    volume: time(3)?,
                    market_cap: time(4)?,
                };
                Ok((decode::symbol(row, 0)?, to))
            })?;
            Ok(symbols.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn points(
    conn: &Connection,
    symbol: &Symbol,
    (from, to): (i64, i64),
    finest: Level,
) -> Result<Vec<PricePoint>> {
    let Some(symbol) = key(conn, symbol)? else {
        return Ok(Vec::new());
    };
    let mut points = Vec::new();
    for (level, start, until) in Levels::load(conn)?.stretches(finest) {
        if until <= from || start > to {
            continue;
        }
        let first = level.key(start.max(from));
        // A row that only begins in the stretch belongs to it.
        let end = level.key(until - 1).min(level.key(to)).saturating_add(1);
        let mut statement = conn.prepare_cached(level.sql().scan)?;
        let mut rows = statement.query(params![symbol, first, end, i64::MAX])?;
        while let Some(row) = rows.next()? {
            let (_, point) = levels::point(row)?;
            if (from..=to).contains(&point.time.as_micros()) {
                points.push(point);
            }
        }
    }
    Ok(points)
}

fn key(conn: &Connection, symbol: &Symbol) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT key FROM symbols WHERE name = ?1")?
        .query_row([symbol.as_str()], |row| row.get(0))
        .optional()?)
}

/// Joins points that fall into the same of `max` equal parts of the time.
fn reduce(points: Vec<PricePoint>, from: Timestamp, to: Timestamp, max: usize) -> Vec<PricePoint> {
    if points.len() <= max {
        return points;
    }
    let span = to.since(from).as_micros() + 1;
    let parts = u128::try_from(max).unwrap_or(1);
    let part = |time: Timestamp| time.since(from).as_micros() * parts / span;
    let mut reduced: Vec<PricePoint> = Vec::with_capacity(max);
    for point in points {
        match reduced.last_mut() {
            Some(last) if part(last.time) == part(point.time) => {
                last.add(point);
            }
            _ => reduced.push(point),
        }
    }
    reduced
}

/// Rows and bytes of a table that is one tree by its key: in such a tree every cell of every page
/// is a row ("The DBSTAT Virtual Table", SQLite).
pub(super) fn level_size(conn: &Connection, table: &str) -> Result<LevelSize> {
    let mut statement =
        conn.prepare_cached("SELECT ncell, pgsize FROM dbstat WHERE name = ?1 AND aggregate = 1")?;
    let size = statement.query_row([table], |row| {
        Ok(LevelSize {
            rows: row.get::<_, i64>(0)?.unsigned_abs(),
            bytes: row.get::<_, i64>(1)?.unsigned_abs(),
        })
    })?;
    Ok(size)
}
