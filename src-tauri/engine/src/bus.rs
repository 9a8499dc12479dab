//! The numbered stream of events to whatever shows them.

use std::sync::{Arc, Mutex, PoisonError};

use tidings_contract::{Event, Numbered};
use tokio::sync::broadcast;

/// Events that a slow reader may be behind before it is told to take a new snapshot.
const CAPACITY: usize = 1024;

/// Numbers events and hands them to every subscriber.
#[derive(Debug, Clone)]
pub struct Bus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    last: Mutex<u64>,
    sender: broadcast::Sender<Arc<Numbered>>,
}

impl Bus {
    /// A stream that nobody listens to yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            last: Mutex::new(0),
            sender: broadcast::channel(CAPACITY).0,
        }))
    }

    /// Tells everybody. An event without a listener is gone: a window that opens reads a snapshot.
    pub fn emit(&self, event: Event) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        // Sent under the lock, so that the order on the channel is the order of the numbers.
        let _ = self.0.sender.send(Arc::new(Numbered { seq: *last, event }));
    }

    /// Number of the last event.
    pub fn last(&self) -> u64 {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens from now on. Subscribe first, then read the snapshot.
    pub fn subscribe(&self) -> Subscription {
        Subscription {
            receiver: self.0.sender.subscribe(),
            bus: self.clone(),
        }
    }
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
