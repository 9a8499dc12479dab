//! Up to when the ticks of a symbol were judged.

use serde::{Deserialize, Serialize};
use tidings_model::Timestamp;

use crate::columns::Columns;

/// Up to when the ticks of a symbol were judged: for each set of the feed's figures the last tick
/// that had all of them, because to rules on those only such ticks exist.
///
/// To be saved in the transaction of each tick and given back to [`crate::Book::resume`]: a
/// rule's own state says when it last changed, this says when it was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks([Option<Timestamp>; Columns::SETS]);

impl Marks {
    /// The same for all: when only the time of the last tick was saved.
    pub fn all(at: Timestamp) -> Self {
        Self([Some(at); Columns::SETS])
    }

    /// The last tick of all.
    pub fn price(&self) -> Option<Timestamp> {
        self.of(Columns::default())
    }

    pub(crate) fn of(&self, columns: Columns) -> Option<Timestamp> {
        self.0[columns.place()]
    }

    pub(crate) fn set(&mut self, columns: Columns, mark: Option<Timestamp>) {
        self.0[columns.place()] = mark;
    }
}
