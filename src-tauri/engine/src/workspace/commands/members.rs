//! Sessions with several people: who takes part, invitations, roles. All but the list needs a
//! connection: nothing of it is queued, because whether it may be done is the project's word.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidings_cache::{CacheError, Incoming, ReadStamp, Source};
use tidings_contract as api;
use tidings_model::{MemberRole, SessionId, Timestamp, UserId};
use tidings_supabase::{Class, Error, Filter, Query, Rows};

use super::{invalid, no_session, session_id};
use crate::error::{EngineError, Result};
use crate::workspace::catch_up::{self, server_now};
use crate::workspace::remote::{self, Fields, table};
use crate::workspace::{Core, ingest, members, people, reread, rows};

const CREATE: &str = "chat_create_invite";
const REDEEM: &str = "chat_redeem_invite";
/// How long an invitation can hold, in seconds (`supabase/README.md`).
const LIFETIMES: std::ops::RangeInclusive<u32> = 60..=2_592_000;
/// Invitations that are listed at most.
const MOST_INVITES: u32 = 200;

#[derive(Serialize)]
struct Create<'a> {
    session: &'a str,
    role: &'static str,
    seconds: u32,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    role: String,
    code: String,
    expires_at: String,
}

#[derive(Serialize)]
struct Redeem<'a> {
    code: &'a str,
}

#[derive(Deserialize)]
struct Redeemed {
    session_id: String,
}

#[derive(Deserialize)]
struct InviteColumns {
    id: String,
    role: String,
    created_at: String,
    expires_at: String,
}

#[derive(Serialize)]
struct RoleRow {
    role: &'static str,
}

impl Core {
    pub async fn participants(
        &self,
        args: &api::ListParticipants,
    ) -> Result<Vec<api::Participant>> {
        let session = session_id(&args.session)?;
        let listed = self.cache.members(session.clone()).await?;
        let open = {
            let open = self.open.lock().await;
            open.as_ref()
                .is_some_and(|open| open.id == session && open.channel.is_some())
        };
        let here: Option<HashMap<String, api::Person>> = if open && self.state.is_up() {
            let people = people::here(self).await;
            Some(people.into_iter().map(|p| (p.user_id.clone(), p)).collect())
        } else {
            None
        };
        let (me, names) = (self.user(), self.names());
        let shown = listed.into_iter().map(|member| {
            let person = here.as_ref().map(|here| here.get(member.user.as_str()));
            let called = person.flatten().map(|person| person.name.clone());
            let name = names.of(&member.user).map(str::to_owned).or(called);
            api::Participant {
                name: name.unwrap_or_else(|| rows::short_id(member.user.as_str())),
                role: rows::member_role(member.role),
                own: Some(&member.user) == me.as_ref(),
                joined_at: member.joined_at.map(Timestamp::as_millis),
                status: person.map(|p| p.map_or(api::PersonStatus::Offline, |p| p.status)),
                devices: person.flatten().map_or(0, |person| person.devices),
                user_id: member.user.to_string(),
            }
        });
        Ok(shown.collect())
    }

    pub async fn create_invite(&self, args: &api::CreateInvite) -> Result<api::Invite> {
        let session = self.own_shared(&args.session).await?;
        if !LIFETIMES.contains(&args.seconds) {
            return Err(invalid("An invitation holds for a minute to thirty days."));
        }
        let arguments = Create {
            session: session.as_str(),
            role: guest_word(args.role),
            seconds: args.seconds,
        };
        let answer = self.rest.call_function(CREATE, &arguments).await;
        let made: Created = parsed(&answer.map_err(failed)?)?;
        Ok(api::Invite {
            role: guest(&made.role)?,
            expires_at: moment(&made.expires_at)?,
            id: made.id,
            code: made.code,
        })
    }

    pub async fn invites(&self, args: &api::ListInvites) -> Result<Vec<api::InviteRow>> {
        let session = self.own_shared(&args.session).await?;
        let query = Query::new()
            .columns(&["id", "role", "created_at", "expires_at"])
            .filter(
                Filter::eq("session_id", session.to_string())
                    .and(Filter::IsNull("redeemed_at"))
                    .and(Filter::gt("expires_at", server_now(self).to_string())),
            )
            .descending("created_at")
            .limit(MOST_INVITES);
        let answer = self.rest.select(table::INVITES, &query).await;
        let mut listed = Vec::new();
        for row in answer.map_err(failed)?.rows {
            let row: InviteColumns = parsed(&row)?;
            listed.push(api::InviteRow {
                role: guest(&row.role)?,
                created_at: moment(&row.created_at)?,
                expires_at: moment(&row.expires_at)?,
                id: row.id,
            });
        }
        Ok(listed)
    }

    pub async fn withdraw_invite(&self, args: &api::WithdrawInvite) -> Result<api::Nothing> {
        self.shared()?;
        let id = uuid::Uuid::parse_str(&args.invite).map_err(invalid)?;
        let filter = Filter::eq("id", id.to_string()).and(Filter::IsNull("redeemed_at"));
        let gone = self.rest.delete(table::INVITES, &filter).await;
        if gone.map_err(failed)?.rows.is_empty() {
            return Err(EngineError::NotFound(
                "This invitation is not open any more: it was redeemed or withdrawn meanwhile."
                    .to_owned(),
            ));
        }
        Ok(api::Nothing {})
    }

    /// Repeating it is safe: who takes part already spends no invitation.
    pub async fn redeem_invite(&self, args: &api::RedeemInvite) -> Result<api::SessionRow> {
        self.shared()?;
        let code = as_told(&args.code);
        if code.is_empty() {
            return Err(invalid("Enter the code of an invitation."));
        }
        let answer = self
            .rest
            .call_function(REDEEM, &Redeem { code: &code })
            .await;
        let redeemed: Redeemed = parsed(&answer.map_err(redeem_failed)?)?;
        let session = session_id(&redeemed.session_id)?;
        self.take_in(&session).await.map_err(redeem_failed)?;
        self.sync.joined(session.clone());
        self.session_row(&session).await
    }

    async fn take_in(&self, session: &SessionId) -> Result<(), Error> {
        reread::sessions_by_key(self, std::slice::from_ref(session)).await?;
        let read = members::by_session(self, BTreeSet::from([session.clone()])).await;
        match read {
            Err(catch_up::Error::Server(error)) => Err(error),
            // The session is there; who takes part is read by the next catch-up.
            Err(catch_up::Error::Cache(error)) => {
                tracing::error!(%error, "who takes part was not kept");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    pub async fn set_member_role(&self, args: &api::SetMemberRole) -> Result<api::Nothing> {
        let session = self.own_shared(&args.session).await?;
        let (user, began) = (user_id(&args.user_id)?, self.cache.stamp());
        let row = RoleRow {
            role: guest_word(args.role),
        };
        let stay = stay(&session, &user);
        let answer = self.rest.update(table::MEMBERS, &stay, &row).await;
        let answer = answer.map_err(failed)?;
        let source = Source::OwnWrite(ReadStamp {
            began,
            ended: self.cache.stamp(),
        });
        let facts = answered(&answer).map(|row| Incoming::Member { row, source });
        self.changed(session, facts.collect()).await
    }

    pub async fn remove_member(&self, args: &api::RemoveMember) -> Result<api::Nothing> {
        let session = self.own_shared(&args.session).await?;
        let user = user_id(&args.user_id)?;
        let facts = self.end_stay(&session, &user).await?;
        self.changed(session, facts).await
    }

    pub async fn leave_session(&self, args: &api::LeaveSession) -> Result<api::Nothing> {
        let (session, role) = self.shared_session(&args.session).await?;
        if role == Some(MemberRole::Owner) {
            return Err(invalid(
                "The owner cannot leave a session. Delete it, or remove the others.",
            ));
        }
        let user = self.user().ok_or(CacheError::NoAccount)?;
        let facts = self.end_stay(&session, &user).await?;
        // Of one who was removed meanwhile nothing is left to end.
        self.cache.ingest(facts).await?;
        self.look_at(session).await;
        Ok(api::Nothing {})
    }

    async fn end_stay(&self, session: &SessionId, user: &UserId) -> Result<Vec<Incoming>> {
        let began = self.cache.stamp();
        let answer = self
            .rest
            .delete(table::MEMBERS, &stay(session, user))
            .await
            .map_err(failed)?;
        let source = Source::OwnWrite(ReadStamp {
            began,
            ended: self.cache.stamp(),
        });
        let gone = answered(&answer).map(|row| Incoming::MemberGone { id: row.id, source });
        Ok(gone.collect())
    }

    /// Takes in what the server answered to a change. Nothing: there was nothing to change, or it
    /// may not be changed.
    async fn changed(&self, session: SessionId, facts: Vec<Incoming>) -> Result<api::Nothing> {
        if facts.is_empty() {
            self.look_at(session.clone()).await;
            let role = self.cache.session(session).await?.and_then(|s| s.role);
            return Err(if role == Some(MemberRole::Owner) {
                EngineError::NotFound(
                    "They do not take part in this session any more. Nothing was changed."
                        .to_owned(),
                )
            } else {
                EngineError::NotOwner
            });
        }
        let report = self.cache.ingest(facts).await?;
        ingest::applied(self, report);
        Ok(api::Nothing {})
    }

    /// Reads who takes part in a session; later, if it cannot be read now.
    async fn look_at(&self, session: SessionId) {
        let read = members::by_session(self, BTreeSet::from([session])).await;
        if let Err(error) = read {
            tracing::info!(%error, "who takes part in a session was not read");
            self.sync.catch_up();
        }
    }

    /// On a project where sessions can be shared.
    fn shared(&self) -> Result<()> {
        if self.part().is_installed() {
            Ok(())
        } else {
            Err(EngineError::NotShared)
        }
    }

    /// A session on such a project, and one's own role in it.
    async fn shared_session(&self, session: &str) -> Result<(SessionId, Option<MemberRole>)> {
        self.shared()?;
        let id = session_id(session)?;
        let known = self.cache.session(id.clone()).await?;
        let known = known.ok_or_else(no_session)?;
        if known.unsent {
            return Err(invalid(
                "This session is not at the project yet. Share it once it was sent.",
            ));
        }
        Ok((id, known.role))
    }

    /// Such a session of one's own.
    async fn own_shared(&self, session: &str) -> Result<SessionId> {
        let (id, role) = self.shared_session(session).await?;
        match role {
            // What is not known the project decides.
            Some(MemberRole::Owner) | None => Ok(id),
            Some(MemberRole::Member | MemberRole::Reader) => Err(EngineError::NotOwner),
        }
    }
}

/// The row that says that a user takes part in a session, the owner's never.
fn stay(session: &SessionId, user: &UserId) -> Filter {
    Filter::eq("session_id", session.to_string())
        .and(Filter::eq("user_id", user.to_string()))
        .and(Filter::neq("role", MemberRole::Owner.as_str()))
}

fn answered(answer: &Rows) -> impl Iterator<Item = tidings_cache::MemberRow> {
    answer.rows.iter().filter_map(|row| {
        let fields = Fields::of_answer(row, table::MEMBERS);
        let read = fields.and_then(|fields| remote::member(&fields));
        read.inspect_err(|error| tracing::warn!(%error, "the answer to a change"))
            .ok()
    })
}

/// A code as it was told: copied with spaces or line breaks, or typed in groups.
fn as_told(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    plain.flat_map(char::to_lowercase).collect()
}

fn user_id(text: &str) -> Result<UserId> {
    UserId::new(text).map_err(invalid)
}

const fn guest_word(role: api::GuestRole) -> &'static str {
    match role {
        api::GuestRole::Member => MemberRole::Member.as_str(),
        api::GuestRole::Reader => MemberRole::Reader.as_str(),
    }
}

fn guest(word: &str) -> Result<api::GuestRole> {
    match word.parse() {
        Ok(MemberRole::Member) => Ok(api::GuestRole::Member),
        Ok(MemberRole::Reader) => Ok(api::GuestRole::Reader),
        Ok(MemberRole::Owner) | Err(_) => Err(unreadable(format!("an invitation as {word:?}"))),
    }
}

fn moment(text: &str) -> Result<i64> {
    let at: Timestamp = text.parse().map_err(unreadable)?;
    Ok(at.as_millis())
}

fn parsed<'a, T: Deserialize<'a>>(answer: &'a RawValue) -> Result<T> {
    // The words of serde's errors may hold values, and a code must not be told.
    serde_json::from_str(answer.get())
        .map_err(|error| unreadable(format!("{:?}", error.classify())))
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn unreadable(problem: impl ToString) -> EngineError {
    Error::InvalidAnswer(problem.to_string()).into()
}

/// A failure in words that say what it means for the session.
fn failed(error: Error) -> EngineError {
    if members::is_missing(&error) {
        return EngineError::NotShared;
    }
    match (error.code(), error.class()) {
        (Some("42501"), _) => EngineError::NotOwner,
        (_, Class::Network) => EngineError::NeedsConnection("Nothing was changed."),
        _ => error.into(),
    }
}

fn redeem_failed(error: Error) -> EngineError {
    let told = match &error {
        Error::Api(api) if api.code.as_deref() == Some("P0001") => api.message.as_str(),
        _ => "",
    };
    match told {
        "invite_unknown" => EngineError::InviteUnknown,
        "invite_used" => EngineError::InviteUsed,
        "invite_expired" => EngineError::InviteExpired,
        _ if error.class() == Class::Network => EngineError::NeedsConnection(
            "If the code was redeemed all the same, redeeming it again does no harm.",
        ),
        _ if members::is_missing(&error) => EngineError::NotShared,
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_as_it_was_copied_or_typed() {
        for text in ["ab12cd34", " AB12 cd34\n", "ab12-cd34"] {
            assert_eq!(as_told(text), "ab12cd34");
        }
    }
}
