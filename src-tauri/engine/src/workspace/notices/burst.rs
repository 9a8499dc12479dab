//! What a session's notification says already: a newer one takes its place, and says it too.

use std::collections::{HashMap, VecDeque};

use tidings_cache::MessageKey;
use tidings_model::SessionId;

/// Messages of which a notification shows the text.
pub(super) const LINES: usize = 3;
/// Sessions that are remembered; beyond it all are forgotten, and counted anew.
const SESSIONS: usize = 256;

/// By session, what was told since somebody last read it.
#[derive(Debug, Default)]
pub(super) struct Bursts(HashMap<SessionId, Burst>);

/// Told in one session, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Burst {
    /// How many messages.
    pub count: usize,
    /// The newest of them.
    pub lines: VecDeque<String>,
    /// The last one.
    last: MessageKey,
}

impl Bursts {
    /// Adds so many messages to what was told in a session, with the text of the newest of them. What
    /// was told is forgotten if it was read: if `first_unread` lies behind it, or there is none.
    pub fn add(
        &mut self,
        session: &SessionId,
        count: usize,
        lines: Vec<String>,
        last: MessageKey,
        first_unread: Option<MessageKey>,
    ) -> Burst {
        let read = |burst: &Burst| first_unread.is_none_or(|first| first > burst.last);
        if self.0.get(session).is_some_and(read) {
            self.0.remove(session);
        }
        if self.0.len() >= SESSIONS {
            self.0.clear();
        }
        let burst = self.0.entry(session.clone()).or_insert_with(|| Burst {
            count: 0,
            lines: VecDeque::new(),
            last,
        });
        burst.count += count;
        burst.last = burst.last.max(last);
        burst.lines.extend(lines);
        burst.lines.drain(..burst.lines.len().saturating_sub(LINES));
        burst.clone()
    }

    /// Somebody looks at the session.
    pub fn forget(&mut self, session: &SessionId) {
        self.0.remove(session);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tidings_model::{MessageId, Timestamp};

    use super::*;

    fn key(second: i64) -> MessageKey {
        MessageKey {
            at: Timestamp::from_millis(second * 1000),
            id: MessageId::from_uuid(uuid::Uuid::nil()),
        }
    }

    #[test]
    fn it_counts_until_it_is_read_and_shows_the_newest() {
        let session = SessionId::new("s").unwrap();
        let mut bursts = Bursts::default();
        let mut add = |text: &str, at, first_unread| {
            bursts.add(&session, 1, vec![text.to_owned()], key(at), first_unread)
        };
        for at in 1..=4 {
            let burst = add(&format!("m{at}"), at, Some(key(1)));
            assert_eq!(usize::try_from(at).unwrap(), burst.count);
        }
        let burst = add("m5", 5, Some(key(2)));
        assert_eq!(burst.lines, ["m3", "m4", "m5"]);
        // All of them were read, and one came after that.
        let burst = add("m6", 6, Some(key(6)));
        assert_eq!((burst.count, burst.lines.len()), (1, 1));
        bursts.forget(&session);
        assert_eq!(bursts.add(&session, 0, vec![], key(7), None).count, 0);
    }
}
