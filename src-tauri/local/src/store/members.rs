//! The members part: what `supabase/migrations/…_members.sql` does with triggers, constraints
//! and functions.

use std::time::Duration;

use rusqlite::params;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::{PgError, StoreError};
use super::schema::{CHAT_SESSION_INVITES, CHAT_SESSION_MEMBERS, Table, TableId};
use super::value::{Row, Value};
use super::write::WriteTx;
use super::{policy, read, sync};
use crate::auth::{Claims, Role};

/// The version that `chat_members_info` tells.
pub(crate) const VERSION: i64 = 1;

/// How long an invitation can be redeemed, in seconds.
const LIFETIMES: std::ops::RangeInclusive<i64> = 60..=2_592_000;

/// The owner's row follows the session's `user_id`.
pub(super) fn follow_owner(tx: &mut WriteTx<'_>, session: &Row) -> Result<(), StoreError> {
    let id = session.key();
    for former in members(tx, "WHERE session_id = ?1 AND role = 'owner'", params![id])? {
        tx.delete(former)?;
    }
    let user = session.get("user_id");
    if user.is_null() {
        return Ok(());
    }
    let rest = "WHERE session_id = ?1 AND user_id = ?2";
    if let Some(member) = members(tx, rest, params![id, user])?.pop() {
        let mut owner = member.clone();
        owner.set("role", Value::Text("owner".to_owned()));
        return tx.update(member, owner);
    }
    let mut owner = with_defaults(tx, &CHAT_SESSION_MEMBERS);
    owner.set("session_id", id.clone());
    owner.set("user_id", user.clone());
    owner.set("role", Value::Text("owner".to_owned()));
    tx.insert(owner)
}

/// A session that is deleted takes its members and invitations along.
pub(super) fn follow_deletion(tx: &mut WriteTx<'_>, session: &Row) -> Result<(), StoreError> {
    let rest = "WHERE session_id = ?1 ORDER BY rowid";
    for table in [&CHAT_SESSION_MEMBERS, &CHAT_SESSION_INVITES] {
        for row in read::rows(tx.connection(), table, rest, [session.key()])? {
            tx.delete(row)?;
        }
    }
    Ok(())
}

/// With the sync part who comes, goes or changes counts, the owner's row aside, which changes
/// with its session alone.
pub(super) fn count_revision(tx: &WriteTx<'_>, member: &Row) -> Result<(), StoreError> {
    if !tx.parts().sync || member.get("role").as_str() == Some("owner") {
        return Ok(());
    }
    if let Some(session) = member.get("session_id").as_str() {
        sync::next_rev(tx.connection(), session)?;
    }
    Ok(())
}

/// `42501`: what a row is known by stays, for whoever policies bind.
pub(super) fn freeze(claims: &Claims, old: &Row, new: &Row) -> Result<(), PgError> {
    let changed = ["id", "user_id", "created_at"]
        .iter()
        .any(|name| old.get(name) != new.get(name));
    if changed && claims.role != Role::ServiceRole {
        let message = "id, user_id and created_at cannot be changed";
        return Err(PgError::new("42501", message.to_owned()));
    }
    Ok(())
}

/// Foreign and unique keys of a member's or an invitation's row.
pub(super) fn check(tx: &WriteTx<'_>, row: &Row) -> Result<(), StoreError> {
    let name = row.table.name;
    let connection = tx.connection();
    let known = connection
        .prepare_cached("SELECT 1 FROM chat_sessions WHERE id = ?1")?
        .exists([row.get("session_id")])?;
    if !known {
        let message = format!(
            "insert or update on table \"{name}\" violates foreign key constraint \
             \"{name}_session_id_fkey\""
        );
        return Err(PgError::new("23503", message).into());
    }
    let (constraint, taken) = if row.table.id == TableId::Invites {
        let sql = "SELECT 1 FROM chat_session_invites WHERE code_hash = ?1 AND id <> ?2";
        let taken = connection
            .prepare_cached(sql)?
            .exists(params![row.get("code_hash"), row.key()])?;
        ("chat_session_invites_code_hash_key", taken)
    } else {
        let sql = "SELECT 1 FROM chat_session_members WHERE session_id = ?1 AND id <> ?2 \
            AND (user_id = ?3 OR (role = 'owner' AND ?4 = 'owner'))";
        let taken = connection.prepare_cached(sql)?.exists(params![
            row.get("session_id"),
            row.key(),
            row.get("user_id"),
            row.get("role")
        ])?;
        ("chat_session_members_session_id_user_id_key", taken)
    };
    if taken {
        let message = format!("duplicate key value violates unique constraint \"{constraint}\"");
        return Err(PgError::new("23505", message).into());
    }
    Ok(())
}

/// A session that has members keeps its key.
pub(super) fn check_key(tx: &WriteTx<'_>, old: Option<&Row>, new: &Row) -> Result<(), StoreError> {
    let Some(old) = old.filter(|old| old.key() != new.key()) else {
        return Ok(());
    };
    if members(tx, "WHERE session_id = ?1", [old.key()])?.is_empty() {
        return Ok(());
    }
    let message = "update or delete on table \"chat_sessions\" violates foreign key constraint \
        \"chat_session_members_session_id_fkey\" on table \"chat_session_members\"";
    Err(PgError::new("23503", message.to_owned()).into())
}

/// An invitation as its maker is told of it.
#[derive(Debug)]
pub(crate) struct Invite {
    /// The row that is kept.
    pub row: Row,
    /// What redeems it; only its hash is kept.
    pub code: String,
}

/// `chat_create_invite`: by the owner, with a role, for `seconds`.
pub(crate) fn create_invite(
    tx: &mut WriteTx<'_>,
    sub: &str,
    session: &str,
    role: Option<&str>,
    seconds: Option<i64>,
) -> Result<Invite, StoreError> {
    let refused = |code, message: &str| Err(PgError::new(code, message.to_owned()).into());
    if policy::role_in(tx.connection(), sub, session)?.as_deref() != Some("owner") {
        return refused("42501", "only the owner of a session invites to it");
    }
    let Some(role) = role.filter(|role| ["member", "reader"].contains(role)) else {
        return refused("22023", "an invitation is for a member or a reader");
    };
    let Some(seconds) = seconds.filter(|seconds| LIFETIMES.contains(seconds)) else {
        return refused("22023", "an invitation is for a minute to thirty days");
    };
    let lifetime = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let mut secret = [0_u8; 16];
    rand::fill(&mut secret);
    let code = data_encoding::HEXLOWER.encode(&secret);
    let mut row = with_defaults(tx, &CHAT_SESSION_INVITES);
    row.set("session_id", Value::Text(session.to_owned()));
    row.set("role", Value::Text(role.to_owned()));
    row.set("code_hash", Value::Text(hash(&code)));
    row.set("expires_at", Value::Time(tx.now().plus(lifetime)));
    tx.insert(row.clone())?;
    Ok(Invite { row, code })
}

/// `chat_redeem_invite`: once, by somebody who does not take part yet. Gives the session and the
/// role there.
pub(crate) fn redeem_invite(
    tx: &mut WriteTx<'_>,
    sub: &str,
    code: &str,
) -> Result<(String, String), StoreError> {
    let refused = |message: &str, hint: &str| {
        let mut error = PgError::new("P0001", message.to_owned());
        error.hint = Some(hint.to_owned());
        Err(error.into())
    };
    let rest = "WHERE code_hash = ?1";
    let found = read::rows(tx.connection(), &CHAT_SESSION_INVITES, rest, [hash(code)])?.pop();
    let invited = |row: &Row| {
        let text = |name: &str| row.get(name).as_str().map(str::to_owned);
        Some((text("session_id")?, text("role")?))
    };
    let Some((invite, (session, role))) = found.and_then(|row| Some((row.clone(), invited(&row)?)))
    else {
        let hint = "There is no such invitation, or it was withdrawn.";
        return refused("invite_unknown", hint);
    };
    if let Some(mine) = policy::role_in(tx.connection(), sub, &session)? {
        return Ok((session, mine));
    }
    if !invite.get("redeemed_at").is_null() {
        return refused("invite_used", "Somebody has redeemed this invitation.");
    }
    if matches!(invite.get("expires_at"), Value::Time(end) if *end <= tx.now()) {
        return refused("invite_expired", "The time of this invitation is over.");
    }
    let mut member = with_defaults(tx, &CHAT_SESSION_MEMBERS);
    member.set("session_id", Value::Text(session.clone()));
    member.set("user_id", Value::Text(sub.to_owned()));
    member.set("role", Value::Text(role.clone()));
    tx.insert(member.clone())?;
    count_revision(tx, &member)?;
    let mut spent = invite.clone();
    spent.set("redeemed_by", Value::Text(sub.to_owned()));
    spent.set("redeemed_at", Value::Time(tx.now()));
    tx.update(invite, spent)?;
    Ok((session, role))
}

fn hash(code: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(code))
}

fn members(
    tx: &WriteTx<'_>,
    rest: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Row>> {
    read::rows(tx.connection(), &CHAT_SESSION_MEMBERS, rest, parameters)
}

fn with_defaults(tx: &WriteTx<'_>, table: &'static Table) -> Row {
    let values = table
        .columns
        .iter()
        .map(|column| Value::default_of(column, tx.now()))
        .collect();
    Row { table, values }
}

/// Gives each session that has an owner the owner's row.
pub(super) fn enrol_owners(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    let missing: Vec<String> = connection
        .prepare(
            "SELECT id FROM chat_sessions s WHERE user_id IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM chat_session_members m WHERE m.session_id = s.id AND m.role = 'owner')",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for session in missing {
        connection
            .prepare_cached(
                "INSERT INTO chat_session_members (id, session_id, user_id, role, joined_at) \
                 SELECT ?1, id, user_id, 'owner', coalesce(created_at, 0) FROM chat_sessions \
                 WHERE id = ?2 \
                 ON CONFLICT (session_id, user_id) DO UPDATE SET role = 'owner'",
            )?
            .execute([Uuid::new_v4().to_string(), session])?;
    }
    Ok(())
}
