//! Which messages show as edited. All that a project tells of it is when a row was written last.
//! That says more than it seems: the assistant writes on in its answers and moves its cards, and
//! rows that came from somewhere else have their old time and were written now, many at once.

use std::time::Duration;

use tidings_model::{Message, MessageKind, Role, Timestamp};

/// What is stored within this after its own time is as it was sent.
const STORED_WITHIN: Duration = Duration::from_secs(1);
/// Nobody changes two messages within this.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Whether the times of a message, by themselves, speak of a change by a person.
pub fn looks_edited(message: &Message) -> bool {
    matches!(
        (message.role, message.kind),
        (Role::User, MessageKind::Text)
    ) && message.updated_at.since(message.created_at) > STORED_WITHIN
}

/// When the messages were written that look edited, of those that are shown together.
pub struct Writes(Vec<Timestamp>);

impl Writes {
    pub fn of<'a>(messages: impl Iterator<Item = &'a Message>) -> Self {
        let mut times: Vec<_> = messages
            .filter(|message| looks_edited(message))
            .map(|message| message.updated_at)
            .collect();
        times.sort_unstable();
        Self(times)
    }

    /// Whether a message was changed by itself: not written in one go with others.
    pub fn shows_edited(&self, message: &Message) -> bool {
        if !looks_edited(message) {
            return false;
        }
        let written = message.updated_at;
        let from = self
            .0
            .partition_point(|time| written.since(*time) > AT_ONCE);
        let near = self.0[from..]
            .iter()
            .take_while(|time| time.since(written) <= AT_ONCE);
        near.count() <= 1
    }
}

#[cfg(test)]
mod tests {
    // Also in helpers, where clippy does not see a test.
    #![allow(clippy::unwrap_used)]

    use tidings_model::{Json, MessageId, MessageStatus, SessionId};

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn message(created: i64, updated: i64) -> Message {
        Message {
            id: MessageId::from_uuid(uuid::Uuid::now_v7()),
            session_id: SessionId::new("s").unwrap(),
            user_id: None,
            content: "Hello".to_owned(),
            role: Role::User,
            metadata: Json::empty(),
            created_at: Timestamp::from_millis(created),
            updated_at: Timestamp::from_millis(updated),
            status: MessageStatus::Delivered,
            kind: MessageKind::Text,
        }
    }

    fn shown(messages: &[Message]) -> Vec<bool> {
        let writes = Writes::of(messages.iter());
        messages.iter().map(|m| writes.shows_edited(m)).collect()
    }

    #[test]
    fn a_change_long_after_it_was_sent_shows() {
        let changed = [message(0, HOUR), message(HOUR, HOUR + 900)];
        assert_eq!(shown(&changed), [true, false]);
    }

    #[test]
    fn rows_written_into_the_past_in_one_go_do_not() {
        let brought: Vec<_> = (0..5).map(|n| message(n * 60_000, HOUR + n * 20)).collect();
        assert_eq!(shown(&brought), [false; 5]);
    }

    #[test]
    fn a_change_among_rows_that_were_brought_shows() {
        let mut rows: Vec<_> = (0..4).map(|n| message(n * 60_000, HOUR)).collect();
        rows.push(message(240_000, 2 * HOUR));
        assert_eq!(shown(&rows), [false, false, false, false, true]);
    }

    #[test]
    fn what_the_assistant_writes_on_and_what_is_spoken_do_not() {
        let mut rows = [message(0, HOUR), message(0, 2 * HOUR), message(0, 3 * HOUR)];
        rows[0].role = Role::Assistant;
        rows[1].kind = MessageKind::AdapterAction;
        rows[2].kind = MessageKind::Voice;
        assert_eq!(shown(&rows), [false; 3]);
    }
}
