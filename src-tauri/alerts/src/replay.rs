//! One rule over past ticks.

use tidings_model::{Tick, Timestamp};

use crate::effect::{Effect, Firing};
use crate::evaluate::step;
use crate::history::{Added, Extremes, History, Sliding, Window};
use crate::levels::Levels;
use crate::rule::Rule;
use crate::state::RuleState;

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    /// What it would have told, in order.
    pub fired: Vec<Firing>,
    /// What a cooldown would have held back.
    pub suppressed: Vec<Firing>,
}

/// Runs a rule over ticks of its symbol in the order they came; the first is its first tick.
pub fn replay<'a>(rule: &Rule, ticks: impl IntoIterator<Item = &'a Tick>) -> Replay {
    let levels = Levels::of(&rule.condition);
    let mut state = RuleState::new();
    let mut past = Past::default();
    let mut all = Replay::default();
    for tick in ticks {
        if let Some(window) = levels.window() {
            if past.history.add(tick.time, tick.price.clone()) == Added::Late {
                past.sliding = Sliding::default();
            }
            past.now = past.sliding.advance(&past.history, window);
            past.history.keep(window);
        }
        for effect in step(&levels, rule, &mut state, tick, &past) {
            match effect {
                Effect::Fired(firing) => all.fired.push(firing),
                Effect::Suppressed(firing) => all.suppressed.push(firing),
                Effect::Done | Effect::Expired => {}
            }
        }
    }
    all
}

/// The only window of the only rule, at the newest tick; late ticks are not judged.
#[derive(Default)]
struct Past {
    history: History,
    sliding: Sliding,
    now: Option<Extremes>,
}

impl Window for Past {
    fn extremes(&self, _after: Timestamp, _until: Timestamp) -> Option<Extremes> {
        self.now.clone()
    }
}
