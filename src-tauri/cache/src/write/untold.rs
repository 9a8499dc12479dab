//! Messages that the desktop has still to be told of.
//!
//! They are written down with the message itself, so that a program that ends before it has told
//! them tells them at its next start.

use rusqlite::types::Value;
use tidings_model::{MessageId, Timestamp};

use super::local::set_meta;
use super::rows::{StoredRow, message};
use super::{Telling, Tx};
use crate::error::Result;
use crate::read::decode;
use crate::{Cache, pool::Durability};

/// Up to when what was written is dealt with, in microseconds by the server's clock: what comes
/// from before it is history that was fetched.
pub(crate) const TOLD_TO: &str = "told_to";

/// What waits to be told. Joined crosswise, so that it is looked up among the messages: for the sake
/// of the order all messages would be walked.
pub(crate) const UNTOLD: &str = "SELECT m.id
    FROM untold_messages t CROSS JOIN messages m ON m.key = t.message
    LEFT JOIN read_positions p ON p.session = m.session
    WHERE m.deleted = 0 AND m.hidden = 0
      AND (p.at IS NULL OR (m.created_at, m.id) > (p.at, p.id))
    ORDER BY m.created_at, m.id";
/// Takes away what has been read.
pub(crate) const FORGET_READ: &str = "DELETE FROM untold_messages WHERE message IN (
    SELECT m.key FROM untold_messages t CROSS JOIN messages m ON m.key = t.message
    LEFT JOIN read_positions p ON p.session = m.session
    WHERE m.deleted = 1 OR (m.created_at, m.id) <= (p.at, p.id))";

impl Cache {
    /// Messages that have still to be told, oldest first: those of others that are not read, not
    /// deleted, and new here since [`Self::set_told_to`].
    pub async fn untold_messages(&self) -> Result<Vec<MessageId>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(UNTOLD)?;
            let ids = statement.query_map([], |row| decode::message_id(row, 0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// These messages were told, or need not be. Of very many some at a time: other writes go
    /// between.
    pub async fn messages_told(&self, ids: Vec<MessageId>) -> Result<()> {
        const AT_ONCE: usize = 500;
        for ids in ids.chunks(AT_ONCE) {
            let ids = ids.to_vec();
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
            .await?;
        }
        Ok(())
    }

    /// Everything that was written before this, by the server's clock, is here or in a gap: what
    /// comes of it from now on is not told. Forgets what waits and has been read meanwhile.
    pub async fn set_told_to(&self, at: Timestamp) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            set_meta(tx, TOLD_TO, Some(&at.as_micros().to_string()))?;
            tx.conn.prepare_cached(FORGET_READ)?.execute([])?;
            Ok(())
        })
        .await
    }
}

/// A message that is new here has to be told, if it is somebody else's and no history, and its
/// session is not being looked at.
pub(crate) fn note(tx: &mut Tx<'_>, key: i64, row: &StoredRow) -> Result<()> {
    if row.unsent
        || tx
            .looked_at
            .is_some_and(|at| row.integer(message::SESSION) == Some(at))
    {
        return Ok(());
    }
    let Telling { told_to, me } = tx.telling()?;
    let new = told_to.is_some_and(|to| row.integer(message::CREATED_AT) > Some(to));
    let own = match &row.values[message::ROLE] {
        Value::Text(role) if role == "system" => true,
        Value::Text(role) => role == "user" && row.integer(message::AUTHOR) == me,
        _ => false,
    };
    if new && !own {
        tx.conn
            .prepare_cached(
                "INSERT INTO untold_messages (message) VALUES (?1) ON CONFLICT (message) DO NOTHING",
            )?
            .execute([key])?;
    }
    Ok(())
}
