//! Messages that the desktop has still to be told of.
//!
//! They are written down with the message itself, so that a program that ends before it has told
//! them tells them at its next start.

use tidings_model::{MessageId, Timestamp};

use super::Tx;
use super::local::{ACCOUNT, set_meta};
use crate::error::Result;
use crate::read::decode;
use crate::{Cache, pool::Durability};

/// Up to when what was written is dealt with, in microseconds by the server's clock: what comes
/// from before it is history that was fetched.
pub(crate) const TOLD_TO: &str = "told_to";

impl Cache {
    /// Messages that have still to be told, oldest first: those of others that are not read, not
    /// deleted, and new here since [`Self::set_told_to`].
    pub async fn untold_messages(&self) -> Result<Vec<MessageId>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT m.id FROM untold_messages t JOIN messages m ON m.key = t.message
                 LEFT JOIN read_positions p ON p.session = m.session
                 WHERE m.deleted = 0 AND m.hidden = 0
                   AND (p.at IS NULL OR (m.created_at, m.id) > (p.at, p.id))
                 ORDER BY m.created_at, m.id",
            )?;
            let ids = statement.query_map([], |row| decode::message_id(row, 0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// These messages were told, or need not be.
    pub async fn messages_told(&self, ids: Vec<MessageId>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.write(Durability::Full, move |tx| {
            let mut statement = tx.conn.prepare_cached(
                "DELETE FROM untold_messages
                 WHERE message = (SELECT key FROM messages WHERE id = ?1)",
            )?;
            for id in &ids {
                statement.execute([id.as_uuid().as_bytes()])?;
            }
            Ok(())
        })
        .await
    }

    /// Everything that was written before this, by the server's clock, is here or in a gap: what
    /// comes of it from now on is not told. Forgets what waits and has been read meanwhile.
    pub async fn set_told_to(&self, at: Timestamp) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            set_meta(tx, TOLD_TO, Some(&at.as_micros().to_string()))?;
            tx.conn
                .prepare_cached(
                    "DELETE FROM untold_messages WHERE message IN (
                         SELECT m.key FROM untold_messages t JOIN messages m ON m.key = t.message
                         LEFT JOIN read_positions p ON p.session = m.session
                         WHERE m.deleted = 1 OR (m.created_at, m.id) <= (p.at, p.id))",
                )?
                .execute([])?;
            Ok(())
        })
        .await
    }
}

/// A message that is new here has to be told, if it is somebody else's and no history.
pub(crate) fn note(tx: &Tx<'_>, message: i64) -> Result<()> {
    tx.conn
        .prepare_cached(
            "INSERT INTO untold_messages (message)
             SELECT m.key FROM messages m JOIN meta t ON t.name = ?2
             WHERE m.key = ?1 AND m.unsent = 0 AND m.created_at > CAST(t.value AS INTEGER)
               AND m.role IS NOT 'system'
               AND (m.role IS NOT 'user' OR m.author IS NOT (
                   SELECT u.key FROM users u JOIN meta a ON a.value = u.id WHERE a.name = ?3))
             ON CONFLICT (message) DO NOTHING",
        )?
        .execute((message, TOLD_TO, ACCOUNT))?;
    Ok(())
}
