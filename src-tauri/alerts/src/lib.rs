//! Price alerts: rules, and what a tick does to them.
//!
//! Pure and exact. Nothing here reads a clock, a file or the network, and nothing is a
//! float: prices, percentages and levels are [`tidings_model::Decimal`], compared by
//! multiplication and never by division. `docs/alerts.md` is the meaning; this is the code.
//!
//! - [`Rule`] is what the user wrote, [`RuleState`] everything about it that must survive a
//!   restart.
//! - [`evaluate`] is one rule at one tick, the definition of everything else.
//! - [`Book`] holds many rules over many symbols and wakes only those that a tick concerns.
//! - [`replay`] runs one rule over past ticks with the same evaluator.
//! - [`describe`] says rules, firings and distances in sentences.

mod book;
pub mod describe;
mod effect;
mod evaluate;
mod history;
mod index;
mod levels;
mod market;
mod replay;
mod rule;
mod state;

pub use book::{Book, Marks, Outcome, Updated};
pub use effect::{Direction, Effect, Firing, Origin};
pub use evaluate::evaluate;
pub use history::{Added, Extremes, History, Window};
pub use replay::{Replay, replay};
pub use rule::{Condition, Move, Repeat, Rule, RuleError, Side};
pub use state::{RuleState, Status};
