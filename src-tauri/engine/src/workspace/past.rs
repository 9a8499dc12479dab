//! What a rule would have done over what is kept here.

mod prices;
mod silences;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidings_alerts::{Book, Condition, Effect, Outcome, Repeat, Rule, RuleState};
use tidings_cache::CacheError;
use tidings_contract as api;
use tidings_model::{Decimal, RuleId, Symbol, Tick, Timestamp};

use super::Core;
use super::catch_up::server_now;

const SPAN: Duration = Duration::from_hours(7 * 24);
/// Prices from before it show that those of the span are all there are.
const BEFORE: Duration = Duration::from_hours(24);
/// How many points of the history are read at most.
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

/// Why what is kept here does not say what a rule would have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    #[error("How often it would have fired is not known: no prices of this symbol are kept here.")]
    Prices,
    #[error("How often it would have fired is not known: no volumes of this symbol are kept here.")]
    Volume,
    #[error(
        "How often it would have fired is not known: the feed's change over 24 hours is not kept."
    )]
    Change,
    #[error("How often it would have fired is not known: the market cap is not kept.")]
    MarketCap,
    #[error("How often it would have fired is not known: what is kept here could not be read.")]
    Unread,
}

/// What a rule would have done in the last seven days.
pub(super) async fn of(
    core: &Core,
    form: &api::RuleForm,
    rule: &Rule,
) -> Result<api::RulePast, Unknown> {
    for part in rule.condition.parts() {
        match part {
            Condition::Change24h { .. } => return Err(Unknown::Change),
            Condition::MarketCap { .. } => return Err(Unknown::MarketCap),
            _ => {}
        }
    }
    let now = server_now(core);
    if let Some(past) = core.past.get(form, now) {
        return Ok(past);
    }
    let rule = Rule {
        // How often it would have come true, not whether.
        repeat: Repeat::Every,
        expires_at: None,
        ..rule.clone()
    };
    let past = if let Condition::Stale { after_s } = rule.condition {
        silences::work_out(core, rule, after_s, now).await?
    } else {
        prices::work_out(core, rule, now).await?
    };
    core.past.set(Answer {
        form: form.clone(),
        at: now,
        past: past.clone(),
    });
    Ok(past)
}

/// A rule that tells every time, over what is kept: made at `from`, with the last tick known then.
struct Replay {
    book: Book,
    symbol: Symbol,
    fired: Vec<Timestamp>,
}

impl Replay {
    fn new(
        rule: Rule,
        from: Timestamp,
        before: impl IntoIterator<Item = (Timestamp, Decimal)>,
        last: Option<&Tick>,
    ) -> Self {
        let symbol = rule.symbol.clone();
        let mut book = Book::for_replay();
        book.seed(&symbol, before);
        match last {
            Some(last) => {
                book.create(RuleId::nil(), rule, from, Some(last));
            }
            None => book.insert(RuleId::nil(), rule, RuleState::new()),
        }
        Self {
            book,
            symbol,
            fired: Vec::new(),
        }
    }

    fn tick(&mut self, tick: &Tick) {
        let outcome = self.book.tick(&self.symbol, tick);
        self.note(outcome);
    }

    fn note(&mut self, outcome: Outcome) {
        let told = outcome.effects.into_iter();
        self.fired
            .extend(told.filter_map(|(_, effect)| match effect {
                Effect::Fired(firing) => Some(firing.time),
                _ => None,
            }));
    }
}

/// `from`: since when what is kept says it; `wanted`: since when it was asked for.
fn told(fired: &[Timestamp], from: Timestamp, wanted: Timestamp) -> api::RulePast {
    api::RulePast {
        fired: u32::try_from(fired.len()).unwrap_or(u32::MAX),
        last: fired.last().map(|at| at.as_millis()),
        since: from.max(wanted).as_millis(),
        short: from > wanted,
    }
}

fn unread(error: &CacheError) -> Unknown {
    tracing::warn!(%error, "the history of a symbol was not read");
    Unknown::Unread
}
