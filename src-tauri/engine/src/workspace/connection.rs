//! The state of the connection, and the one place that changes it.

use std::sync::{Arc, Mutex, PoisonError};

use tidings_contract::{Connection, ProjectTrouble};
use tidings_model::Timestamp;
use tokio::sync::watch;

/// What may change the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Nobody is signed in.
    SignedOut,
    /// An attempt began.
    Connecting,
    /// The connection is gone, or was not made.
    Lost {
        /// When the next attempt begins; none after a disconnect by hand.
        retry_at: Option<Timestamp>,
        /// Why, in one sentence.
        reason: Option<String>,
        /// What is wrong with the project.
        project: Option<ProjectTrouble>,
    },
    /// The project refuses, and trying again will not help.
    Refused {
        /// Why.
        reason: String,
    },
    /// The project refuses to be read, though changes flow. Reading is tried again.
    NotRead {
        /// Why.
        reason: String,
    },
    /// A catch-up began.
    CatchUpBegan,
    /// A catch-up went on.
    CatchUp {
        /// Rows fetched.
        done: u32,
        /// Rows to fetch, as far as known.
        total: u32,
    },
    /// A catch-up ended, and held changes are applied.
    CaughtUp,
}

/// The state of one workspace's connection. Clones share it. Beside it stands whether what is
/// refused is reading, which a catch-up that is done ends.
#[derive(Debug, Clone)]
pub struct State(Arc<watch::Sender<Connection>>, Arc<Mutex<bool>>);

impl State {
    /// A connection that has not been tried.
    pub fn new(now: Timestamp) -> Self {
        let offline = Connection::Offline {
            since: now.as_millis(),
            retry_at: None,
            reason: None,
            project: None,
        };
        Self(
            Arc::new(watch::Sender::new(offline)),
            Arc::new(Mutex::new(false)),
        )
    }

    /// As it is now.
    pub fn current(&self) -> Connection {
        self.0.borrow().clone()
    }

    /// Follows the changes.
    pub fn watch(&self) -> watch::Receiver<Connection> {
        self.0.subscribe()
    }

    /// Whether requests are worth making.
    pub fn is_up(&self) -> bool {
        matches!(
            *self.0.borrow(),
            Connection::Live | Connection::CatchingUp { .. }
        )
    }

    /// Whether nothing is missing.
    pub fn is_live(&self) -> bool {
        *self.0.borrow() == Connection::Live
    }

    /// Takes an input; the state changes or stays.
    pub fn input(&self, input: Input, now: Timestamp) {
        // Two inputs at once are taken one after the other.
        let mut not_read = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = matches!(input, Input::NotRead { .. });
        let next = next(&self.0.borrow(), *not_read, input, now);
        if let Some(next) = next {
            *not_read = reading;
            self.0.send_if_modified(|current| {
                let differs = *current != next;
                *current = next;
                differs
            });
        }
    }
}

/// The state after an input; `None` when it stays. `not_read`: what is refused is reading.
#[allow(
    clippy::match_same_arms,
    reason = "each arm that stays says why it does"
)]
fn next(current: &Connection, not_read: bool, input: Input, now: Timestamp) -> Option<Connection> {
    let since = match current {
        Connection::Offline { since, .. } => *since,
        _ => now.as_millis(),
    };
    match (current, input) {
        (_, Input::SignedOut) => Some(Connection::SignedOut),
        // A new attempt leads out of these two.
        (_, Input::Connecting) => Some(Connection::Connecting),
        (Connection::SignedOut, _) => None,
        (_, Input::Refused { reason }) => Some(Connection::Refused { reason }),
        // While the connection is not there it has a reason of its own.
        (Connection::Offline { .. } | Connection::Connecting, Input::NotRead { .. }) => None,
        (Connection::Refused { .. }, Input::NotRead { .. }) if !not_read => None,
        (_, Input::NotRead { reason }) => Some(Connection::Refused { reason }),
        (Connection::Refused { .. }, Input::CaughtUp) if not_read => Some(Connection::Live),
        (Connection::Refused { .. }, Input::Lost { .. }) if !not_read => None,
        (
            _,
            Input::Lost {
                retry_at,
                reason,
                project,
            },
        ) => Some(Connection::Offline {
            since,
            retry_at: retry_at.map(Timestamp::as_millis),
            reason,
            project,
        }),
        (Connection::Refused { .. }, _) => None,
        (Connection::Offline { .. }, Input::CatchUp { .. } | Input::CaughtUp) => None,
        (Connection::Connecting | Connection::Offline { .. }, Input::CatchUpBegan) => {
            Some(Connection::CatchingUp { done: 0, total: 0 })
        }
        // A repeated catch-up while live goes unseen unless there is something to fetch.
        (Connection::Live | Connection::CatchingUp { .. }, Input::CatchUpBegan) => None,
        (Connection::Live, Input::CatchUp { done, total }) if total <= done => None,
        (Connection::Connecting, Input::CatchUp { .. } | Input::CaughtUp) => None,
        (_, Input::CatchUp { done, total }) => Some(Connection::CatchingUp { done, total }),
        (_, Input::CaughtUp) => Some(Connection::Live),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn state() -> State {
        State::new(NOW)
    }

    fn lost() -> Input {
        Input::Lost {
            retry_at: None,
            reason: None,
            project: None,
        }
    }

    #[test]
    fn live_means_connected_and_caught_up() {
        let state = state();
        state.input(Input::Connecting, NOW);
        state.input(Input::CaughtUp, NOW);
        assert_eq!(state.current(), Connection::Connecting);
        state.input(Input::CatchUpBegan, NOW);
        state.input(Input::CatchUp { done: 3, total: 9 }, NOW);
        assert_eq!(
            state.current(),
            Connection::CatchingUp { done: 3, total: 9 }
        );
        state.input(Input::CaughtUp, NOW);
        assert_eq!(state.current(), Connection::Live);
    }

    #[test]
    fn a_catch_up_that_ends_after_the_connection_broke_does_not_make_it_live() {
        let state = state();
        state.input(Input::Connecting, NOW);
        state.input(Input::CatchUpBegan, NOW);
        state.input(lost(), NOW);
        state.input(Input::CaughtUp, NOW);
        assert!(matches!(state.current(), Connection::Offline { .. }));
    }

    #[test]
    fn offline_since_is_when_it_began() {
        let state = state();
        state.input(Input::Connecting, NOW);
        state.input(lost(), Timestamp::from_millis(5_000));
        state.input(lost(), Timestamp::from_millis(9_000));
        assert!(matches!(
            state.current(),
            Connection::Offline { since: 5_000, .. }
        ));
    }

    #[test]
    fn signed_out_and_refused_wait_for_a_new_attempt() {
        let state = state();
        state.input(Input::SignedOut, NOW);
        state.input(lost(), NOW);
        state.input(Input::CatchUpBegan, NOW);
        assert_eq!(state.current(), Connection::SignedOut);
        state.input(Input::Connecting, NOW);
        state.input(
            Input::Refused {
                reason: "no".to_owned(),
            },
            NOW,
        );
        state.input(lost(), NOW);
        assert!(matches!(state.current(), Connection::Refused { .. }));
    }
    #[test]
    fn what_could_not_be_read_is_live_once_it_was_read() {
        let state = state();
        let not_read = || Input::NotRead {
            reason: "no".to_owned(),
        };
        state.input(not_read(), NOW);
        assert!(matches!(state.current(), Connection::Offline { .. }));
        state.input(Input::Connecting, NOW);
        state.input(Input::CatchUpBegan, NOW);
        state.input(not_read(), NOW);
        assert!(matches!(state.current(), Connection::Refused { .. }));
        // Another attempt says nothing before it is done.
        state.input(Input::CatchUpBegan, NOW);
        state.input(Input::CatchUp { done: 3, total: 9 }, NOW);
        assert!(matches!(state.current(), Connection::Refused { .. }));
        state.input(Input::CaughtUp, NOW);
        assert_eq!(state.current(), Connection::Live);
        // A connection that goes says so.
        state.input(not_read(), NOW);
        state.input(lost(), NOW);
        assert!(matches!(state.current(), Connection::Offline { .. }));
    }

    #[test]
    fn reading_does_not_end_what_the_connection_was_refused_for() {
        let state = state();
        state.input(Input::Connecting, NOW);
        state.input(Input::CatchUpBegan, NOW);
        let reason = "the key".to_owned();
        state.input(Input::Refused { reason }, NOW);
        let reason = "no".to_owned();
        state.input(Input::NotRead { reason }, NOW);
        state.input(Input::CaughtUp, NOW);
        let reason = "the key".to_owned();
        assert_eq!(state.current(), Connection::Refused { reason });
    }
}
