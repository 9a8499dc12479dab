//! The numbered stream of events to whatever shows them. While the lock is closed, windows are told
//! of the lock alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidings_contract::{Event, Numbered};
use tokio::sync::broadcast;

use crate::lock::Locked;

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
    locked: Locked,
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
    pub fn new(locked: Locked) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            sender: broadcast::channel(CAPACITY).0,
            locked,
        }))
    }

    /// Whether the lock is closed.
    pub fn is_locked(&self) -> bool {
        self.0.locked.now()
    }

    /// Tells everybody. Whoever listens later reads the state in a snapshot; what no snapshot
    /// holds is kept for the first window, and for the moment when the lock is opened.
    pub fn emit(&self, event: Event) {
        let mut state = self.state();
        if (state.windows == 0 || self.is_locked()) && is_said_once(&event) {
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
        self.tell_kept(&mut state);
        subscription
    }

    /// The lock was opened: windows are told what was kept for them.
    pub fn unlocked(&self) {
        self.tell_kept(&mut self.state());
    }

    fn tell_kept(&self, state: &mut State) {
        if state.windows == 0 || self.is_locked() {
            return;
        }
        for event in std::mem::take(&mut state.kept) {
            self.send(state, event);
        }
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

/// Whether it says nothing of what the lock guards.
const fn is_of_the_lock(event: &Event) -> bool {
    matches!(event, Event::Lock { .. })
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
    /// [`Event::Resync`] in place of what it missed. Whether a window may be told is decided here, when
    /// it reads: what was told before the lock closed, and not read yet, is not read any more.
    pub async fn next(&mut self) -> Option<Arc<Numbered>> {
        loop {
            let told = self.any().await?;
            if self.may_tell() || is_of_the_lock(&told.event) {
                return Some(told);
            }
        }
    }

    /// Whether what was read before may be shown now: to a window, not while the lock is closed.
    pub fn may_tell(&self) -> bool {
        !self.window || !self.bus.is_locked()
    }

    async fn any(&mut self) -> Option<Arc<Numbered>> {
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
    use tidings_contract::{LanguageChoice, LockStage, LockState, NoticeLevel, Place, Theme};

    use super::*;

    #[tokio::test]
    async fn numbers_rise_by_one() {
        let bus = Bus::new(Locked::default());
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
        let bus = Bus::new(Locked::default());
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
        let bus = Bus::new(Locked::default());
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

    #[tokio::test]
    async fn while_locked_a_window_is_told_of_the_lock_alone_and_the_rest_that_is_said_once_later()
    {
        let locked = Locked::default();
        let bus = Bus::new(locked.clone());
        let (mut window, mut tray) = (bus.subscribe(), bus.follow());
        bus.emit(Event::WatchList);
        locked.set(true);
        bus.emit(lock(LockStage::Locked));
        bus.emit(Event::Rules { armed: 1 });
        let place = Place::Alerts;
        bus.emit(Event::Show { place });
        // The first was told before, and not read: it is not read any more.
        let told = window.next().await.unwrap();
        assert!(matches!(told.event, Event::Lock { .. }));
        assert!(matches!(tray.next().await.unwrap().event, Event::WatchList));
        // A window that comes meanwhile is told no more than that.
        let mut other = bus.subscribe();
        locked.set(false);
        bus.emit(lock(LockStage::Open));
        bus.unlocked();
        bus.emit(Event::WatchList);
        let told = window.next().await.unwrap();
        // What nobody read until it was opened is read: whoever opened it may.
        assert!(matches!(told.event, Event::Rules { .. }));
        for window in [&mut window, &mut other] {
            let told = window.next().await.unwrap();
            assert!(matches!(told.event, Event::Lock { .. }));
            let told = window.next().await.unwrap();
            assert!(matches!(told.event, Event::Show { .. }));
            let told = window.next().await.unwrap();
            assert!(matches!(told.event, Event::WatchList));
        }
    }

    fn lock(stage: LockStage) -> Event {
        Event::Lock {
            lock: LockState {
                stage,
                problem: None,
                wait_until: None,
                durable: true,
                theme: Theme::System,
                language: LanguageChoice::System,
            },
        }
    }
}
