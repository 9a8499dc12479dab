//! Stretches whose prices are not known.

use rusqlite::{Connection, OptionalExtension as _, params};
use tidings_model::{Symbol, Timestamp};

use crate::Cache;
use crate::error::Result;
use crate::types::prices::PriceGap;
use crate::write::heard::HEARD_TO;

impl Cache {
    /// When somebody listened to the prices last, as far as it was kept.
    pub async fn prices_heard_to(&self) -> Result<Option<Timestamp>> {
        self.read(heard_to).await
    }

    /// The stretches from `from` to `until` in which nobody listened and that were not read since,
    /// oldest first.
    pub async fn price_gaps(
        &self,
        symbol: Symbol,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<PriceGap>> {
        self.read(move |conn| Ok(open_gaps(conn, &symbol, from, until)?.0))
            .await
    }

    /// The newest stretch of a symbol, no older than `from`, that the project's table may have and
    /// nobody listened to.
    pub async fn missing_prices(
        &self,
        symbol: Symbol,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Option<PriceGap>> {
        self.read(move |conn| {
            let (gaps, begins) = open_gaps(conn, &symbol, from, until)?;
            let begins = begins.unwrap_or(Timestamp::MIN);
            let newest = gaps.into_iter().next_back();
            Ok(newest.filter(|gap| gap.until > begins).map(|gap| PriceGap {
                from: gap.from.max(begins),
                ..gap
            }))
        })
        .await
    }
}

/// When somebody listened last.
pub(crate) fn heard_to(conn: &Connection) -> Result<Option<Timestamp>> {
    let text = super::status::meta(conn, HEARD_TO)?;
    Ok(text
        .and_then(|text| text.parse().ok())
        .map(Timestamp::from_micros))
}

/// Gaps less what was read, and where the project's table begins.
fn open_gaps(
    conn: &Connection,
    symbol: &Symbol,
    from: Timestamp,
    until: Timestamp,
) -> Result<(Vec<PriceGap>, Option<Timestamp>)> {
    let known: Option<(i64, Option<i64>)> = conn
        .prepare_cached("SELECT key, table_begins FROM symbols WHERE name = ?1")?
        .query_row([symbol.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (key, begins) = known.unwrap_or((0, None));
    let (low, high) = (from.as_micros(), until.as_micros());
    let stretch = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let mut gaps = conn.prepare_cached(
        "SELECT start, until FROM price_gaps WHERE start < ?2 AND until > ?1 ORDER BY start",
    )?;
    let gaps: Vec<(i64, i64)> = gaps
        .query_map([low, high], stretch)?
        .collect::<rusqlite::Result<_>>()?;
    let mut reads = conn.prepare_cached(
        "SELECT start, until FROM price_reads WHERE symbol = ?1 AND start < ?3 AND until > ?2
         ORDER BY start",
    )?;
    let reads: Vec<(i64, i64)> = reads
        .query_map(params![key, low, high], stretch)?
        .collect::<rusqlite::Result<_>>()?;
    let open = less(&gaps, &reads)
        .into_iter()
        .map(|(start, end)| PriceGap {
            from: Timestamp::from_micros(start.max(low)),
            until: Timestamp::from_micros(end.min(high)),
        })
        .filter(|gap| gap.from < gap.until);
    Ok((open.collect(), begins.map(Timestamp::from_micros)))
}

/// The first stretches without the second ones; both in order. Those that touch are one.
fn less(gaps: &[(i64, i64)], reads: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut open: Vec<(i64, i64)> = Vec::new();
    let mut push = |from: i64, until: i64| match open.last_mut() {
        Some(last) if last.1 >= from => last.1 = last.1.max(until),
        _ if from < until => open.push((from, until)),
        _ => {}
    };
    for (start, end) in gaps {
        let mut from = *start;
        for (read_from, read_to) in reads.iter().filter(|read| read.0 < *end && read.1 > *start) {
            if *read_from > from {
                push(from, *read_from);
            }
            from = from.max(*read_to);
        }
        if from < *end {
            push(from, *end);
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::less;

    #[test]
    fn what_was_read_is_no_gap_and_gaps_that_touch_are_one() {
        assert_eq!(less(&[(0, 10), (10, 20)], &[]), [(0, 20)]);
        assert_eq!(less(&[(0, 10)], &[(2, 4), (6, 12)]), [(0, 2), (4, 6)]);
        assert_eq!(less(&[(0, 10), (20, 30)], &[(5, 25)]), [(0, 5), (25, 30)]);
        assert_eq!(less(&[(5, 10)], &[(0, 20)]), []);
    }
}
