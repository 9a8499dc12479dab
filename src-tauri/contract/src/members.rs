//! Sessions with several people.

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::PersonStatus;

/// What somebody may do in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MemberRoleName {
    /// Everything; whose session it is.
    Owner,
    /// Read and write.
    Member,
    /// Read.
    Reader,
}

/// What the owner of a session can let others do in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GuestRole {
    /// Read and write.
    Member,
    /// Read.
    Reader,
}

/// Arguments of `participants`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListParticipants {
    /// Which session.
    pub session: String,
}

/// Somebody who takes part in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Participant {
    /// The user's id.
    pub user_id: String,
    /// The name they go by; a short form of the id if none is known.
    pub name: String,
    /// What they may do.
    pub role: MemberRoleName,
    /// Whether it is oneself.
    pub own: bool,
    /// Since when they take part, in milliseconds.
    pub joined_at: Option<i64>,
    /// Whether they are there; absent where that is not known: in a session that is not open, or
    /// without a connection.
    pub status: Option<PersonStatus>,
    /// Devices they are there with.
    pub devices: u32,
}

/// Arguments of `create_invite`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CreateInvite {
    /// Which session.
    pub session: String,
    /// What the one who comes may do.
    pub role: GuestRole,
    /// For how many seconds the code can be redeemed: 60 to 2,592,000.
    pub seconds: u32,
}

/// An invitation that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Invite {
    /// Its id.
    pub id: String,
    /// What the one who comes may do.
    pub role: GuestRole,
    /// What redeems it, once. It is told here and never again.
    pub code: String,
    /// Until when, in milliseconds.
    pub expires_at: i64,
}

/// Arguments of `invites`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListInvites {
    /// Which session.
    pub session: String,
}

/// An invitation that nobody has redeemed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InviteRow {
    /// Its id.
    pub id: String,
    /// What the one who comes may do.
    pub role: GuestRole,
    /// When it was made, in milliseconds.
    pub created_at: i64,
    /// Until when, in milliseconds.
    pub expires_at: i64,
}

/// Arguments of `withdraw_invite`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WithdrawInvite {
    /// Id of the invitation.
    pub invite: String,
}

/// Arguments of `redeem_invite`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RedeemInvite {
    /// The code, as it was told or typed.
    pub code: String,
}

/// Arguments of `set_member_role`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetMemberRole {
    /// Which session.
    pub session: String,
    /// Whose role.
    pub user_id: String,
    /// What they may do from now on.
    pub role: GuestRole,
}

/// Arguments of `remove_member`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RemoveMember {
    /// Which session.
    pub session: String,
    /// Who.
    pub user_id: String,
}

/// Arguments of `leave_session`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LeaveSession {
    /// Which one.
    pub session: String,
}

// Whoever has a code can come in: it is printed nowhere.
impl Debug for Invite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Debug for RedeemInvite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedeemInvite").finish_non_exhaustive()
    }
}
