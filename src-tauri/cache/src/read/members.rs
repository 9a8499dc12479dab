//! Who takes part in sessions, and what people are called.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};
use tidings_model::{MemberRole, SessionId, UserId};

use super::decode;
use crate::Cache;
use crate::error::Result;
use crate::types::members::Member;
use crate::write::local::ACCOUNT;

impl Cache {
    /// Everybody who takes part in a session as far as it is known: the owner first, then in the
    /// order in which they came.
    pub async fn members(&self, session: SessionId) -> Result<Vec<Member>> {
        self.read(move |conn| {
            let mut statement = conn.prepare_cached(
                "SELECT u.id, 'owner', s.created_at FROM sessions s
                     JOIN users u ON u.key = s.owner WHERE s.id = ?1
                 UNION ALL
                 SELECT id, role, joined_at FROM (
                     SELECT u.id, m.role, m.joined_at FROM sessions s
                         JOIN members m ON m.session = s.key AND m.user IS NOT s.owner
                         JOIN users u ON u.key = m.user
                     WHERE s.id = ?1 ORDER BY m.joined_at, u.id)",
            )?;
            let rows = statement.query_map([session.as_str()], |row| {
                Ok(Member {
                    user: decode::user_id(row, 0)?,
                    role: decode::member_role(row, 1)?.unwrap_or(MemberRole::Reader),
                    joined_at: decode::optional_time(row, 2)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// Sessions in which somebody besides the owner takes part, as far as it is known.
    pub async fn shared_sessions(&self) -> Result<Vec<SessionId>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT id FROM sessions s WHERE deleted = 0 AND hidden = 0
                     AND EXISTS (SELECT 1 FROM members WHERE session = s.key)",
            )?;
            let rows = statement.query_map([], |row| decode::session_id(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// What people are called, as they say themselves.
    pub async fn names(&self) -> Result<HashMap<UserId, String>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT u.id, p.name FROM profiles p JOIN users u ON u.key = p.user",
            )?;
            let rows =
                statement.query_map([], |row| Ok((decode::user_id(row, 0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

/// As what the account takes part in a session, as far as it is known.
pub(crate) fn own_role(conn: &Connection, session: i64) -> Result<Option<MemberRole>> {
    let role = conn
        .prepare_cached(
            "SELECT iif(s.owner = me.key, 'owner', m.role) FROM sessions s
             JOIN users me ON me.id = (SELECT value FROM meta WHERE name = ?2)
             LEFT JOIN members m ON m.session = s.key AND m.user = me.key
             WHERE s.key = ?1",
        )?
        .query_row(rusqlite::params![session, ACCOUNT], |row| {
            decode::member_role(row, 0)
        })
        .optional()?;
    Ok(role.flatten())
}
