//! The queue of events to the client's owner, bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::event::Event;

struct Queue {
    state: Mutex<State>,
    filled: Notify,
    capacity: usize,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// Something was dropped since the reader was told last.
    lagged: bool,
    closed: bool,
}

/// What the socket's task tells.
pub(crate) struct EventSender(Arc<Queue>);

/// What the client's owner reads.
///
/// A reader that is too slow loses changes, broadcasts and presence, and reads
/// [`Event::Lagged`] in their place: it has to read again what it shows. Events about the
/// connection and the channels are never lost.
pub struct EventStream(Arc<Queue>);

/// Both ends of a queue.
pub(crate) fn channel(capacity: usize) -> (EventSender, EventStream) {
    let queue = Arc::new(Queue {
        state: Mutex::default(),
        filled: Notify::new(),
        capacity: capacity.max(1),
    });
    (EventSender(queue.clone()), EventStream(queue))
}

impl EventSender {
    /// Queues an event; false when it was dropped.
    pub(crate) fn send(&self, event: Event) -> bool {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let data = matches!(
            event,
            Event::Change { .. } | Event::Broadcast { .. } | Event::Presence { .. }
        );
        let kept = !data || state.events.len() < self.0.capacity;
        if kept {
            state.events.push_back(event);
        } else {
            state.lagged = true;
        }
        drop(state);
        self.0.filled.notify_one();
        kept
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.0
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.0.filled.notify_one();
    }
}

impl EventStream {
    /// The next event; `None` when the client is gone.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            {
                let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(event) = state.events.pop_front() {
                    return Some(event);
                }
                if std::mem::take(&mut state.lagged) {
                    return Some(Event::Lagged);
                }
                if state.closed {
                    return None;
                }
            }
            self.0.filled.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::ConnState;
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
        assert_eq!(stream.next().await.unwrap(), broadcast());
        assert_eq!(stream.next().await.unwrap(), broadcast());
        assert_eq!(
            stream.next().await.unwrap(),
            Event::State(ConnState::Connected)
        );
        assert_eq!(stream.next().await.unwrap(), Event::Lagged);
        drop(sender);
        assert_eq!(stream.next().await, None);
    }
}
