//! Which of several facts about one row shows. Pure, so that it can be tried in every order.
//!
//! Where the server numbers the changes of a session, the higher number is the newer state, in
//! whatever order facts arrive, and a deletion yields only to a higher one. Numbers count within a
//! session: of a row in one place and the same row in another the rules below decide, as they do
//! wherever a fact has no number.
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

/// The number of a change, and the session within which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Key of the session; [`HOME`] for the row of a session itself.
    pub place: i64,
    /// The number.
    pub rev: i64,
}

/// The place of every session's own row.
pub(crate) const HOME: i64 = 0;

/// A fact as far as its order among others is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact {
    pub source: Source,
    pub shape: Shape,
    pub revision: Option<Revision>,
}

/// How old a fact, or the value of a column, is.
#[derive(Debug, Clone, Copy)]
struct Age {
    rev: Option<i64>,
    stamp: i64,
}

impl Age {
    fn older_than(self, other: Self) -> bool {
        match (self.rev, other.rev) {
            (Some(own), Some(other)) => own < other,
            _ => self.stamp < other.stamp,
        }
    }

    const fn at_least(mut self, stamp: i64) -> Self {
        if self.stamp < stamp {
            self.stamp = stamp;
        }
        self
    }
}

/// A column whose value is not from the fact that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Behind {
    /// Position of the column.
    column: u8,
    /// Stamp of the fact the value is from.
    stamp: i64,
    /// Number of that fact, in the place where the row is.
    #[serde(default)]
    rev: Option<i64>,
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
    /// Number of the fact that shows, in the place where the row is.
    pub rev: Option<i64>,
    /// Places that the row has left, each with the number of the latest leave.
    pub departed: Vec<(i64, i64)>,
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
            rev: None,
            departed: Vec::new(),
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
            rev: None,
            departed: Vec::new(),
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

    /// Numbers that were given before this stamp count no more.
    pub(crate) fn forget_revisions(&mut self, era: i64) {
        if self.stamp < era {
            self.rev = None;
            self.departed.clear();
            for behind in &mut self.behind {
                behind.rev = None;
            }
        }
    }

    /// Takes a fact in. `home`: the place where the row is or was last.
    pub(crate) fn merge(&mut self, fact: Fact, home: Option<i64>, columns: usize) -> Verdict {
        match (fact.revision, fact.shape) {
            (None, _) => self.merge_by_time(fact, home, columns),
            (Some(at), Shape::Gone) => self.merge_leave(fact, at, home, columns),
            (Some(at), Shape::Row { .. }) => self.merge_revised(fact, at, home, columns),
        }
    }

    /// By the order of arrivals and reads.
    fn merge_by_time(&mut self, fact: Fact, home: Option<i64>, columns: usize) -> Verdict {
        let (stamp, newest, overlap) = self.place(fact.source);
        let rev = fact.revision.map(|at| at.rev);
        let mut verdict = if newest {
            let moved = fact.revision.is_some_and(|at| home != Some(at.place));
            self.replace(Age { rev, stamp }, fact.shape, moved, columns)
        } else {
            // A number of another place says nothing about the age of a column.
            let rev = rev.filter(|_| fact.revision.is_some_and(|at| home == Some(at.place)));
            self.fill(Age { rev, stamp }, fact.shape)
        };
        verdict.overlap = overlap;
        verdict
    }

    /// A row with a number.
    fn merge_revised(
        &mut self,
        fact: Fact,
        at: Revision,
        home: Option<i64>,
        columns: usize,
    ) -> Verdict {
        if self.left(at.place).is_some_and(|left| at.rev <= left) {
            return Verdict::default();
        }
        let here = home == Some(at.place);
        let age = Age {
            rev: Some(at.rev),
            stamp: stamp(fact.source),
        };
        if self.deleted {
            let by_number = home.is_some_and(|home| self.left(home).is_some());
            if by_number {
                self.note(fact.source);
                let age = age.at_least(self.stamp);
                return self.replace(age, fact.shape, !here, columns);
            }
        } else if let Some(known) = self.rev.filter(|_| here) {
            self.note(fact.source);
            if at.rev > known {
                let age = age.at_least(self.stamp);
                return self.replace(age, fact.shape, false, columns);
            }
            // It is at least as new as everything that it is newer than.
            self.stamp = self.stamp.max(age.stamp);
            return self.fill(age, fact.shape);
        }
        self.merge_by_time(fact, home, columns)
    }

    /// The row is not in a place any more, which has a number.
    fn merge_leave(
        &mut self,
        fact: Fact,
        at: Revision,
        home: Option<i64>,
        columns: usize,
    ) -> Verdict {
        self.leave(at);
        if home.is_some_and(|home| home != at.place) {
            return Verdict::default();
        }
        if self.deleted {
            self.stamp = self.stamp.max(stamp(fact.source));
            return Verdict::default();
        }
        let Some(known) = self.rev else {
            return self.merge_by_time(fact, home, columns);
        };
        self.note(fact.source);
        if at.rev < known {
            return Verdict::default();
        }
        let age = Age {
            rev: None,
            stamp: self.stamp.max(stamp(fact.source)),
        };
        self.replace(age, Shape::Gone, false, columns)
    }

    fn left(&self, place: i64) -> Option<i64> {
        let found = self.departed.iter().find(|(left, _)| *left == place);
        found.map(|(_, rev)| *rev)
    }

    fn leave(&mut self, at: Revision) {
        match self.departed.iter_mut().find(|(left, _)| *left == at.place) {
            Some((_, rev)) => *rev = at.rev.max(*rev),
            None => self.departed.push((at.place, at.rev)),
        }
        self.departed.sort_unstable();
    }

    /// What shows is at least as new as this fact: facts without a number that are older than it
    /// are older than what shows.
    fn note(&mut self, source: Source) {
        match source {
            Source::Live {
                commit, arrived, ..
            } => self.live = self.live.max(Some((commit.as_micros(), arrived.0))),
            Source::Rest(read) | Source::OwnWrite(read) => {
                self.read = self.read.max(Some((read.began.0, read.ended.0)));
            }
        }
    }

    /// A deletion of which only the stamp is known (the row's session went).
    pub(crate) fn merge_gone(&mut self, stamp: i64, columns: usize) -> Verdict {
        let age = Age { rev: None, stamp };
        if stamp > self.stamp {
            self.replace(age, Shape::Gone, false, columns)
        } else {
            self.fill(age, Shape::Gone)
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

    /// The fact shows from now on. `moved`: in another place than the row before.
    fn replace(&mut self, age: Age, shape: Shape, moved: bool, columns: usize) -> Verdict {
        let mut verdict = Verdict::default();
        if moved {
            self.rev = None;
            for behind in &mut self.behind {
                behind.rev = None;
            }
        }
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
                        behind.rev = self.rev;
                        self.behind.push(behind);
                        self.behind.len() - 1
                    });
                    if truncated {
                        self.behind[position].truncated_at = age.stamp;
                    }
                }
                self.behind.sort_unstable_by_key(|behind| behind.column);
                self.deleted = false;
            }
        }
        self.stamp = age.stamp;
        self.rev = age.rev;
        verdict
    }

    /// The fact is older than what shows: it counts for the columns that are older still.
    fn fill(&mut self, age: Age, shape: Shape) -> Verdict {
        let mut verdict = Verdict::default();
        let shown = Age {
            rev: self.rev,
            stamp: self.stamp,
        };
        let same = age.rev.is_some() && age.rev == self.rev;
        if self.deleted || !(same || age.older_than(shown)) {
            return verdict;
        }
        for behind in &mut self.behind {
            let own = Age {
                rev: behind.rev,
                stamp: behind.stamp,
            };
            if !own.older_than(age) {
                continue;
            }
            let bit = 1 << behind.column;
            match shape {
                Shape::Gone => {
                    verdict.clear |= bit;
                    behind.known = false;
                }
                Shape::Row { present, .. } if present & bit != 0 => {
                    verdict.set |= bit;
                    behind.known = true;
                }
                Shape::Row { truncated, .. } => {
                    if truncated {
                        behind.truncated_at = behind.truncated_at.max(age.stamp);
                    }
                    continue;
                }
            }
            behind.stamp = age.stamp;
            behind.rev = age.rev;
        }
        if same {
            // These values are of the very state that shows.
            self.behind
                .retain(|behind| verdict.set & 1 << behind.column == 0);
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
        rev: None,
        known: false,
        truncated_at: i64::MIN,
    }
}

/// When a fact was learned: of a read, when it began.
pub(crate) const fn stamp(source: Source) -> i64 {
    match source {
        Source::Live { arrived, .. } => arrived.0,
        Source::Rest(read) | Source::OwnWrite(read) => read.began.0,
    }
}
