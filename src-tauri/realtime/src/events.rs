//! The queue of events to the client's owner, bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant, timeout_at};

use crate::event::Event;

/// How long a reader that reads nothing holds the socket back. Shorter than what a heartbeat or a
/// probe waits for any frame, all of which stand unread meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one holds it back that reads, but does not keep up: by then to read again is less than
/// what still waits.
const LONGEST: Duration = Duration::from_secs(30);

struct Queue {
    state: Mutex<State>,
    filled: Notify,
    emptied: Notify,
    capacity: usize,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// [`Event::Lagged`] is among the events.
    lagged: bool,
    /// The reader is behind: from a full queue until half of it is read.
    behind: Option<Behind>,
    closed: bool,
}

#[derive(Clone, Copy)]
struct Behind {
    since: Instant,
    /// When something was read last.
    read_at: Instant,
}

impl Behind {
    /// Until when there may be room in time.
    fn ends(self) -> Instant {
        (self.read_at + PATIENCE).min(self.since + LONGEST)
    }
}

/// What the socket's task tells.
pub(crate) struct EventSender(Arc<Queue>);

/// What the client's owner reads.
///
/// A reader that is behind holds the socket back, and with it the server. One that then reads
/// nothing for two seconds, or is behind for thirty, loses changes, broadcasts and presence, and
/// reads [`Event::Lagged`] in their place: it has to read again what it shows. Of the events about the connection and the
/// channels, the newest of each kind and channel is never lost.
pub struct EventStream(Arc<Queue>);

/// Both ends of a queue.
pub(crate) fn channel(capacity: usize) -> (EventSender, EventStream) {
    let queue = Arc::new(Queue {
        state: Mutex::default(),
        filled: Notify::new(),
        emptied: Notify::new(),
        capacity: capacity.max(1),
    });
    (EventSender(queue.clone()), EventStream(queue))
}

impl EventSender {
    /// Returns when there is room for another event, or when there has been none for so long that
    /// events are dropped instead. What is given up on the way changes nothing.
    pub(crate) async fn room(&self) {
        loop {
            let ends = {
                let mut state = self.0.state();
                if state.events.len() < self.0.capacity {
                    return;
                }
                let now = Instant::now();
                let begins = Behind {
                    since: now,
                    read_at: now,
                };
                state.behind.get_or_insert(begins).ends()
            };
            let read = self.0.emptied.notified();
            if timeout_at(ends, read).await.is_err() {
                return;
            }
        }
    }

    /// Queues an event; false when it was dropped.
    pub(crate) fn send(&self, event: Event) -> bool {
        let mut state = self.0.state();
        let data = matches!(
            event,
            Event::Change { .. } | Event::Broadcast { .. } | Event::Presence { .. }
        );
        let full = state.events.len() >= self.0.capacity;
        let kept = !(full && data);
        if kept {
            if full {
                state.events.retain(|earlier| !replaces(&event, earlier));
            }
            state.events.push_back(event);
        } else if !std::mem::replace(&mut state.lagged, true) {
            // It also covers what is dropped until the reader gets there.
            state.events.push_back(Event::Lagged);
        }
        kept
    }

    /// Wakes the reader, if there is something to read. Apart from [`EventSender::send`], because
    /// waking a thread costs more than an event.
    pub(crate) fn wake(&self) {
        if !self.0.state().events.is_empty() {
            self.0.filled.notify_one();
        }
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.filled.notify_one();
    }
}

impl EventStream {
    /// The next event; `None` when the client is gone.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            {
                let mut state = self.0.state();
                if let Some(event) = state.events.pop_front() {
                    if event == Event::Lagged {
                        state.lagged = false;
                    }
                    let half = state.events.len() <= self.0.capacity / 2;
                    if let Some(behind) = &mut state.behind {
                        behind.read_at = Instant::now();
                        if half {
                            state.behind = None;
                        }
                        self.0.emptied.notify_one();
                    }
                    return Some(event);
                }
                if state.closed {
                    return None;
                }
            }
            self.0.filled.notified().await;
        }
    }
}

/// Whether an event about the connection or a channel makes an earlier one superfluous.
fn replaces(event: &Event, earlier: &Event) -> bool {
    match (event, earlier) {
        (Event::State(_), Event::State(_)) => true,
        (Event::Channel { topic, .. }, Event::Channel { topic: before, .. })
        | (Event::Subscribed { topic }, Event::Subscribed { topic: before })
        | (Event::Unreadable { topic, .. }, Event::Unreadable { topic: before, .. }) => {
            topic == before
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::{ChannelStatus, ConnState};
    use crate::frame::{Json, Payload};
    use crate::payload::BroadcastMeta;

    fn broadcast() -> Event {
        Event::Broadcast {
            topic: "room".to_owned(),
            event: "e".to_owned(),
            payload: Payload::Json(Json::empty_object()),
            meta: BroadcastMeta::default(),
        }
    }

    #[tokio::test]
    async fn a_slow_reader_keeps_the_states_and_learns_that_it_lost_data() {
        let (sender, mut stream) = channel(2);
        assert!(sender.send(broadcast()));
        assert!(sender.send(broadcast()));
        assert!(!sender.send(broadcast()));
        assert!(sender.send(Event::State(ConnState::Connected)));
        assert!(!sender.send(broadcast()));
        assert_eq!(stream.next().await.unwrap(), broadcast());
        assert_eq!(stream.next().await.unwrap(), broadcast());
        assert_eq!(stream.next().await.unwrap(), Event::Lagged);
        assert_eq!(
            stream.next().await.unwrap(),
            Event::State(ConnState::Connected)
        );
        assert!(sender.send(broadcast()));
        drop(sender);
        assert_eq!(stream.next().await.unwrap(), broadcast());
        assert_eq!(stream.next().await, None);
    }

    #[tokio::test]
    async fn a_reader_that_sleeps_finds_the_newest_state_of_everything() {
        let (sender, mut stream) = channel(2);
        let topic = || "room".to_owned();
        for _ in 0..1000 {
            for status in [ChannelStatus::Joining, ChannelStatus::Subscribed] {
                sender.send(Event::Channel {
                    topic: topic(),
                    status,
                });
            }
            sender.send(Event::Subscribed { topic: topic() });
            sender.send(Event::State(ConnState::Offline));
            sender.send(Event::State(ConnState::Connected));
            sender.send(broadcast());
        }
        drop(sender);
        let mut found = Vec::new();
        while let Some(event) = stream.next().await {
            found.push(event);
        }
        let newest = [
            Event::Channel {
                topic: topic(),
                status: ChannelStatus::Subscribed,
            },
            Event::Subscribed { topic: topic() },
            Event::State(ConnState::Connected),
        ];
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.contains(&Event::Lagged));
        assert!(newest.iter().all(|event| found.contains(event)));
    }
}
