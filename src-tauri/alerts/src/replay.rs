//! One rule over past ticks.

use tidings_model::{RuleId, Tick};

use crate::book::Book;
use crate::effect::{Effect, Firing};
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
///
/// It says when the condition comes true, so the rule is not paused for firing too often.
pub fn replay<'a>(rule: &Rule, ticks: impl IntoIterator<Item = &'a Tick>) -> Replay {
    let mut book = Book::for_replay();
    book.insert(RuleId::nil(), rule.clone(), RuleState::new());
    let mut all = Replay::default();
    for tick in ticks {
        for (_, effect) in book.tick(&rule.symbol, tick).effects {
            match effect {
                Effect::Fired(firing) | Effect::Snoozed(firing) => all.fired.push(firing),
                Effect::Suppressed(firing) => all.suppressed.push(firing),
                Effect::Done | Effect::Expired | Effect::Paused(_) => {}
            }
        }
    }
    all
}
