//! How much is asked for at once. A server that refuses so much is asked for less.

use tidings_supabase::{Error, Query};

/// Rows in one answer at first; hosted projects give no more.
const ROWS: u32 = 1_000;
const FEWEST_ROWS: u32 = 20;
/// Sessions named in one request at first: some four thousand characters of an address.
const SESSIONS: usize = 40;

/// How much a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Portion {
    /// Rows.
    pub rows: u32,
    /// Sessions named.
    pub sessions: usize,
    /// Whether the answer says how many rows there are. To count them can take a project longer
    /// than to send some, and takes as long for a few of them.
    pub count: bool,
}

impl Default for Portion {
    fn default() -> Self {
        Self {
            rows: ROWS,
            sessions: SESSIONS,
            count: true,
        }
    }
}

impl Portion {
    /// So many rows of one thing.
    pub const fn of(rows: u32) -> Self {
        Self {
            rows,
            sessions: 1,
            count: true,
        }
    }

    /// As much, and no more than another one.
    pub fn at_most(self, other: Self) -> Self {
        Self {
            rows: self.rows.min(other.rows),
            sessions: self.sessions.min(other.sessions),
            count: self.count && other.count,
        }
    }

    /// The query for no more rows than that.
    pub fn limit(&self, query: Query) -> Query {
        let query = query.limit(self.rows);
        if self.count { query.count() } else { query }
    }

    /// Asks for less after a refusal that says, or may mean, that it was too much. Whether there
    /// is less to ask for: each of these halves something, so that they come to an end.
    pub fn cut(&mut self, error: &Error) -> bool {
        let Some(much) = Much::of(error) else {
            return false;
        };
        let before = *self;
        match much {
            Much::Rows if self.rows > FEWEST_ROWS => {
                self.rows = (self.rows / 2).max(FEWEST_ROWS);
                self.count = false;
            }
            Much::Rows if self.count => self.count = false,
            Much::Names | Much::Rows => self.sessions = (self.sessions / 2).max(1),
        }
        if *self != before {
            tracing::info!(%error, now = ?self, "the project is asked for less at once");
        }
        *self != before
    }
}

/// What there was too much of.
enum Much {
    /// Of what the request names.
    Names,
    /// Of what the answer holds, or would take to collect.
    Rows,
}

impl Much {
    fn of(error: &Error) -> Option<Self> {
        match (error, error.status(), error.code()) {
            (Error::RequestTooLong, ..) | (_, Some(414 | 431), _) => Some(Self::Names),
            // 57014: PostgreSQL gave the statement up after its time.
            (Error::AnswerTooLarge, ..) | (_, Some(408 | 413 | 504), _) | (_, _, Some("57014")) => {
                Some(Self::Rows)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_and_less_is_asked_for_until_there_is_no_less() {
        let mut portion = Portion::default();
        let mut cuts = 0;
        while portion.cut(&Error::AnswerTooLarge) {
            cuts += 1;
        }
        assert_eq!((portion.rows, portion.sessions), (FEWEST_ROWS, 1));
        assert!(!portion.count);
        assert!(cuts < 20, "{cuts}");
        assert!(!portion.cut(&Error::RequestTooLong));
        // A few rows that take too long are the count's fault, if anything's.
        let mut few = Portion::of(5);
        assert!(few.cut(&Error::AnswerTooLarge));
        assert_eq!((few.rows, few.count), (5, false));
        assert!(!few.cut(&Error::AnswerTooLarge));
    }

    #[test]
    fn what_was_learned_asks_for_no_more_than_is_wanted() {
        let mut learned = Portion::of(200);
        assert!(learned.cut(&Error::AnswerTooLarge));
        assert_eq!(Portion::of(200).at_most(learned), learned);
        let few = Portion::of(10).at_most(learned);
        assert_eq!((few.rows, few.count), (10, false));
    }

    #[test]
    fn an_address_that_is_too_long_costs_no_rows() {
        let mut portion = Portion::default();
        assert!(portion.cut(&Error::RequestTooLong));
        assert_eq!((portion.rows, portion.count), (ROWS, true));
        assert_eq!(portion.sessions, SESSIONS / 2);
        assert!(!portion.cut(&Error::SignedOut));
    }
}
