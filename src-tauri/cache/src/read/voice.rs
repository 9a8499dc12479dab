//! Files of voice messages that were heard.

use rusqlite::{OptionalExtension as _, params};
use tidings_model::MessageId;

use crate::Cache;
use crate::error::Result;
use crate::types::voice::{VoiceFile, VoicePlace};

impl Cache {
    /// The file of a message, if it is here and the message still names this place.
    pub async fn voice_file(
        &self,
        message: MessageId,
        place: VoicePlace,
    ) -> Result<Option<VoiceFile>> {
        self.read(move |conn| {
            Ok(conn
                .prepare_cached(
                    "SELECT v.mime_type, v.content
                     FROM voice_files v JOIN messages m ON m.key = v.message
                     WHERE m.id = ?1 AND v.bucket = ?2 AND v.path = ?3",
                )?
                .query_row(
                    params![message.as_uuid().as_bytes(), place.bucket, place.path],
                    |row| {
                        Ok(VoiceFile {
                            mime_type: row.get(0)?,
                            content: row.get(1)?,
                        })
                    },
                )
                .optional()?)
        })
        .await
    }
}
