//! How far sessions are followed by the numbers of their changes.

use std::fmt;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use tidings_model::Timestamp;

use super::{decode, status};
use crate::Cache;
use crate::error::Result;
use crate::types::heads::{Followed, Head};

/// Within which epoch numbers count, and since when.
pub(crate) const ERA: &str = "era";
/// When every change was known last, in microseconds of the server's clock.
pub(crate) const CHECKED: &str = "checked_at";

/// Every session that is followed, in the order of the project's digest.
pub(crate) const HEADS: &str = "SELECT session_id, last_rev, gone FROM heads ORDER BY session_id";

/// An epoch of the project, as this device met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Era {
    /// Numbers that were learned before this stamp do not count.
    pub stamp: i64,
    /// When that was, by the server's clock.
    pub since: Timestamp,
    pub epoch: String,
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.stamp,
            self.since.as_micros(),
            self.epoch
        )
    }
}

impl Era {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        Some(Self {
            stamp: parts.next()?.parse().ok()?,
            since: Timestamp::from_micros(parts.next()?.parse().ok()?),
            epoch: parts.next()?.to_owned(),
        })
    }
}

impl Cache {
    /// What is remembered of the project's numbers; nothing while it gives none.
    pub async fn followed(&self) -> Result<Option<Followed>> {
        self.read(|conn| {
            let Some(era) = era(conn)? else {
                return Ok(None);
            };
            let mut hash = Sha256::new();
            let mut heads = 0_u64;
            each(conn, |head| {
                let gone = if head.gone { 't' } else { 'f' };
                let id = head.session.as_str();
                hash.update(format!("{}:{id}:{}:{gone}", id.len(), head.last_rev));
                heads += 1;
            })?;
            let checked = status::meta(conn, CHECKED)?.and_then(|micros| micros.parse().ok());
            Ok(Some(Followed {
                epoch: era.epoch,
                since: era.since,
                checked_at: checked.map(Timestamp::from_micros),
                heads,
                hash: hex(&hash.finalize()),
            }))
        })
        .await
    }

    /// Whether a session is shown that is not followed: one that came since the last catch-up.
    pub async fn shows_unfollowed(&self) -> Result<bool> {
        self.read(|conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT 1 FROM sessions s
                     WHERE s.deleted = 0 AND s.hidden = 0 AND s.unsent = 0 AND s.no_access = 0
                         AND s.stamp > ?1
                         AND NOT EXISTS (SELECT 1 FROM heads h WHERE h.session_id = s.id)",
                )?
                // A session that is known by its messages alone has the smallest stamp.
                .exists([i64::MIN])?)
        })
        .await
    }

    /// How far each session is followed.
    pub async fn heads(&self) -> Result<Vec<Head>> {
        self.read(|conn| {
            let mut heads = Vec::new();
            each(conn, |head| heads.push(head))?;
            Ok(heads)
        })
        .await
    }
}

/// The epoch whose numbers count.
pub(crate) fn era(conn: &Connection) -> Result<Option<Era>> {
    Ok(status::meta(conn, ERA)?.as_deref().and_then(Era::read))
}

fn each(conn: &Connection, mut take: impl FnMut(Head)) -> Result<()> {
    let mut statement = conn.prepare_cached(HEADS)?;
    let heads = statement.query_map([], |row| {
        Ok(Head {
            session: decode::session_id(row, 0)?,
            last_rev: row.get(1)?,
            gone: row.get(2)?,
        })
    })?;
    for head in heads {
        take(head?);
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
