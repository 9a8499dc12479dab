//! Messages, sessions and presence, as the four tables describe them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Json, MessageId, SessionId, Timestamp, UserId};

/// Characters (Unicode scalar values) that a message of one's own may have.
pub const MAX_CONTENT_CHARS: usize = 20_000;

/// A word that the schema's CHECK constraint does not list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} cannot be {word:?}")]
pub struct UnknownWord {
    /// Which column or type was read.
    pub what: &'static str,
    /// The word found, shortened to 64 characters.
    pub word: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The word that stands in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { what: $what, word: word.chars().take(64).collect() }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// Who speaks (`chat_messages.role`).
    Role, "role" {
        /// A person.
        User = "user",
        /// An assistant.
        Assistant = "assistant",
        /// The system: someone joined, a title changed.
        System = "system",
    }
);
words!(
    /// What a message carries (`chat_messages.message_type`).
    MessageKind, "message type" {
        /// Text, read as markdown from an assistant.
        Text = "text",
        /// A voice message; `content` is the transcript.
        Voice = "voice",
        /// An action of an adapter, described in `metadata`.
        AdapterAction = "adapter_action",
    }
);
words!(
    /// What the server says of a message (`chat_messages.status`).
    MessageStatus, "message status" {
        /// Still being written.
        Sending = "sending",
        /// Stored.
        Delivered = "delivered",
        /// Not delivered by its producer.
        Failed = "failed",
        /// Ended in an error at its producer.
        Error = "error",
    }
);
words!(
    /// State of a session (`chat_sessions.status`).
    SessionStatus, "session status" {
        /// In use.
        Active = "active",
        /// At rest.
        Inactive = "inactive",
        /// Put away; read-only.
        Archived = "archived",
    }
);
words!(
    /// Whether somebody is there (`user_presence.status`).
    PresenceStatus, "presence status" {
        /// There.
        Online = "online",
        /// There, but idle.
        Away = "away",
        /// Not there, or not wishing to be seen.
        Offline = "offline",
    }
);

words!(
    /// What somebody may do in a session (`chat_session_members.role`).
    MemberRole, "role in a session" {
        /// Everything; whose session it is.
        Owner = "owner",
        /// Read and write.
        Member = "member",
        /// Read.
        Reader = "reader",
    }
);

/// A row of `chat_messages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Primary key, minted by the sender.
    pub id: MessageId,
    /// The session it belongs to.
    pub session_id: SessionId,
    /// Its author; none for assistants and the system on most projects.
    pub user_id: Option<UserId>,
    /// The text, or the transcript of a voice message.
    pub content: String,
    /// Who speaks.
    pub role: Role,
    /// Free data of the producer.
    pub metadata: Json,
    /// When the server stored it.
    pub created_at: Timestamp,
    /// When it was last changed, if the project keeps that up to date.
    pub updated_at: Timestamp,
    /// What the server says of it.
    pub status: MessageStatus,
    /// What it carries.
    pub kind: MessageKind,
}

/// A row of `chat_sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Primary key.
    pub id: SessionId,
    /// Its owner.
    pub user_id: Option<UserId>,
    /// Title as given; none shows as "Untitled".
    pub title: Option<String>,
    /// Whether it is in use.
    pub status: SessionStatus,
    /// When something last happened in it, as the project says.
    pub last_activity: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its row was last changed, if the project keeps that up to date.
    pub updated_at: Timestamp,
    /// Free data.
    pub metadata: Json,
}
