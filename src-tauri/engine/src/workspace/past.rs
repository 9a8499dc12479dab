//! What a rule would have done over the prices that are kept here.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidings_alerts::{Book, Effect, Repeat, Rule, RuleState};
use tidings_cache::PricePoint;
use tidings_contract as api;
use tidings_model::{RuleId, Tick, Timestamp};

use super::Core;
use super::catch_up::server_now;
use super::market::prices_of;

const SPAN: Duration = Duration::from_hours(7 * 24);
/// Prices from before it show that those of the span are all there are.
const BEFORE: Duration = Duration::from_hours(24);
/// How many points the span is judged by at most.
const POINTS: usize = 20_000;
/// An answer for the same rule is good for so long.
const GOOD_FOR: Duration = Duration::from_mins(1);

/// The last answer: the editor asks again whenever the price moves.
#[derive(Default)]
pub(super) struct Known(Mutex<Option<Answer>>);

struct Answer {
    form: api::RuleForm,
    at: Timestamp,
    past: api::RulePast,
}

impl Known {
    fn get(&self, form: &api::RuleForm, now: Timestamp) -> Option<api::RulePast> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |answer: &&Answer| {
            answer.form == *form && now >= answer.at && now.since(answer.at) < GOOD_FOR
        };
        known
            .as_ref()
            .filter(fresh)
            .map(|answer| answer.past.clone())
    }

    fn set(&self, answer: Answer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}

/// What a rule would have done in the last seven days; `None` where kept prices do not say it.
pub(super) async fn of(core: &Core, form: &api::RuleForm, rule: &Rule) -> Option<api::RulePast> {
    if !rule.condition.is_of_prices_alone() {
        return None;
    }
    let now = server_now(core);
    if let Some(past) = core.past.get(form, now) {
        return Some(past);
    }
    let past = work_out(core, rule, now).await?;
    core.past.set(Answer {
        form: form.clone(),
        at: now,
        past: past.clone(),
    });
    Some(past)
}

async fn work_out(core: &Core, rule: &Rule, now: Timestamp) -> Option<api::RulePast> {
    let from = now.minus(SPAN);
    let back = rule.condition.looks_back().unwrap_or_default().max(BEFORE);
    let points = core
        .cache
        .history(rule.symbol.clone(), from.minus(back), now, POINTS)
        .await;
    let points = match points {
        Ok(points) => points,
        Err(error) => {
            tracing::warn!(%error, "the history of a symbol was not read");
            return None;
        }
    };
    let oldest = points.first()?.time;
    let rule = Rule {
        // How often it would have come true, not whether.
        repeat: Repeat::Every,
        expires_at: None,
        ..rule.clone()
    };
    let fired = tokio::task::spawn_blocking(move || replay(rule, &points, from)).await;
    let fired = fired.ok()?;
    Some(api::RulePast {
        fired: u32::try_from(fired.len()).unwrap_or(u32::MAX),
        last: fired.last().map(|at| at.as_millis()),
        since: oldest.max(from).as_millis(),
        short: oldest > from,
    })
}

/// The times at which a rule made at `from` would have told.
fn replay(rule: Rule, points: &[PricePoint], from: Timestamp) -> Vec<Timestamp> {
    let prices = prices_of(points);
    let (before, within) = prices.split_at(prices.partition_point(|(at, _)| *at <= from));
    let symbol = rule.symbol.clone();
    let mut book = Book::for_replay();
    book.seed(&symbol, before.iter().cloned());
    let id = RuleId::nil();
    match before.last() {
        Some((at, price)) => {
            book.create(id, rule, from, Some(&Tick::new(*at, price.clone())));
        }
        None => book.insert(id, rule, RuleState::new()),
    }
    let mut fired = Vec::new();
    for (at, price) in within {
        let outcome = book.tick(&symbol, &Tick::new(*at, price.clone()));
        fired.extend(
            outcome
                .effects
                .into_iter()
                .filter_map(|(_, effect)| match effect {
                    Effect::Fired(firing) => Some(firing.time),
                    _ => None,
                }),
        );
    }
    fired
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn point(second: i64, low: &str, high: &str, price: &str) -> PricePoint {
        PricePoint {
            time: at(second),
            price: price.parse().unwrap(),
            low: low.parse().unwrap(),
            high: high.parse().unwrap(),
            volume: None,
        }
    }

    fn rule(condition: &str) -> Rule {
        let json = format!(
            r#"{{"symbol":"BTC","condition":{condition},"repeat":"every","cooldown_s":0}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_line_that_was_touched_within_a_minute_counts_though_the_minute_ended_elsewhere() {
        let above = rule(r#"{"kind":"above","price":"100"}"#);
        let points = [
            point(0, "90", "90", "90"),
            point(60, "90", "101", "95"),
            point(120, "95", "99.5", "97"),
            point(180, "97", "100", "99"),
        ];
        let fired = replay(above, &points, at(-1));
        let seconds: Vec<i64> = fired.iter().map(|at| at.as_millis() / 1000).collect();
        assert_eq!(seconds, [59, 179]);
    }

    #[test]
    fn what_was_before_the_span_is_known_and_fires_nothing() {
        let high = rule(r#"{"kind":"new_extreme","extreme":"high","window_s":600}"#);
        let points = [
            point(0, "100", "100", "100"),
            point(60, "120", "120", "120"),
            point(120, "110", "110", "110"),
            point(180, "121", "121", "121"),
        ];
        assert_eq!(replay(high, &points, at(100)), [at(180)]);
    }
}
