//! Sessions with several people: who is let in, who goes, and what the project says of it.

use tidings_contract::{self as api, ApiError, ErrorCode, GuestRole, MemberRoleName};

use crate::acts::Done;
use crate::oracle::{Picture, Shown};
use crate::program::Sharing;
use crate::world::World;

/// For how many seconds a code can be redeemed: longer than a program takes.
const INVITED_FOR: u32 = 86_400;

impl World {
    pub async fn share(&mut self, who: usize, sharing: Sharing) -> Done {
        let done = match sharing {
            Sharing::Invite { session, writes } => self.invite(who, session, writes).await?,
            Sharing::Join { invite } => {
                let code = self.invites.get(invite % self.invites.len().max(1));
                let Some(code) = code.cloned() else {
                    return Ok(None);
                };
                let redeem = api::RedeemInvite { code };
                Some(self.clients[who].call(redeem).await.map(drop))
            }
            Sharing::Leave { session } => match self.session(who, session).await? {
                Some(session) => {
                    let leave = api::LeaveSession { session };
                    Some(self.clients[who].call(leave).await.map(drop))
                }
                None => None,
            },
            Sharing::Remove { session } | Sharing::Role { session, .. } => {
                let Some(session) = self.session(who, session).await? else {
                    return Ok(None);
                };
                Some(self.of_guests(who, session, sharing).await)
            }
        };
        Ok(done.map(|done| done.or_else(allowed)))
    }

    async fn invite(&mut self, who: usize, session: usize, writes: bool) -> Done {
        let Some(session) = self.session(who, session).await? else {
            return Ok(None);
        };
        let role = role(writes);
        let create = api::CreateInvite {
            session,
            role,
            seconds: INVITED_FOR,
        };
        let made = self.clients[who].call(create).await;
        Ok(Some(made.map(|invite| self.invites.push(invite.code))))
    }

    /// Sends the guests of a session away, or has them write or only read.
    async fn of_guests(
        &self,
        who: usize,
        session: String,
        sharing: Sharing,
    ) -> Result<(), ApiError> {
        let client = &self.clients[who];
        let list = api::ListParticipants {
            session: session.clone(),
        };
        for person in client.call(list).await? {
            if person.role == MemberRoleName::Owner {
                continue;
            }
            let (session, user_id) = (session.clone(), person.user_id);
            if let Sharing::Role { writes, .. } = sharing {
                let role = role(writes);
                let set = api::SetMemberRole {
                    session,
                    user_id,
                    role,
                };
                client.call(set).await?;
            } else {
                client.call(api::RemoveMember { session, user_id }).await?;
            }
        }
        Ok(())
    }
}

fn role(writes: bool) -> GuestRole {
    if writes {
        GuestRole::Member
    } else {
        GuestRole::Reader
    }
}

/// What one may be told instead: it is the project's word, and needs a connection.
fn allowed(error: ApiError) -> Result<(), ApiError> {
    match error.code {
        ErrorCode::NotShared
        | ErrorCode::NotOwner
        | ErrorCode::Refused
        | ErrorCode::InviteUnknown
        | ErrorCode::InviteUsed => Ok(()),
        _ => Err(error),
    }
}

/// What a client says that its user may do is what the project says.
pub fn wrong(picture: &Picture, shown: &Shown, user: &str) -> Option<String> {
    let known = shown
        .sessions
        .iter()
        .filter(|row| !row.no_access && !row.unsent);
    for session in known {
        let Some(stored) = picture.sessions.get(&session.id) else {
            continue;
        };
        let role = if stored.owner.as_deref() == Some(user) {
            "owner"
        } else {
            match stored.guests.get(user) {
                Some(role) => role,
                // That it is shown at all is judged elsewhere.
                None => continue,
            }
        };
        let told = match session.role {
            None => continue,
            Some(MemberRoleName::Owner) => "owner",
            Some(MemberRoleName::Member) => "member",
            Some(MemberRoleName::Reader) => "reader",
        };
        if told != role {
            return Some(format!(
                "says {told} of session {}; it is {role}",
                session.id
            ));
        }
    }
    None
}

/// Of a session that one was taken out of, nothing is known that came later.
pub fn told_too_much(
    world: &World,
    picture: &Picture,
    shown: &Shown,
    user: &str,
) -> Option<String> {
    shown.sessions.iter().find_map(|session| {
        let stored = picture.sessions.get(&session.id)?;
        if stored.owner.as_deref() == Some(user) {
            return None;
        }
        let had_come = world.server.gone(user, &session.id)?;
        let rows = shown.messages[&session.id].iter();
        let later = rows.filter_map(|row| Some((picture.arrived.get(&row.id)?, row)));
        let (came, row) = later.into_iter().find(|(came, _)| came.before >= had_come)?;
        Some(format!(
            "takes part in session {} no more since {had_come} messages had come, and shows {row:?}, \
             which came as number {}",
            session.id,
            came.before + 1
        ))
    })
}
