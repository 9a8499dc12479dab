//! What the engine tells, and how an error looks.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Connection, Download, FiringRow, LockState, Machine, MessageRow, OutboxSummary, OwnPresence,
    Person, QuoteRow, RuleWaits, SessionRow, Settings, SignInState, WorkspaceInfo,
};

/// An event with its number. Numbers rise by one; a reader that sees a gap takes a new snapshot.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Numbered {
    /// Number of the event.
    pub seq: u64,
    /// Number of the first event that it stands for, where it stands for several in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub first: Option<u64>,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Events were dropped for a reader that was too slow: take a new snapshot.
    Resync,
    /// The list of workspaces changed, or another one came to the front.
    Workspaces {
        /// All workspaces.
        workspaces: Vec<WorkspaceInfo>,
        /// Id of the one in front.
        active: Option<String>,
    },
    /// The connection of the workspace in front changed.
    Connection {
        /// As it is now.
        connection: Connection,
    },
    /// What is fetched in the background of the workspace in front went on, or ended.
    Download {
        /// As it is now; none when nothing is missing.
        download: Option<Download>,
    },
    /// What is wrong with this computer changed, as far as the workspace in front meets it.
    Machine {
        /// As it is now.
        machine: Machine,
    },
    /// Somebody signed in or out in the workspace in front.
    Account {
        /// How far it has come.
        sign_in: SignInState,
    },
    /// Sessions changed, with all that their rows show.
    Sessions {
        /// Rows that changed or are new.
        changed: Vec<SessionRow>,
        /// Sessions that are gone.
        removed: Vec<String>,
    },
    /// Messages of the open session changed.
    Messages {
        /// The session.
        session: String,
        /// Rows that changed or are new, oldest first.
        changed: Vec<MessageRow>,
        /// Messages that are gone.
        removed: Vec<String>,
        /// Whether ranges were filled, so that pages should be read again.
        reread: bool,
    },
    /// The outbox changed.
    Outbox {
        /// As it is now.
        outbox: OutboxSummary,
    },
    /// Text of one's own was put behind a session's draft: the message that it should have
    /// changed was deleted meanwhile.
    Draft {
        /// The session.
        session: String,
        /// What was added.
        text: String,
    },
    /// Who is in the open session, and who is writing.
    People {
        /// The session.
        session: String,
        /// Everybody there.
        people: Vec<Person>,
    },
    /// Whether sessions can be shared on the project of the workspace in front changed.
    Sharing {
        /// As it is now.
        shares: bool,
    },
    /// One's own presence changed.
    Presence {
        /// As it is now.
        presence: OwnPresence,
    },
    /// Prices changed: the newest of each symbol since the last such event.
    Prices {
        /// Quotes without their sparkline points.
        quotes: Vec<QuoteRow>,
    },
    /// The watch-list changed: read it again.
    WatchList,
    /// What is kept of the past of symbols changed behind the newest prices: read it again.
    PriceHistory {
        /// Which symbols.
        symbols: Vec<String>,
    },
    /// Rules changed: read them again.
    Rules {
        /// Rules that are switched on.
        armed: u32,
    },
    /// Rules that follow the price wait for other prices than before; once a second at most.
    RuleWaits {
        /// The rules that moved, with the prices.
        rules: Vec<RuleWaits>,
    },
    /// A rule fired.
    Fired {
        /// The entry in the history.
        firing: FiringRow,
    },
    /// Alerts are muted, or told again.
    AlertsMuted {
        /// Until when, in milliseconds; none: they are told.
        until: Option<i64>,
    },
    /// Notifications are paused, or shown again.
    NotificationsPaused {
        /// Until when, in milliseconds; none: they are shown.
        until: Option<i64>,
    },
    /// What a notification would say, while the window is in front.
    Told {
        /// First line.
        title: String,
        /// The text below it; may be empty.
        body: String,
        /// What it is about.
        place: Place,
    },
    /// The lock closed or opened, a passphrase was set or taken away, or a wrong one makes the next
    /// one wait.
    Lock {
        /// As it is now.
        lock: LockState,
    },
    /// The settings changed.
    Settings {
        /// As they are now.
        settings: Settings,
    },
    /// Something to tell the user.
    Notice {
        /// How serious.
        level: NoticeLevel,
        /// What, in one or two sentences.
        message: String,
    },
    /// A notification was clicked, or the tray asked for it: show a place.
    Show {
        /// Which place.
        place: Place,
    },
}

/// How serious a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something does not work as it should.
    Warning,
    /// Something failed.
    Error,
}

/// A place in the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum Place {
    /// A session.
    Session {
        /// Which one.
        session: String,
        /// At which message.
        message: Option<String>,
    },
    /// The market tab, with a symbol's chart.
    Chart {
        /// Which symbol.
        symbol: String,
    },
    /// The alerts tab.
    Alerts,
    /// The window, as it was left.
    Window,
}

/// How a command failed. `code` is a word the UI acts on; `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApiError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened, what is safe, what to do.
    pub message: String,
    /// More for a report, if there is more.
    pub details: Option<String>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The command or its arguments are wrong.
    Invalid,
    /// No such session, message, rule or workspace.
    NotFound,
    /// No workspace is open.
    NoWorkspace,
    /// Nobody is signed in.
    SignedOut,
    /// The server did not answer.
    Offline,
    /// The server refused.
    Refused,
    /// Wrong mail address, password or code.
    Credentials,
    /// The project asks for a code from a mail first: `request_password_code` has one sent.
    Reauthentication,
    /// No invitation has this code (any more).
    InviteUnknown,
    /// Somebody has redeemed this invitation.
    InviteUsed,
    /// The time of this invitation is over.
    InviteExpired,
    /// Only the owner of the session may do this.
    NotOwner,
    /// Sessions cannot be shared on this project.
    NotShared,
    /// The key is of the wrong kind.
    Key,
    /// The lock is closed: nothing but opening it is carried out.
    Locked,
    /// This is not the passphrase of the lock.
    Passphrase,
    /// Too many wrong passphrases: the next one is taken later.
    TooSoon,
    /// The cache or the disk failed.
    Storage,
    /// The user gave up what was under way.
    Cancelled,
    /// A fault of the program.
    Internal,
}

impl ApiError {
    /// An error of a kind with a message for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}
