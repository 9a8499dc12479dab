//! Rules, and the outcome of judging them.

use rusqlite::params;
use tidings_model::{Json, RuleId, Timestamp};

use super::{Tx, prices};
use crate::error::{CacheError, Result};
use crate::types::alerts::{Evaluation, FiringId, FiringMark, NewFiring, StoredRule};
use crate::{Cache, pool::Durability};

impl Cache {
    /// Adds a rule, or replaces the one with its id.
    pub async fn save_rule(&self, rule: StoredRule) -> Result<()> {
        self.write(Durability::Full, move |tx| save(tx, &rule))
            .await
    }

    /// Adds rules, all or none of them; one whose id is there is replaced.
    pub async fn save_rules(&self, rules: Vec<StoredRule>) -> Result<()> {
        self.write(Durability::Full, move |tx| {
            rules.iter().try_for_each(|rule| save(tx, rule))
        })
        .await
    }

    /// Removes a rule; its firings stay. Those that waited for the end of a snooze are told no more.
    pub async fn delete_rule(&self, id: RuleId) -> Result<()> {
        self.write(Durability::Full, move |tx| {
            let removed = tx
                .conn
                .prepare_cached("DELETE FROM rules WHERE id = ?1")?
                .execute([id.as_uuid().as_bytes()])?;
            if removed == 0 {
                return Err(CacheError::NotFound("alert rule"));
            }
            tx.changes.rules = true;
            let untold = tx
                .conn
                .prepare_cached(
                    "UPDATE firings SET pending = 0
                     WHERE pending = 1 AND mark IN ('snoozed', 'quiet') AND rule = ?1",
                )?
                .execute([id.as_uuid().as_bytes()])?;
            tx.changes.firings |= untold > 0;
            Ok(())
        })
        .await
    }

    /// Records the outcome of judging ticks, all or nothing. Returns the firings' ids, in order.
    pub async fn commit_evaluation(&self, evaluation: Evaluation) -> Result<Vec<FiringId>> {
        // A firing must not be told again after a power failure; prices alone may be lost.
        let durability = if evaluation.firings.is_empty() {
            Durability::Normal
        } else {
            Durability::Full
        };
        self.write(durability, move |tx| commit(tx, &evaluation))
            .await
    }

    /// These notifications were shown.
    pub async fn mark_notified(&self, ids: Vec<FiringId>) -> Result<()> {
        self.settle(ids, None).await
    }

    /// These notifications will not be shown, for what the mark says.
    pub async fn mark_instead(&self, ids: Vec<FiringId>, mark: FiringMark) -> Result<()> {
        self.settle(ids, Some(mark)).await
    }

    async fn settle(&self, ids: Vec<FiringId>, mark: Option<FiringMark>) -> Result<()> {
        self.write(Durability::Full, move |tx| {
            let mut statement = tx.conn.prepare_cached(
                "UPDATE firings SET pending = 0, mark = coalesce(?2, mark)
                 WHERE id = ?1 AND pending = 1",
            )?;
            for id in &ids {
                let settled = statement.execute((id.0, mark.map(FiringMark::as_str)))?;
                tx.changes.firings |= settled > 0;
            }
            Ok(())
        })
        .await
    }
}

/// Adds or replaces a rule.
pub(crate) fn save(tx: &mut Tx<'_>, rule: &StoredRule) -> Result<()> {
    let symbol = tx.symbol(&rule.symbol)?;
    tx.conn
        .prepare_cached(
            "INSERT INTO rules (id, symbol, definition, state, enabled, created_at, updated_at, muted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET symbol = excluded.symbol, definition = excluded.definition,
                 state = excluded.state, enabled = excluded.enabled, created_at = excluded.created_at,
                 updated_at = excluded.updated_at, muted = excluded.muted",
        )?
        .execute(params![
            rule.id.as_uuid().as_bytes(),
            symbol,
            rule.definition.as_str(),
            rule.state.as_str(),
            rule.enabled,
            rule.created_at.as_micros(),
            rule.updated_at.as_micros(),
            rule.muted,
        ])?;
    tx.changes.rules = true;
    Ok(())
}

/// Adds a firing.
pub(crate) fn add_firing(tx: &mut Tx<'_>, firing: &NewFiring) -> Result<FiringId> {
    let symbol = tx.symbol(&firing.symbol)?;
    let id = tx
        .conn
        .prepare_cached(
            "INSERT INTO firings (rule, symbol, sentence, price, source_time, fired_at, mark, pending,
                 message, condition, unknown_from, unknown_until, away)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .insert(params![
            firing.rule.as_uuid().as_bytes(),
            symbol,
            firing.sentence,
            firing.price.to_string(),
            firing.source_time.as_micros(),
            firing.fired_at.as_micros(),
            firing.mark.as_str(),
            firing.pending,
            firing.message,
            firing.condition.as_ref().map(Json::as_str),
            firing.unknown.map(|gap| gap.from.as_micros()),
            firing.unknown.map(|gap| gap.until.as_micros()),
            firing.away,
        ])?;
    tx.changes.firings = true;
    Ok(FiringId(id))
}

fn commit(tx: &mut Tx<'_>, evaluation: &Evaluation) -> Result<Vec<FiringId>> {
    prices::record(tx, &evaluation.quotes)?;
    let mut state = tx
        .conn
        .prepare_cached("UPDATE rules SET state = ?2 WHERE id = ?1 AND state <> ?2")?;
    for (rule, new) in &evaluation.states {
        // A rule that was deleted meanwhile has no state to keep.
        let changed = state.execute(params![rule.as_uuid().as_bytes(), new.as_str()])?;
        tx.changes.rules |= changed > 0;
    }
    for (rule, new) in &evaluation.followed {
        state.execute(params![rule.as_uuid().as_bytes(), new.as_str()])?;
    }
    // A mark never moves back; the times are of one book, which only moves them on.
    let mut judged = tx.conn.prepare_cached(
        "UPDATE symbols SET evaluated_to = ?2, judged_change = ?3, judged_volume = ?4,
             judged_market_cap = ?5
         WHERE key = ?1 AND (evaluated_to IS NULL OR evaluated_to <= ?2)",
    )?;
    for (symbol, to) in &evaluation.judged_to {
        let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
        judged.execute(params![
            tx.symbol(symbol)?,
            micros(to.price),
            micros(to.change),
            micros(to.volume),
            micros(to.market_cap),
        ])?;
    }
    evaluation
        .firings
        .iter()
        .map(|firing| add_firing(tx, firing))
        .collect()
}
