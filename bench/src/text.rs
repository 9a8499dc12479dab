//! Messages that are made up, the same in every run.

use std::fmt::Write as _;

use tidings_cache::PartialMessage;
use tidings_model::{Json, MessageId, SessionId, Timestamp, UserId};
use uuid::Uuid;

/// Words that messages are made of; the commonest is one in fifteen.
const WORDS: u64 = 40_000;
/// Every so many messages is Chinese.
const CHINESE: u64 = 10;
/// When the first message was written, in microseconds: 2025-01-01.
const BEGAN: i64 = 1_735_689_600_000_000;
/// Between two messages.
const BETWEEN: i64 = 20_000_000;

const ONSETS: [&str; 16] = [
    "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];

/// Numbers that look random and are the same in every run (splitmix64).
#[derive(Debug, Clone, Copy)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A word's rank, by Zipf's law: the second is half as common as the first, and so on.
    fn rank(&mut self) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((WORDS as f64).ln() * unit).exp() as u64 - 1).min(WORDS - 1)
    }
}

/// The word of a rank. Ranks are spread over the vowels, so that beginnings are shared.
pub fn word(rank: u64) -> String {
    let mut word = String::new();
    let mut rest = rank + 128;
    while rest > 0 {
        word.push_str(ONSETS[(rest % 16) as usize]);
        word.push_str(VOWELS[(rest / 16 % 8) as usize]);
        rest /= 128;
    }
    word
}

/// A Chinese character; a few hundred are common.
fn character(numbers: &mut Numbers) -> char {
    let at = (numbers.rank() % 3_000) as u32;
    char::from_u32(0x4e00 + at).unwrap_or('\u{4e00}')
}

/// A text of about so many bytes.
fn text(numbers: &mut Numbers, bytes: usize, chinese: bool) -> String {
    let mut text = String::with_capacity(bytes + 8);
    while text.len() < bytes {
        if chinese {
            text.push(character(numbers));
            if numbers.below(12) == 0 {
                text.push('，');
            }
        } else {
            let _ = write!(text, "{} ", word(numbers.rank()));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Messages of one session that follow each other before another one has its turn: people talk for
/// a while.
const TALK: u64 = 20;

/// The number of the session that a message belongs to, of so many.
pub fn session_of(number: u64, sessions: u64) -> u64 {
    number / TALK % sessions
}

/// How many messages of its session come before a message.
pub fn place_in_session(number: u64, sessions: u64) -> u64 {
    number / (TALK * sessions) * TALK + number % TALK
}

/// The id of the session with a number.
pub fn session_id(number: u64) -> SessionId {
    let id = format!("00000000-0000-7000-8000-{number:012x}");
    SessionId::new(id).expect("a session's id")
}

/// A message by its number, of about so many bytes.
pub fn message(number: u64, sessions: u64, bytes: usize) -> PartialMessage {
    let mut numbers = Numbers(number);
    let at = BEGAN + i64::try_from(number).expect("a small number") * BETWEEN;
    let at = Timestamp::from_micros(at);
    let id = Uuid::from_u64_pair(
        u64::try_from(at.as_millis()).expect("a late time") << 16 | 0x7000,
        0x8000_0000_0000_0000 | numbers.next() >> 2,
    );
    let (user, role) = if number % 3 == 1 {
        ("00000000-0000-4000-8000-00000000000b", "assistant")
    } else {
        ("00000000-0000-4000-8000-00000000000a", "user")
    };
    let content = text(&mut numbers, bytes, number % CHINESE == 0);
    PartialMessage {
        session_id: session_id(session_of(number, sessions)).into(),
        user_id: UserId::new(user).expect("a user's id").into(),
        content: content.into(),
        role: role.to_owned().into(),
        metadata: Json::empty().into(),
        created_at: at.into(),
        updated_at: at.into(),
        status: "delivered".to_owned().into(),
        kind: "text".to_owned().into(),
        ..PartialMessage::new(MessageId::from_uuid(id))
    }
}
