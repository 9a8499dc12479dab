//! Sessions, messages, presence.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{MemberRoleName, NamedFile, SessionNotify};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// A person.
    User,
    /// An assistant.
    Assistant,
    /// The system.
    System,
}

/// What a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    /// Text.
    Text,
    /// A voice message.
    Voice,
    /// An action of an adapter.
    AdapterAction,
}

/// State of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatusName {
    /// In use.
    Active,
    /// At rest.
    Inactive,
    /// Put away; read-only.
    Archived,
}

/// A session in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent marks of one row"
)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// Its title; none shows as "Untitled".
    pub title: Option<String>,
    /// Its state.
    pub status: SessionStatusName,
    /// When something last happened in it, in milliseconds.
    pub last_activity: i64,
    /// The newest message, shortened.
    pub snippet: Option<Snippet>,
    /// Messages of others not seen yet.
    pub unread: u32,
    /// Own changes that wait to be sent.
    pub queued: u32,
    /// Own changes that wait for the user's word, because they are old.
    pub held: u32,
    /// Own changes that failed.
    pub failed: u32,
    /// What is being written.
    pub draft: Option<String>,
    /// Pinned on this device.
    pub pinned: bool,
    /// Which of its messages notify on this device.
    pub notify: SessionNotify,
    /// The project no longer shows it; kept read-only.
    pub no_access: bool,
    /// Made here and not sent yet.
    pub unsent: bool,
    /// What one may do in it; absent where nothing is known of that, on projects without shared
    /// sessions above all: then the project decides.
    pub role: Option<MemberRoleName>,
    /// How many people take part, oneself included; 0 where nothing is known of that.
    pub people: u32,
    /// Its messages were taken off this computer; they are fetched when it is opened.
    pub not_here: bool,
}

/// The newest message of a session, shortened to one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Snippet {
    /// Whether it is one's own.
    pub own: bool,
    /// Its author's name, if known.
    pub author: Option<String>,
    /// Who speaks.
    pub role: RoleName,
    /// What it carries.
    pub kind: KindName,
    /// Up to 200 characters.
    pub text: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent marks of one row"
)]
pub struct MessageRow {
    /// Its id.
    pub id: String,
    /// Its session.
    pub session: String,
    /// Its author's id.
    pub user_id: Option<String>,
    /// Its author's name, if known.
    pub author: Option<String>,
    /// Whether it is one's own.
    pub own: bool,
    /// Who speaks.
    pub role: RoleName,
    /// What it carries.
    pub kind: KindName,
    /// The text, or the transcript.
    pub content: String,
    /// Free data of the producer, as JSON.
    #[ts(type = "Record<string, unknown>")]
    pub metadata: serde_json::Value,
    /// The file that its metadata names, if it is a voice message that names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<NamedFile>,
    /// When the server stored it, or when it was written here, in milliseconds.
    pub created_at: i64,
    /// Whether its text was changed after it was stored.
    pub edited: bool,
    /// Whether parts of it have not arrived (a row over 1 MB); it is being read again.
    pub incomplete: bool,
    /// How far an own message, or a change to it, has come.
    pub state: SendState,
    /// Text of a change that waits to be sent, or failed.
    pub pending_edit: Option<String>,
    /// Whether its deletion waits to be sent.
    pub pending_delete: bool,
}

/// How far an own message has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SendState {
    /// Kept here, waiting.
    Queued,
    /// Kept here, waiting for the user's word: it was written more than two days ago. What follows
    /// it in its session waits with it.
    Held {
        /// When it was written, in milliseconds.
        written: i64,
    },
    /// On its way.
    Sending,
    /// The server has it; messages of others are always delivered.
    Delivered,
    /// Refused. Kept, to be tried again, changed or given up.
    Failed {
        /// A word the UI can act on: `access`, `rules`, `size`, `missing_session`, `deleted`,
        /// `other`.
        code: String,
        /// Why, in one sentence.
        reason: String,
    },
}

/// Arguments of `sessions`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListSessions {}

/// Arguments of `open_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// Which one.
    pub session: String,
}

/// A session that was opened.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OpenedSession {
    /// The session.
    pub session: SessionRow,
    /// Its newest messages.
    pub page: MessagePage,
    /// The first message not seen before it was opened.
    pub first_unread: Option<String>,
    /// Who is there.
    pub people: Vec<Person>,
}

/// Arguments of `close_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CloseSession {
    /// Which one.
    pub session: String,
}

/// Arguments of `messages`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetMessages {
    /// Which session.
    pub session: String,
    /// From where.
    pub at: PageAt,
    /// How many at most, 1 to 200.
    pub limit: u32,
}

/// Where a page of messages lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum PageAt {
    /// The newest.
    Latest,
    /// Those just before a message.
    Before {
        /// Id of that message.
        message: String,
    },
    /// Those just after a message.
    After {
        /// Id of that message.
        message: String,
    },
    /// A message with those around it.
    Around {
        /// Id of that message.
        message: String,
    },
    /// The same as far as they are here: what is missing is not fetched, for it is only looked at.
    AroundHere {
        /// Id of that message.
        message: String,
    },
}

/// A part of a session's messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MessagePage {
    /// Oldest first.
    pub rows: Vec<MessageRow>,
    /// Ids of the messages just before which others may be missing. Besides those of the page's
    /// rows, that of the message which the page was asked to come before.
    pub gaps: Vec<String>,
    /// How it goes on before the first row.
    pub before: Edge,
    /// How it goes on after the last row; never a gap.
    pub after: Edge,
}

/// What lies beyond the edge of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Nothing: this is the beginning or the end.
    End,
    /// More rows on this device.
    More,
    /// Rows that are not on this device; they are fetched when asked for, if there is a connection.
    Gap,
}

/// Arguments of `find_date`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct FindDate {
    /// Which session.
    pub session: String,
    /// The beginning of the day, in milliseconds.
    pub at: i64,
}

/// The message that a day begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DateFound {
    /// The first message of that day or later; none when everything is older.
    pub message: Option<String>,
    /// Whether nothing can be missing before it; false only without a connection.
    pub certain: bool,
}

/// Arguments of `create_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// Its title.
    pub title: Option<String>,
}

/// Arguments of `update_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UpdateSession {
    /// Which one.
    pub session: String,
    /// A new title; absent leaves it.
    pub title: Option<String>,
    /// A new state; absent leaves it.
    pub status: Option<SessionStatusName>,
}

/// Arguments of `delete_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeleteSession {
    /// Which one.
    pub session: String,
}

/// Arguments of `send_message`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// Which session.
    pub session: String,
    /// The text, 1 to 20,000 characters.
    pub content: String,
    /// The message it answers.
    pub reply_to: Option<String>,
}

/// Arguments of `edit_message`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EditMessage {
    /// Which message.
    pub message: String,
    /// The text as it shall be, 1 to 20,000 characters.
    pub content: String,
}

/// Arguments of `delete_message`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeleteMessage {
    /// Which message.
    pub message: String,
}

/// Arguments of `retry_message`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RetryMessage {
    /// Which message.
    pub message: String,
}

/// Arguments of `discard_message`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DiscardMessage {
    /// Which message.
    pub message: String,
}

/// Arguments of `mark_read`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MarkRead {
    /// Which session.
    pub session: String,
    /// The last message seen.
    pub message: String,
}

/// Arguments of `set_draft`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetDraft {
    /// Which session.
    pub session: String,
    /// What is being written; empty forgets it.
    pub text: String,
}

/// Arguments of `typing`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    /// Which session.
    pub session: String,
    /// Whether one is writing now.
    pub typing: bool,
}

/// Arguments of `pin_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PinSession {
    /// Which one.
    pub session: String,
    /// Whether it shall be pinned.
    pub pinned: bool,
}

/// Arguments of `details`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetDetails {
    /// Which session.
    pub session: String,
}

/// What is known of a session.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SessionDetails {
    /// The session.
    pub session: SessionRow,
    /// When it was made, in milliseconds.
    pub created_at: i64,
    /// Messages on this device.
    pub messages: u64,
    /// Ranges that have not been fetched.
    pub gaps: u32,
    /// Whether the first message of the session is on this device.
    pub complete: bool,
    /// When the newest range was last compared with the server, in milliseconds.
    pub verified_at: Option<i64>,
    /// What was fetched and what was not, oldest first.
    pub history: Vec<HistoryPart>,
    /// Who is there.
    pub people: Vec<Person>,
}

/// A part of a session's history: compared with the server as a whole, or not fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HistoryPart {
    /// Time of its oldest end, in milliseconds; none for the beginning of the session.
    pub from: Option<i64>,
    /// Time of its newest end, in milliseconds; none where it goes on by itself.
    pub to: Option<i64>,
    /// When it was last compared with the server, in milliseconds; none: it was not fetched.
    pub verified_at: Option<i64>,
}

/// Somebody in the open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Person {
    /// The user's id.
    pub user_id: String,
    /// The name they go by; a short form of the id if none is known.
    pub name: String,
    /// `online`, `away` or `offline`.
    pub status: PersonStatus,
    /// Whether they are writing in this session.
    pub typing: bool,
    /// Devices they are there with.
    pub devices: u32,
    /// Whether it is oneself.
    pub own: bool,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PersonStatus {
    /// There.
    Online,
    /// There, but idle.
    Away,
    /// Not there.
    Offline,
}
