//! The words every part shares: ids, messages, sessions, presence, prices and time.
//!
//! Plain data and pure functions; no I/O, no runtime. A value that exists is valid:
//! parsing is where bad input is refused, with an error that says what was wrong.

mod chat;
mod clock;
mod decimal;
mod ids;
mod json;
mod locale;
mod price;
mod quiet;
mod time;

pub use chat::{
    MAX_CONTENT_CHARS, MemberRole, Message, MessageKind, MessageStatus, PresenceStatus, Role,
    Session, SessionStatus, UnknownWord,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use decimal::{Decimal, DecimalError};
pub use ids::{IdError, MemberId, MessageId, RuleId, SessionId, Symbol, UserId, WorkspaceId};
pub use json::{Json, JsonError};
pub use locale::{Language, Locale};
pub use price::{Quote, Tick};
pub use quiet::{QuietError, QuietHours, system_zone};
pub use time::{TimeError, Timestamp};
