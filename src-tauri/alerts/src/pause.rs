//! A rule that fires too often is paused: nobody reads the sixteenth notification in three minutes.

use std::time::Duration;

use tidings_model::Timestamp;

use crate::effect::{Effect, Pause};
use crate::rule::{Repeat, Rule};
use crate::state::{Ended, RuleState};

/// The firing that pauses a rule, counted within [`WITHIN_S`].
const FIRINGS: u32 = 15;
const WITHIN_S: u32 = 180;

/// Counts the firings among the effects of one tick, and pauses the rule if they are too many.
pub(crate) fn count(rule: &Rule, state: &mut RuleState, effects: &mut Vec<Effect>) {
    if rule.repeat == Repeat::Once {
        return;
    }
    let told: Vec<Timestamp> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Fired(firing) | Effect::Snoozed(firing) => Some(firing.time),
            Effect::Suppressed(_) | Effect::Done | Effect::Expired | Effect::Paused(_) => None,
        })
        .collect();
    for at in told {
        let from = at.minus(Duration::from_secs(u64::from(WITHIN_S)));
        state.recent.retain(|firing| *firing > from);
        state.recent.push(at);
        // Those of before a longer cooldown do not count with the ones after it.
        let many = is_possible(rule)
            && u32::try_from(state.recent.len()).is_ok_and(|count| count >= FIRINGS);
        if many && state.ended.is_none() {
            let pause = Pause {
                at,
                firings: FIRINGS,
                within_s: WITHIN_S,
            };
            state.ended = Some(Ended::Paused(pause));
            state.recent.clear();
            effects.push(Effect::Paused(pause));
        }
    }
}

/// Whether firings of this rule can come so close together.
pub(crate) fn is_possible(rule: &Rule) -> bool {
    rule.repeat == Repeat::Every && (FIRINGS - 1).saturating_mul(rule.cooldown_s) < WITHIN_S
}
