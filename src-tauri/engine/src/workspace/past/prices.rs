//! Rules on prices and volumes, over points of the history.

use tidings_alerts::{Condition, Rule};
use tidings_cache::PricePoint;
use tidings_contract as api;
use tidings_model::{Tick, Timestamp};

use super::{BEFORE, POINTS, Replay, SPAN, Unknown, told, unread};
use crate::workspace::Core;
use crate::workspace::market::prices_of;

pub(super) async fn work_out(
    core: &Core,
    rule: Rule,
    now: Timestamp,
) -> Result<api::RulePast, Unknown> {
    let wanted = now.minus(SPAN);
    let back = rule.condition.looks_back().unwrap_or_default().max(BEFORE);
    let from = wanted.minus(back);
    let history = core.cache.history(rule.symbol.clone(), from, now, POINTS);
    let points = history.await.map_err(|error| unread(&error))?;
    let (oldest, missing) = if is_of_volume(&rule) {
        (
            points.iter().find(|point| point.volume.is_some()),
            Unknown::Volume,
        )
    } else {
        (points.first(), Unknown::Prices)
    };
    let oldest = oldest.ok_or(missing)?.time;
    let fired = tokio::task::spawn_blocking(move || replay(rule, &points, wanted)).await;
    let fired = fired.map_err(|_| Unknown::Unread)?;
    Ok(told(&fired, oldest, wanted))
}

fn is_of_volume(rule: &Rule) -> bool {
    let mut parts = rule.condition.parts().iter();
    parts.any(|part| matches!(part, Condition::Volume { .. }))
}

/// The times at which a rule made at `from` would have told.
fn replay(rule: Rule, points: &[PricePoint], from: Timestamp) -> Vec<Timestamp> {
    let of_volume = is_of_volume(&rule);
    let ticks = ticks_of(points);
    let (before, within) = ticks.split_at(ticks.partition_point(|tick| tick.time <= from));
    // To a rule on the volume there is no tick without one.
    let mut counting = before.iter().rev();
    let last = counting.find(|tick| !of_volume || tick.volume_24h.is_some());
    let known = before.iter().map(|tick| (tick.time, tick.price.clone()));
    let mut replay = Replay::new(rule, from, known, last);
    for tick in within {
        replay.tick(tick);
    }
    replay.fired
}

/// The ticks that points stand for; the volume is that of the last one of each.
fn ticks_of(points: &[PricePoint]) -> Vec<Tick> {
    let mut volumes = points
        .iter()
        .filter_map(|point| Some((point.time, point.volume.as_ref()?)));
    let mut next = volumes.next();
    let prices = prices_of(points).into_iter();
    prices
        .map(|(time, price)| {
            let mut tick = Tick::new(time, price);
            if let Some((_, volume)) = next.filter(|(at, _)| *at == time) {
                tick.volume_24h = Some(volume.clone());
                next = volumes.next();
            }
            tick
        })
        .collect()
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

    fn with_volume(second: i64, price: &str, volume: &str) -> PricePoint {
        PricePoint {
            volume: Some(volume.parse().unwrap()),
            ..point(second, price, price, price)
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

    #[test]
    fn a_volume_fires_where_it_was_told_and_what_was_told_before_the_span_is_its_first() {
        let volume = rule(r#"{"kind":"volume","side":"above","value":"1000"}"#);
        let points = [
            with_volume(0, "1", "2000"),
            point(50, "1", "1", "1"),
            with_volume(120, "1", "1500"),
            with_volume(180, "1", "980"),
            point(240, "1", "1", "1"),
            with_volume(300, "1", "1000"),
        ];
        assert_eq!(replay(volume.clone(), &points, at(100)), [at(300)]);
        assert_eq!(replay(volume, &points[3..], at(100)), [at(300)]);
    }

    #[test]
    fn two_at_once_are_judged_where_both_are_known() {
        let both = rule(
            r#"{"kind":"all","conditions":[{"kind":"above","price":"100"},
                {"kind":"volume","side":"above","value":"1000"}]}"#,
        );
        let points = [
            with_volume(0, "99", "2000"),
            point(60, "101", "101", "101"),
            with_volume(120, "101", "900"),
            with_volume(180, "102", "1000"),
        ];
        assert_eq!(replay(both, &points, at(-1)), [at(180)]);
    }
}
