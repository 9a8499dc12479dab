//! Prices as they are read.

use rusqlite::{Connection, params};
use tidings_model::{Decimal, Quote, Symbol, Timestamp};

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::types::alerts::JudgedTo;
use crate::types::prices::PricePoint;

impl Cache {
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
    /// A point stands for all prices in its share of the time.
    pub async fn history(
        &self,
        symbol: Symbol,
        from: Timestamp,
        to: Timestamp,
        max_points: usize,
    ) -> Result<Vec<PricePoint>> {
        self.read(move |conn| {
            let points = points(conn, &symbol, from, to)?;
            Ok(reduce(points, from, to, max_points.max(1)))
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
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<PricePoint>> {
    let mut statement = conn.prepare_cached(
        "SELECT m.time, m.price, m.low, m.high FROM minutes m JOIN symbols s ON s.key = m.symbol
         WHERE s.name = ?1 AND m.time BETWEEN ?2 AND ?3
         UNION ALL
         SELECT t.time, t.price, t.price, t.price FROM ticks t JOIN symbols s ON s.key = t.symbol
         WHERE s.name = ?1 AND t.time BETWEEN ?2 AND ?3
         ORDER BY 1",
    )?;
    let points = statement.query_map(
        params![symbol.as_str(), from.as_micros(), to.as_micros()],
        |row| {
            Ok(PricePoint {
                time: decode::time(row, 0)?,
                price: decode::decimal(row, 1)?,
                low: decode::decimal(row, 2)?,
                high: decode::decimal(row, 3)?,
            })
        },
    )?;
    Ok(points.collect::<rusqlite::Result<_>>()?)
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
                last.low = Decimal::min(last.low.clone(), point.low);
                last.high = Decimal::max(last.high.clone(), point.high);
                last.time = point.time;
                last.price = point.price;
            }
            _ => reduced.push(point),
        }
    }
    reduced
}
