//! Row level security: what `supabase/migrations` writes as policies.
//!
//! A signed-in user sees and writes own sessions, messages of own sessions, and presence
//! in own sessions; writes only the own presence row, into own sessions; reads all prices. With
//! the members part that goes for shared sessions too, as far as one's role there admits. `anon`
//! sees and writes nothing. The service role is bound by nothing.
//!
//! A project without the members part has no members, so that the same conditions hold there.

use rusqlite::{Connection, OptionalExtension};

use super::schema::{Table, TableId};
use super::value::{Row, Value};
use crate::auth::{Claims, Role};

/// A condition over a table's rows, to be joined with AND.
pub struct Condition {
    /// The SQL, with `?` for each parameter.
    pub sql: &'static str,
    /// The parameters in order.
    pub parameters: Vec<Value>,
}

impl Condition {
    fn constant(sql: &'static str) -> Self {
        Self {
            sql,
            parameters: Vec::new(),
        }
    }

    fn of_user(sql: &'static str, sub: &str) -> Self {
        let count = sql.bytes().filter(|byte| *byte == b'?').count();
        Self {
            sql,
            parameters: vec![Value::Text(sub.to_owned()); count],
        }
    }
}

/// What is done with rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

const OWN: &str = "user_id = ?";

/// A session that one owns or takes part in.
const VISIBLE: &str = "(user_id = ? OR id IN \
    (SELECT session_id FROM chat_session_members WHERE user_id = ?))";

/// Of such a session.
const IN_VISIBLE: &str = "session_id IN (SELECT id FROM chat_sessions WHERE user_id = ? \
    UNION ALL SELECT session_id FROM chat_session_members WHERE user_id = ?)";

/// Of a session that one sees, or saw when it was deleted.
const SEEN: &str = "session_id IN (SELECT id FROM chat_sessions WHERE user_id = ? \
    UNION ALL SELECT session_id FROM chat_session_members WHERE user_id = ? \
    UNION ALL SELECT session_id FROM sync_gone WHERE user_id = ?)";

/// One's own presence, and that of others in sessions that one sees.
const PRESENCE: &str = "(user_id = ? OR session_id IN (SELECT id FROM chat_sessions \
    WHERE user_id = ? UNION ALL SELECT session_id FROM chat_session_members WHERE user_id = ?))";

/// A message of an own session, or one's own where one writes.
const CHANGEABLE: &str = "(session_id IN (SELECT id FROM chat_sessions WHERE user_id = ?) \
    OR (user_id = ? AND session_id IN (SELECT session_id FROM chat_session_members \
    WHERE user_id = ? AND role IN ('owner', 'member'))))";

/// Of a session that one takes part in.
const IN_SHARED: &str =
    "session_id IN (SELECT session_id FROM chat_session_members WHERE user_id = ?)";

/// Of a session that one owns.
const IN_OWNED: &str = "session_id IN \
    (SELECT session_id FROM chat_session_members WHERE user_id = ? AND role = 'owner')";

/// Somebody whom the owner may give another role.
const MANAGED: &str = "(role <> 'owner' AND session_id IN \
    (SELECT session_id FROM chat_session_members WHERE user_id = ? AND role = 'owner'))";

/// Somebody whom the owner may remove, or oneself.
const REMOVABLE: &str = "(role <> 'owner' AND (user_id = ? OR session_id IN \
    (SELECT session_id FROM chat_session_members WHERE user_id = ? AND role = 'owner')))";

/// Oneself, and whom one shares a session with.
const MET: &str = "(user_id = ? OR user_id IN (SELECT user_id FROM chat_session_members WHERE \
    session_id IN (SELECT session_id FROM chat_session_members WHERE user_id = ?)))";

/// Which rows of `table` the select policies show to `claims`.
pub fn select(claims: &Claims, table: &Table) -> Condition {
    match table.id {
        TableId::Prices if claims.role == Role::Authenticated => return Condition::constant("1"),
        // Views: what they show is judged where it is collected.
        TableId::Digest | TableId::MembersInfo => return Condition::constant("1"),
        _ => {}
    }
    let Some(sub) = subject(claims) else {
        return for_nobody_else(claims);
    };
    let sql = match table.id {
        TableId::Sessions => VISIBLE,
        TableId::Messages | TableId::Tombstones => IN_VISIBLE,
        TableId::Presence => PRESENCE,
        TableId::Heads => SEEN,
        TableId::Members => IN_SHARED,
        TableId::Invites => IN_OWNED,
        TableId::Profiles => MET,
        TableId::Prices | TableId::Digest | TableId::MembersInfo => "1",
    };
    Condition::of_user(sql, sub)
}

/// Which rows of `table` the update or delete policies let `claims` touch.
pub fn modify(claims: &Claims, table: &Table, verb: Verb) -> Condition {
    let Some(sub) = subject(claims) else {
        return for_nobody_else(claims);
    };
    let sql = match (table.id, verb) {
        (TableId::Sessions | TableId::Presence | TableId::Profiles, _) => OWN,
        (TableId::Messages, _) => CHANGEABLE,
        (TableId::Members, Verb::Update) => MANAGED,
        (TableId::Members, Verb::Delete) => REMOVABLE,
        (TableId::Invites, Verb::Delete) => IN_OWNED,
        _ => "0",
    };
    Condition::of_user(sql, sub)
}

/// Whether the insert and update policies admit the new `row`.
pub fn admits(connection: &Connection, claims: &Claims, row: &Row) -> rusqlite::Result<bool> {
    if claims.role == Role::ServiceRole {
        return Ok(true);
    }
    let Some(sub) = subject(claims) else {
        return Ok(false);
    };
    let user = row.get("user_id");
    let own = user.as_str() == Some(sub);
    let session = row.get("session_id").as_str().unwrap_or_default();
    let role = row.get("role").as_str().unwrap_or_default();
    match row.table.id {
        TableId::Sessions | TableId::Profiles => Ok(own),
        TableId::Messages => {
            let as_owner = (own || user.is_null()) && owns(connection, sub, session)?;
            Ok(as_owner || (own && role == "user" && writes(connection, sub, session)?))
        }
        TableId::Presence => Ok(own && sees(connection, sub, session)?),
        // Nobody is granted to insert one, so this is the owner who changes a role.
        TableId::Members => {
            Ok(role != "owner" && role_in(connection, sub, session)?.as_deref() == Some("owner"))
        }
        _ => Ok(false),
    }
}

/// Whether the select policies show `row`, which may not be stored yet, to `claims`.
pub fn shows(connection: &Connection, claims: &Claims, row: &Row) -> rusqlite::Result<bool> {
    if claims.role == Role::ServiceRole {
        return Ok(true);
    }
    let Some(sub) = subject(claims) else {
        return Ok(false);
    };
    let own = row.get("user_id").as_str() == Some(sub);
    let session = row.get("session_id").as_str().unwrap_or_default();
    match row.table.id {
        TableId::Prices => Ok(true),
        TableId::Profiles => Ok(own),
        TableId::Sessions => {
            let id = row.key().as_str().unwrap_or_default();
            Ok(own || role_in(connection, sub, id)?.is_some())
        }
        TableId::Presence => Ok(own || sees(connection, sub, session)?),
        _ => sees(connection, sub, session),
    }
}

/// Whether the select policies show the session with this id to `claims`.
pub(super) fn sees_session(
    connection: &Connection,
    claims: &Claims,
    session: &str,
) -> rusqlite::Result<bool> {
    match subject(claims) {
        Some(sub) => sees(connection, sub, session),
        None => Ok(claims.role == Role::ServiceRole),
    }
}

/// As what somebody takes part in a session.
pub(crate) fn role_in(
    connection: &Connection,
    sub: &str,
    session: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT role FROM chat_session_members WHERE session_id = ?1 AND user_id = ?2",
        )?
        .query_row([session, sub], |row| row.get(0))
        .optional()
}

/// The user's id; `None` for every role that no policy names.
pub(crate) fn subject(claims: &Claims) -> Option<&str> {
    claims
        .sub
        .as_deref()
        .filter(|_| claims.role == Role::Authenticated)
}

fn for_nobody_else(claims: &Claims) -> Condition {
    Condition::constant(if claims.role == Role::ServiceRole {
        "1"
    } else {
        "0"
    })
}

fn sees(connection: &Connection, sub: &str, session: &str) -> rusqlite::Result<bool> {
    Ok(owns(connection, sub, session)? || role_in(connection, sub, session)?.is_some())
}

fn writes(connection: &Connection, sub: &str, session: &str) -> rusqlite::Result<bool> {
    let role = role_in(connection, sub, session)?;
    Ok(matches!(role.as_deref(), Some("owner" | "member")))
}

fn owns(connection: &Connection, sub: &str, session: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM chat_sessions WHERE id = ?1 AND user_id = ?2")?
        .exists([session, sub])
}
