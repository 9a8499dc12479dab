//! Price alerts: rules, and what a tick does to them.
//!
//! Pure and exact. Nothing here reads a clock, a file or the network, and nothing is a
//! float: prices, percentages and levels are [`tidings_model::Decimal`], compared by
//! multiplication and never by division. `docs/alerts.md` is the meaning; this is the code.
//!
//! - [`Rule`] is what the user wrote, [`RuleState`] everything about it that must survive a
//!   restart.
//! - [`evaluate`] is one rule at one tick, [`elapse`] one rule as time passes: the definition of
//!   everything else.
//! - [`Book`] holds many rules over many symbols and wakes only those that a tick concerns.
//! - [`replay`] runs one rule over past ticks with the same evaluator.
//! - [`describe`] says rules, firings and distances in sentences.
//! - [`Template`] is the user's own text of a notification.

mod book;
mod columns;
pub mod describe;
mod effect;
mod evaluate;
mod history;
mod index;
mod levels;
mod market;
mod marks;
mod pause;
mod replay;
mod rule;
mod state;
mod steps;
mod template;
mod trail;
mod turn;
mod waits;

pub use book::{Book, Outcome, Updated};
pub use effect::{Direction, Effect, Firing, Origin, Pause};
pub use evaluate::{elapse, evaluate};
pub use history::{Added, Extremes, History, Window};
pub use marks::Marks;
pub use replay::{Replay, replay};
pub use rule::{Condition, Extreme, Move, Repeat, Rule, RuleError, Side, Trail};
pub use state::{RuleState, Status, WaitsFor};
pub use template::{Placeholder, Template, TemplateError};
