//! The last frames in both directions, redacted. Bounded; the oldest go first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use crate::frame::{self, Sender, Vsn, Wire};
use crate::redact::{self, Redacted};

/// Frames that are kept.
pub const FRAMES: usize = 500;
/// Bytes of text that are kept.
pub const BYTES: usize = 256 * 1024;

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the server.
    In,
    /// To the server.
    Out,
}

/// One frame, without what is nobody's business: see [`FrameLog`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFrame {
    /// Counted since the client started.
    pub number: u64,
    /// When, by the wall clock.
    pub time: SystemTime,
    /// Which way.
    pub direction: Direction,
    /// Its topic; empty where it has none.
    pub topic: String,
    /// Its event; empty where it has none.
    pub event: String,
    /// Length of the whole frame.
    pub bytes: usize,
    /// JSON in which values are described: `"[12 characters]"`.
    pub payload: String,
}

/// The last frames, while it is switched on; off it keeps nothing and costs nothing.
///
/// Kept are names (channels, events, schemas, tables, columns), references, switches, counts,
/// sizes, times of commits, and the server's words as far as this program knows them. Removed are
/// tokens, keys, values of filters, what broadcasts and presence carry, who is present, and every
/// value of a row. Clones share one log.
#[derive(Debug, Clone)]
pub struct FrameLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    on: AtomicBool,
    vsn: Vsn,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    frames: VecDeque<LoggedFrame>,
    bytes: usize,
    next: u64,
    forgotten: u64,
}

/// What the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Whether it is switched on.
    pub on: bool,
    /// Oldest first.
    pub frames: Vec<LoggedFrame>,
    /// Frames that were kept and had to make room.
    pub forgotten: u64,
}

impl FrameLog {
    pub(crate) fn new(vsn: Vsn) -> Self {
        Self(Arc::new(Inner {
            on: AtomicBool::new(false),
            vsn,
            ring: Mutex::default(),
        }))
    }

    /// Switches it on or off. Off it forgets what it held.
    pub fn set_on(&self, on: bool) {
        if self.0.on.swap(on, Ordering::Relaxed) && !on {
            let mut ring = self.ring();
            *ring = Ring {
                next: ring.next,
                ..Ring::default()
            };
        }
    }

    /// Whether it is switched on.
    pub fn is_on(&self) -> bool {
        self.0.on.load(Ordering::Relaxed)
    }

    /// The frames with a number above `after`; all of them without one.
    pub fn since(&self, after: Option<u64>) -> Logged {
        let ring = self.ring();
        let newer = |frame: &&LoggedFrame| after.is_none_or(|after| frame.number > after);
        Logged {
            on: self.is_on(),
            frames: ring.frames.iter().filter(newer).cloned().collect(),
            forgotten: ring.forgotten,
        }
    }

    pub(crate) fn text_in(&self, text: &str) {
        if self.is_on() {
            let frame = frame::decode_text(self.0.vsn, text);
            let redacted = frame.map_or_else(|_| redact::unreadable(), |it| redact::frame(&it));
            self.keep(Direction::In, text.len(), redacted);
        }
    }

    pub(crate) fn binary_in(&self, bytes: &Bytes) {
        if self.is_on() {
            let frame = frame::decode_binary(self.0.vsn, Sender::Server, bytes);
            let redacted = frame.map_or_else(|_| redact::unreadable(), |it| redact::frame(&it));
            self.keep(Direction::In, bytes.len(), redacted);
        }
    }

    pub(crate) fn closed(&self, code: Option<u16>, reason: &str) {
        if self.is_on() {
            self.keep(Direction::In, reason.len(), redact::close(code, reason));
        }
    }

    pub(crate) fn out(&self, wire: &Wire) {
        if self.is_on() {
            let frame = frame::decode(self.0.vsn, Sender::Client, wire);
            let redacted = frame.map_or_else(|_| redact::unreadable(), |it| redact::frame(&it));
            self.keep(Direction::Out, wire.len(), redacted);
        }
    }

    fn keep(&self, direction: Direction, bytes: usize, redacted: Redacted) {
        let mut ring = self.ring();
        ring.next += 1;
        let frame = LoggedFrame {
            number: ring.next,
            time: SystemTime::now(),
            direction,
            topic: redacted.topic,
            event: redacted.event,
            bytes,
            payload: redacted.payload,
        };
        ring.bytes += weight(&frame);
        ring.frames.push_back(frame);
        while ring.frames.len() > FRAMES || ring.bytes > BYTES {
            let Some(oldest) = ring.frames.pop_front() else {
                return;
            };
            ring.bytes -= weight(&oldest);
            ring.forgotten += 1;
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Every change of it is whole before anything can panic.
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight(frame: &LoggedFrame) -> usize {
    frame.topic.len() + frame.event.len() + frame.payload.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_by_number_and_by_bytes() {
        let log = FrameLog::new(Vsn::V2);
        log.set_on(true);
        let beat = r#"[null,"1","phoenix","heartbeat",{}]"#;
        for _ in 0..FRAMES + 20 {
            log.text_in(beat);
        }
        let logged = log.since(None);
        assert_eq!((logged.frames.len(), logged.forgotten), (FRAMES, 20));
        assert_eq!(logged.frames[0].number, 21);
        assert_eq!(log.since(Some(519)).frames.len(), 1);

        let columns: serde_json::Map<_, _> = (0..50)
            .map(|n| (format!("column_{n:040}"), 1.into()))
            .collect();
        let big = serde_json::json!([null, null, "realtime:chat", "INSERT", {"record": columns}]);
        for _ in 0..FRAMES {
            log.text_in(&big.to_string());
        }
        let logged = log.since(None);
        let held: usize = logged.frames.iter().map(weight).sum();
        assert!(held <= BYTES, "{held}");
        assert!(logged.frames.len() < FRAMES);
    }

    #[test]
    fn off_it_keeps_nothing_and_forgets_what_it_held() {
        let log = FrameLog::new(Vsn::V2);
        log.text_in("x");
        assert!(log.since(None).frames.is_empty());
        log.set_on(true);
        log.text_in("x");
        assert_eq!(log.since(None).frames.len(), 1);
        log.set_on(false);
        assert!(log.since(None).frames.is_empty());
        log.set_on(true);
        log.text_in("x");
        // Numbers go on: whoever asks for what is new is not misled.
        assert_eq!(log.since(None).frames[0].number, 2);
    }
}
