//! Who takes part in a session.

use tidings_model::{MemberId, MemberRole, SessionId, Timestamp, UserId};

/// A row of `chat_session_members`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Primary key.
    pub id: MemberId,
    /// Where.
    pub session: SessionId,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: MemberRole,
    /// Since when.
    pub joined_at: Option<Timestamp>,
}

/// Somebody who takes part in a session, its owner included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: MemberRole,
    /// Since when; of an owner, since when there is the session.
    pub joined_at: Option<Timestamp>,
}
