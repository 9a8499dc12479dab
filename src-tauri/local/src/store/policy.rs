//! Row level security: what `supabase/migrations` writes as policies.
//!
//! A signed-in user sees and writes own sessions, messages of own sessions, and presence
//! in own sessions; writes only the own presence row, into own sessions; reads all prices. `anon` sees and
//! writes nothing. The service role is bound by nothing.

use rusqlite::Connection;

use super::schema::{self, Table};
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

const OWN: &str = "user_id = ?";
const IN_OWN_SESSION: &str = "session_id IN (SELECT id FROM chat_sessions WHERE user_id = ?)";

/// Of a session that one sees, or saw when it was deleted.
const SEEN: &str = "session_id IN (SELECT id FROM chat_sessions WHERE user_id = ? \
    UNION ALL SELECT session_id FROM sync_gone WHERE user_id = ?)";

/// Which rows of `table` the select policies show to `claims`.
pub fn select(claims: &Claims, table: &Table) -> Condition {
    if table.name == schema::CRYPTO_PRICES.name && claims.role == Role::Authenticated {
        return Condition::constant("1");
    }
    // A view: what it counts is judged by itself.
    if table.name == schema::CHAT_SYNC_DIGEST.name {
        return Condition::constant("1");
    }
    let Some(sub) = subject(claims) else {
        return for_nobody_else(claims);
    };
    match table.name {
        name if name == schema::CHAT_SESSIONS.name => Condition::of_user(OWN, sub),
        name if name == schema::CHAT_MESSAGES.name || name == schema::CHAT_TOMBSTONES.name => {
            Condition::of_user(IN_OWN_SESSION, sub)
        }
        name if name == schema::CHAT_SYNC_HEADS.name => Condition::of_user(SEEN, sub),
        _ => Condition::of_user(
            "(user_id = ? OR session_id IN (SELECT id FROM chat_sessions WHERE user_id = ?))",
            sub,
        ),
    }
}

/// Which rows of `table` the update and delete policies let `claims` touch.
pub fn modify(claims: &Claims, table: &Table) -> Condition {
    let Some(sub) = subject(claims) else {
        return for_nobody_else(claims);
    };
    match table.name {
        name if name == schema::CRYPTO_PRICES.name => Condition::constant("0"),
        name if name == schema::CHAT_MESSAGES.name => Condition::of_user(IN_OWN_SESSION, sub),
        _ => Condition::of_user(OWN, sub),
    }
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
    match row.table.name {
        name if name == schema::CRYPTO_PRICES.name => Ok(false),
        name if name == schema::CHAT_MESSAGES.name => {
            Ok((own || user.is_null()) && owns_session(connection, sub, row)?)
        }
        name if name == schema::USER_PRESENCE.name => {
            Ok(own && owns_session(connection, sub, row)?)
        }
        _ => Ok(own),
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
    match row.table.name {
        name if name == schema::CRYPTO_PRICES.name => Ok(true),
        name if name == schema::CHAT_SESSIONS.name => Ok(own),
        name if name == schema::CHAT_MESSAGES.name => owns_session(connection, sub, row),
        _ => Ok(own || owns_session(connection, sub, row)?),
    }
}

/// The user's id; `None` for every role that no policy names.
fn subject(claims: &Claims) -> Option<&str> {
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

/// Whether the select policies show the session with this id to `claims`.
pub(super) fn sees_session(
    connection: &Connection,
    claims: &Claims,
    session: &str,
) -> rusqlite::Result<bool> {
    match subject(claims) {
        Some(sub) => owns(connection, sub, session),
        None => Ok(claims.role == Role::ServiceRole),
    }
}

fn owns_session(connection: &Connection, sub: &str, row: &Row) -> rusqlite::Result<bool> {
    match row.get("session_id").as_str() {
        Some(session) => owns(connection, sub, session),
        None => Ok(false),
    }
}

fn owns(connection: &Connection, sub: &str, session: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM chat_sessions WHERE id = ?1 AND user_id = ?2")?
        .exists([session, sub])
}
