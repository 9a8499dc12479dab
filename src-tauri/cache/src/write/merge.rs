//! Which of several facts about one row shows. Pure, so that it can be tried in every order.
//!
//! Plain tables have no revision. Live frames are ordered among themselves by their commit
//! time; a read wins over a live frame when it began after the frame had arrived. Where a
//! frame arrived *during* a read nothing orders the two: the caller is told to read again.
//!
//! A frame may lack columns. Each column keeps the value of the newest fact that had it: a
//! column whose value is older than the row is listed in [`Standing::behind`]. So facts give
//! the same row in whatever order, and however often, they are taken in.

use serde::{Deserialize, Serialize};

use crate::types::fact::Source;

/// A set of columns, by their position.
pub(crate) type Columns = u16;

/// What a fact says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It exists, and the fact has these columns.
    Row {
        present: Columns,
        /// What is absent may have changed.
        truncated: bool,
    },
    /// It does not exist.
    Gone,
}

/// A column whose value is not from the fact that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Behind {
    /// Position of the column.
    column: u8,
    /// Stamp of the fact the value is from.
    stamp: i64,
    /// Whether there is a value at all.
    known: bool,
    /// Stamp of the newest fact that left the column out because the row was too big.
    truncated_at: i64,
}

/// What is known about the order of facts of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Commit time and arrival of the newest live frame.
    pub live: Option<(i64, i64)>,
    /// Begin and end of the newest read.
    pub read: Option<(i64, i64)>,
    /// Stamp of the fact that shows; `i64::MIN` for a row that no fact from the server told of.
    pub stamp: i64,
    /// The row was deleted.
    pub deleted: bool,
    /// Columns older than the row, by position.
    pub behind: Vec<Behind>,
}

/// What a fact changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// Columns that take the fact's value.
    pub set: Columns,
    /// Columns that are no longer known.
    pub clear: Columns,
    /// A live frame and a read overlapped: if they differ, the row has to be read again.
    pub overlap: bool,
}

impl Standing {
    /// A row of which nothing is known.
    pub(crate) fn unknown(columns: usize) -> Self {
        Self {
            live: None,
            read: None,
            stamp: i64::MIN,
            deleted: false,
            behind: (0..columns)
                .map(|column| unknown(column, i64::MIN))
                .collect(),
        }
    }

    /// A row of one's own that the server does not know yet.
    pub(crate) const fn local() -> Self {
        Self {
            live: None,
            read: None,
            stamp: i64::MIN,
            deleted: false,
            behind: Vec::new(),
        }
    }

    /// Whether the server has told of the row.
    pub(crate) const fn confirmed(&self) -> bool {
        self.stamp != i64::MIN
    }

    /// Whether one of `columns` is missing or out of date.
    pub(crate) fn lacks(&self, columns: Columns) -> bool {
        self.behind.iter().any(|behind| {
            columns & 1 << behind.column != 0
                && (!behind.known || behind.truncated_at > behind.stamp)
        })
    }

    /// Takes a fact in.
    pub(crate) fn merge(&mut self, source: Source, shape: Shape, columns: usize) -> Verdict {
        let (stamp, newest, overlap) = self.place(source);
        let mut verdict = if newest {
            self.replace(stamp, shape, columns)
        } else {
            self.fill(stamp, shape)
        };
        verdict.overlap = overlap;
        verdict
    }

    /// A deletion of which only the stamp is known (the row's session went).
    pub(crate) fn merge_gone(&mut self, stamp: i64, columns: usize) -> Verdict {
        if stamp > self.stamp {
            self.replace(stamp, Shape::Gone, columns)
        } else {
            self.fill(stamp, Shape::Gone)
        }
    }

    /// Orders the fact: its stamp, whether it shows, whether it overlaps another kind's.
    fn place(&mut self, source: Source) -> (i64, bool, bool) {
        match source {
            Source::Live {
                commit, arrived, ..
            } => {
                let (commit, arrived) = (commit.as_micros(), arrived.0);
                if self.live.is_some_and(|newest| newest >= (commit, arrived)) {
                    return (arrived, false, false);
                }
                self.live = Some((commit, arrived));
                let newest = self.read.is_none_or(|(began, _)| arrived > began);
                let overlap = self
                    .read
                    .is_some_and(|(began, ended)| began < arrived && arrived < ended);
                (arrived, newest, overlap)
            }
            Source::Rest(read) | Source::OwnWrite(read) => {
                let (began, ended) = (read.began.0, read.ended.0);
                if self.read.is_some_and(|(newest, _)| newest >= began) {
                    return (began, false, false);
                }
                self.read = Some((began, ended));
                let newest = self.live.is_none_or(|(_, arrived)| began > arrived);
                let overlap = self
                    .live
                    .is_some_and(|(_, arrived)| began < arrived && arrived < ended);
                (began, newest, overlap)
            }
        }
    }

    /// The fact shows from now on.
    fn replace(&mut self, stamp: i64, shape: Shape, columns: usize) -> Verdict {
        let mut verdict = Verdict::default();
        match shape {
            Shape::Gone => {
                self.deleted = true;
                self.behind.clear();
                verdict.clear = all(columns);
            }
            Shape::Row { present, truncated } => {
                for column in 0..columns {
                    let position = self.position(column);
                    if present & 1 << column != 0 {
                        verdict.set |= 1 << column;
                        if let Some(position) = position {
                            self.behind.remove(position);
                        }
                        continue;
                    }
                    let position = position.unwrap_or_else(|| {
                        let mut behind = unknown(column, self.stamp);
                        behind.known = !self.deleted;
                        self.behind.push(behind);
                        self.behind.len() - 1
                    });
                    if truncated {
                        self.behind[position].truncated_at = stamp;
                    }
                }
                self.behind.sort_unstable_by_key(|behind| behind.column);
                self.deleted = false;
            }
        }
        self.stamp = stamp;
        verdict
    }

    /// The fact is older than what shows: it counts for the columns that are older still.
    fn fill(&mut self, stamp: i64, shape: Shape) -> Verdict {
        let mut verdict = Verdict::default();
        if self.deleted || stamp >= self.stamp {
            return verdict;
        }
        for behind in self.behind.iter_mut().filter(|behind| behind.stamp < stamp) {
            let bit = 1 << behind.column;
            match shape {
                Shape::Gone => {
                    verdict.clear |= bit;
                    behind.known = false;
                    behind.stamp = stamp;
                }
                Shape::Row { present, .. } if present & bit != 0 => {
                    verdict.set |= bit;
                    behind.known = true;
                    behind.stamp = stamp;
                }
                Shape::Row { truncated, .. } => {
                    if truncated {
                        behind.truncated_at = behind.truncated_at.max(stamp);
                    }
                }
            }
        }
        verdict
    }

    fn position(&self, column: usize) -> Option<usize> {
        self.behind
            .iter()
            .position(|behind| usize::from(behind.column) == column)
    }
}

/// All columns of a table.
pub(crate) const fn all(columns: usize) -> Columns {
    (1 << columns) - 1
}

fn unknown(column: usize, stamp: i64) -> Behind {
    Behind {
        column: u8::try_from(column).unwrap_or(u8::MAX),
        stamp,
        known: false,
        truncated_at: i64::MIN,
    }
}
