//! Sessions and messages as they are read.

use tidings_model::{Json, MemberRole, Message, MessageKind, Role, Session, Timestamp, UserId};

use super::outbox::FailReason;

/// State of a write of one's own that the server has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnState {
    /// Waits for its turn or the network.
    Queued,
    /// Waits for the user's word: it was written long ago.
    Held {
        /// When it was written.
        written: Timestamp,
    },
    /// Under way.
    Sending,
    /// Refused for good; kept until retried, edited or discarded.
    Failed(FailReason),
}

/// A message as cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedMessage {
    /// The row, with an unsent edit of one's own applied.
    pub message: Message,
    /// State of the newest own write on it; `None` when the server has confirmed all.
    pub state: Option<OwnState>,
    /// Parts are missing until it is read again (over 1 MB, not granted).
    pub incomplete: bool,
    /// The content shown is an edit that the server has not confirmed.
    pub edited_locally: bool,
}

/// The beginning of a session's last message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// Its author.
    pub author: Option<UserId>,
    /// Who speaks.
    pub role: Role,
    /// What it carries.
    pub kind: MessageKind,
    /// Free data of its producer.
    pub metadata: Json,
    /// At most 200 characters, on one line.
    pub text: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Which messages of a session notify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Notify {
    /// All.
    #[default]
    All,
    /// Those that mention oneself.
    Mentions,
    /// None.
    Muted,
}

/// A session as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts that are independent of each other"
)]
pub struct SessionSummary {
    /// The row, with unsent changes of one's own applied.
    pub session: Session,
    /// When something last happened: the later of the row's word and the newest message.
    pub activity: Timestamp,
    /// Messages of others after the read position, at most [`UNREAD_CAP`].
    pub unread: u32,
    /// The newest message.
    pub last_message: Option<Snippet>,
    /// Own writes that wait or are under way.
    pub queued: u32,
    /// Own writes that wait for the user's word.
    pub held: u32,
    /// Own writes that were refused.
    pub failed: u32,
    /// Unfinished text.
    pub draft: Option<String>,
    /// Kept on top of the list.
    pub pinned: bool,
    /// Which of its messages notify.
    pub notify: Notify,
    /// The server no longer shows it to this account: read-only, kept.
    pub no_access: bool,
    /// Made here and not confirmed by the server yet.
    pub unsent: bool,
    /// As what the account takes part, as far as it is known.
    pub role: Option<MemberRole>,
    /// How many take part besides the owner, as far as it is known.
    pub members: u32,
    /// Messages of it were taken off this computer on purpose: what is missing is fetched only
    /// for somebody who looks.
    pub trimmed: bool,
    /// No message of it is on this computer.
    pub bare: bool,
}

/// Unread counts stop here: more is shown as "999+".
pub const UNREAD_CAP: u32 = 1000;
