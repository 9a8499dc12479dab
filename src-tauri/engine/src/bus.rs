//! The numbered stream of events to whatever shows them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidings_contract::{Event, Numbered};
use tokio::sync::broadcast;

/// Events that a slow reader may be behind before it is told to take a new snapshot.
const CAPACITY: usize = 1024;

/// What is kept for the first window: the oldest go first.
const MOST_KEPT: usize = 16;

/// Numbers events and hands them to every subscriber.
#[derive(Debug, Clone)]
pub struct Bus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    sender: broadcast::Sender<Arc<Numbered>>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// Listeners that show people what they are told.
    windows: usize,
    /// What no snapshot repeats, until somebody shows it.
    kept: VecDeque<Event>,
}

impl Bus {
    /// A stream that nobody listens to yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            sender: broadcast::channel(CAPACITY).0,
        }))
    }

    /// Tells everybody. Whoever listens later reads the state in a snapshot; what no snapshot
    /// holds is kept for the first window.
    pub fn emit(&self, event: Event) {
        let mut state = self.state();
        if state.windows == 0 && is_said_once(&event) {
            if state.kept.len() == MOST_KEPT {
                state.kept.pop_front();
            }
            state.kept.push_back(event);
        } else {
            self.send(&mut state, event);
        }
    }

    /// Number of the last event.
    pub fn last(&self) -> u64 {
        self.state().last
    }

    /// Listens from now on, for a window. Subscribe first, then read the snapshot: what was kept
    /// for a window is told first, whatever the snapshot's number.
    pub fn subscribe(&self) -> Subscription {
        let mut state = self.state();
        let subscription = Subscription {
            receiver: self.0.sender.subscribe(),
            bus: self.clone(),
            window: true,
        };
        state.windows += 1;
        for event in std::mem::take(&mut state.kept) {
            self.send(&mut state, event);
        }
        subscription
    }

    /// Listens from now on to changes of the state, and shows nobody what is said once.
    pub fn follow(&self) -> Subscription {
        Subscription {
            receiver: self.0.sender.subscribe(),
            bus: self.clone(),
            window: false,
        }
    }

    /// Sent under the lock, so that the order on the channel is the order of the numbers.
    fn send(&self, state: &mut State, event: Event) {
        state.last += 1;
        let seq = state.last;
        let numbered = Numbered {
            seq,
            first: None,
            event,
        };
        let _ = self.0.sender.send(Arc::new(numbered));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether no snapshot holds it.
const fn is_said_once(event: &Event) -> bool {
    matches!(
        event,
        Event::Notice { .. } | Event::Show { .. } | Event::Told { .. }
    )
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

/// One listener.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<Numbered>>,
    bus: Bus,
    window: bool,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.window {
            self.bus.state().windows -= 1;
        }
    }
}

impl Subscription {
    /// The next event; `None` when the program ends. A listener that fell behind gets
    /// [`Event::Resync`] in place of what it missed.
    pub async fn next(&mut self) -> Option<Arc<Numbered>> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.receiver = self.bus.0.sender.subscribe();
                Some(Arc::new(Numbered {
                    seq: self.bus.last(),
                    first: None,
                    event: Event::Resync,
                }))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tidings_contract::NoticeLevel;

    use super::*;

    #[tokio::test]
    async fn numbers_rise_by_one() {
        let bus = Bus::new();
        let mut listener = bus.subscribe();
        bus.emit(Event::WatchList);
        bus.emit(Event::Resync);
        assert_eq!(listener.next().await.unwrap().seq, 1);
        assert_eq!(listener.next().await.unwrap().seq, 2);
    }

    #[tokio::test]
    async fn what_was_said_before_a_window_came_is_told_to_the_first() {
        let notice = |message: &str| Event::Notice {
            level: NoticeLevel::Warning,
            message: message.to_owned(),
        };
        let said = |told: Arc<Numbered>| match &told.event {
            Event::Notice { message, .. } => message.clone(),
            other => format!("{other:?}"),
        };
        let bus = Bus::new();
        let mut tray = bus.follow();
        for n in 0..=MOST_KEPT {
            bus.emit(notice(&format!("{n}")));
        }
        bus.emit(Event::WatchList);
        let mut window = bus.subscribe();
        let mut later = bus.subscribe();
        bus.emit(Event::Resync);
        assert!(matches!(tray.next().await.unwrap().event, Event::WatchList));
        for n in 1..=MOST_KEPT {
            assert_eq!(said(window.next().await.unwrap()), format!("{n}"));
        }
        assert!(matches!(window.next().await.unwrap().event, Event::Resync));
        assert!(matches!(later.next().await.unwrap().event, Event::Resync));
        drop((window, later));
        bus.emit(notice("again"));
        assert_eq!(said(bus.subscribe().next().await.unwrap()), "again");
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_to_read_again() {
        let bus = Bus::new();
        let mut listener = bus.subscribe();
        for _ in 0..CAPACITY + 10 {
            bus.emit(Event::WatchList);
        }
        let told = listener.next().await.unwrap();
        assert!(matches!(told.event, Event::Resync));
        assert_eq!(told.seq, bus.last());
        bus.emit(Event::WatchList);
        assert_eq!(listener.next().await.unwrap().seq, told.seq + 1);
    }
}
