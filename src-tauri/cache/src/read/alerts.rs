//! Rules and firings as they are read.

use rusqlite::{Row, params};
use tidings_model::Symbol;

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::types::alerts::{Firing, FiringId, FiringMark, NewFiring, StoredRule};

const FIRING: &str =
    "SELECT f.id, f.rule, s.name, f.sentence, f.price, f.source_time, f.fired_at, f.mark,
    f.pending, f.message, f.condition, f.unknown_from, f.unknown_until, f.away
    FROM firings f JOIN symbols s ON s.key = f.symbol";

impl Cache {
    /// All rules, oldest first.
    pub async fn rules(&self) -> Result<Vec<StoredRule>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT r.id, s.name, r.definition, r.state, r.enabled, r.created_at, r.updated_at,
                     r.muted
                 FROM rules r JOIN symbols s ON s.key = r.symbol ORDER BY r.created_at, r.id",
            )?;
            let rules = statement.query_map([], |row| {
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
            })?;
            Ok(rules.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Firings whose notification has still to be shown, oldest first.
    pub async fn pending_notifications(&self) -> Result<Vec<Firing>> {
        self.read(|conn| {
            let sql = format!("{FIRING} WHERE f.pending = 1 ORDER BY f.id");
            let mut statement = conn.prepare_cached(&sql)?;
            let firings = statement.query_map([], decode_firing)?;
            Ok(firings.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Firings, newest first, older than `before`.
    pub async fn firings(&self, limit: usize, before: Option<FiringId>) -> Result<Vec<Firing>> {
        self.read(move |conn| {
            let sql = format!("{FIRING} WHERE f.id < ?1 ORDER BY f.id DESC LIMIT ?2");
            let mut statement = conn.prepare_cached(&sql)?;
            let before = before.map_or(i64::MAX, |id| id.0);
            let firings = statement.query_map(params![before, count(limit)], decode_firing)?;
            Ok(firings.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Firings of one symbol, newest first, older than `before`.
    pub async fn firings_of(
        &self,
        symbol: Symbol,
        limit: usize,
        before: Option<FiringId>,
    ) -> Result<Vec<Firing>> {
        self.read(move |conn| {
            let sql = format!(
                "{FIRING} WHERE f.symbol = (SELECT key FROM symbols WHERE name = ?1) AND f.id < ?3
                 ORDER BY f.id DESC LIMIT ?2"
            );
            let mut statement = conn.prepare_cached(&sql)?;
            let before = before.map_or(i64::MAX, |id| id.0);
            let wanted = params![symbol.as_str(), count(limit), before];
            let firings = statement.query_map(wanted, decode_firing)?;
            Ok(firings.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn decode_firing(row: &Row<'_>) -> rusqlite::Result<Firing> {
    Ok(Firing {
        id: FiringId(row.get(0)?),
        firing: NewFiring {
            rule: decode::rule_id(row, 1)?,
            symbol: decode::symbol(row, 2)?,
            sentence: row.get(3)?,
            condition: decode::optional_json(row, 10)?,
            unknown: decode::gap(row, 11, 12)?,
            message: row.get(9)?,
            price: decode::decimal(row, 4)?,
            source_time: decode::time(row, 5)?,
            fired_at: decode::time(row, 6)?,
            away: row.get(13)?,
            mark: FiringMark::from_word(row.get_ref(7)?.as_str()?),
            pending: row.get(8)?,
        },
    })
}
