//! Keeps files of voice messages that were heard, those heard last.

use rusqlite::{OptionalExtension as _, params};
use tidings_model::{MessageId, Timestamp};

use super::Tx;
use crate::error::Result;
use crate::types::voice::{VoiceFile, VoicePlace};
use crate::{Cache, pool::Durability};

impl Cache {
    /// Keeps the file of a message, in the place of what was kept for it, and lets go of those that
    /// were not heard for longest until all take no more than `most` bytes. Returns whether it is
    /// kept: not when it takes more than that by itself, or its message is gone.
    pub async fn keep_voice_file(
        &self,
        message: MessageId,
        place: VoicePlace,
        file: VoiceFile,
        now: Timestamp,
        most: u64,
    ) -> Result<bool> {
        if u64::try_from(file.content.len()).unwrap_or(u64::MAX) > most {
            return Ok(false);
        }
        self.write(Durability::Normal, move |tx| {
            let found = tx
                .conn
                .prepare_cached(
                    "SELECT key, session FROM messages
                     WHERE id = ?1 AND deleted = 0 AND session IS NOT NULL",
                )?
                .query_row([message.as_uuid().as_bytes()], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            let Some((key, session)) = found else {
                return Ok(false);
            };
            forget(tx, key)?;
            tx.conn
                .prepare_cached(
                    "INSERT INTO voice_files
                         (message, session, bucket, path, mime_type, heard_at, content)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    key,
                    session,
                    place.bucket,
                    place.path,
                    file.mime_type,
                    now.as_micros(),
                    file.content
                ])?;
            trim(tx, most, Some(key))?;
            Ok(true)
        })
        .await
    }

    /// Notes that the file of a message was heard again.
    pub async fn voice_file_heard(&self, message: MessageId, now: Timestamp) -> Result<()> {
        self.write(Durability::Normal, move |tx| {
            tx.conn
                .prepare_cached(
                    "UPDATE voice_files SET heard_at = ?2
                     WHERE message = (SELECT key FROM messages WHERE id = ?1)",
                )?
                .execute(params![message.as_uuid().as_bytes(), now.as_micros()])?;
            Ok(())
        })
        .await
    }

    /// Lets go of the files that were not heard for longest, until all take no more than `most` bytes.
    /// Returns how many went.
    pub async fn trim_voice_files(&self, most: u64) -> Result<u64> {
        self.write(Durability::Normal, move |tx| trim(tx, most, None))
            .await
    }
}

fn forget(tx: &Tx<'_>, message: i64) -> Result<()> {
    tx.conn
        .prepare_cached("DELETE FROM voice_files WHERE message = ?1")?
        .execute([message])?;
    Ok(())
}

/// Lets go of files, never of `kept`.
fn trim(tx: &Tx<'_>, most: u64, kept: Option<i64>) -> Result<u64> {
    let mut sizes = tx.conn.prepare_cached(
        "SELECT message, octet_length(content) FROM voice_files ORDER BY heard_at DESC, message",
    )?;
    let rows = sizes.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    let rows: Vec<(i64, u64)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut taken: u64 = rows
        .iter()
        .filter(|(message, _)| Some(*message) == kept)
        .map(|(_, size)| size)
        .sum();
    let mut gone = 0;
    for (message, size) in rows {
        if Some(message) == kept {
            continue;
        }
        if taken.saturating_add(size) > most {
            forget(tx, message)?;
            gone += 1;
        } else {
            taken += size;
        }
    }
    Ok(gone)
}
