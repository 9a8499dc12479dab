//! Files of voice messages: from the cache, else from the project's Storage.

mod kind;
mod named;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tidings_cache::{VoiceFile, VoicePlace};
use tidings_contract as api;
use tidings_model::{MessageId, MessageKind};
use tidings_supabase::{Class, Error, ObjectPath, Objects};

use super::Core;
use crate::error::{EngineError, Result};
pub(super) use named::Named;

/// The largest file that is played, in bytes.
pub(super) const LARGEST: usize = 25 << 20;
/// What the files of a workspace take at most on this computer, in bytes.
const KEPT: u64 = 200 << 20;

/// Files that are being fetched: who wants the same one waits for it.
#[derive(Default)]
pub(super) struct Fetches(Mutex<HashMap<ObjectPath, Arc<tokio::sync::Mutex<()>>>>);

impl Fetches {
    /// The turn of this file. It ends with the last who wants it.
    fn turn(&self, object: &ObjectPath) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turn| Arc::strong_count(turn) > 1);
        all.entry(object.clone()).or_default().clone()
    }
}

impl Core {
    /// The file of a voice message.
    pub async fn voice_file(&self, message: MessageId) -> Result<api::VoiceFile> {
        let file = self.find_voice_file(message).await?;
        // A large one takes a while to write down.
        let encoded = tokio::task::spawn_blocking(move || api::VoiceFile {
            content: STANDARD.encode(&file.content),
            mime_type: file.mime_type,
        });
        encoded
            .await
            .map_err(|error| EngineError::Task(error.to_string()))
    }

    async fn find_voice_file(&self, message: MessageId) -> Result<VoiceFile> {
        let object = self.named_object(message).await?;
        let place = VoicePlace {
            bucket: object.bucket().to_owned(),
            path: object.path().to_owned(),
        };
        let turn = self.voice.turn(&object);
        let _turn = turn.lock().await;
        if let Some(file) = self.cache.voice_file(message, place.clone()).await? {
            if let Err(error) = self.cache.voice_file_heard(message, self.now()).await {
                tracing::warn!(%error, "that a voice message was heard was not noted");
            }
            return Ok(file);
        }
        let objects = Objects::new(self.rest.clone());
        let content = objects.read(&object, LARGEST).await.map_err(refusal)?;
        let mime_type = kind::of(&content).ok_or(EngineError::NotAudio)?;
        let file = VoiceFile {
            mime_type: mime_type.to_owned(),
            content,
        };
        let most = self.voice_limit();
        let kept = self
            .cache
            .keep_voice_file(message, place, file.clone(), self.now(), most);
        // It is heard all the same.
        if let Err(error) = kept.await {
            tracing::warn!(%error, "the file of a voice message was not kept");
        }
        Ok(file)
    }

    async fn named_object(&self, message: MessageId) -> Result<ObjectPath> {
        let found = self.cache.message(message).await?;
        let message = found.ok_or_else(|| {
            EngineError::NotFound("This message is not on this device.".to_owned())
        })?;
        if message.message.kind != MessageKind::Voice {
            return Err(EngineError::NoFile);
        }
        match Named::read(&message.message.metadata, self.rest.project()) {
            Some(Named::Object(object)) => Ok(object),
            Some(Named::Elsewhere(_)) | None => Err(EngineError::NoFile),
        }
    }

    /// What the files may take: a quarter at most of what the settings allow in all.
    pub(super) fn voice_limit(&self) -> u64 {
        match self.settings().retention {
            api::Retention::Size { mib } => ((u64::from(mib) << 20) / 4).min(KEPT),
            api::Retention::Everything | api::Retention::Months { .. } => KEPT,
        }
    }
}

/// Why there is no file.
fn refusal(error: Error) -> EngineError {
    match (&error, error.status()) {
        (Error::AnswerTooLarge, _) => EngineError::FileTooLarge,
        // Storage does not tell what is not there from what one may not read.
        (Error::Api(_), Some(403 | 404)) if error.class() == Class::Permanent => {
            EngineError::FileGone
        }
        _ if error.class() == Class::Network => {
            EngineError::NeedsConnection("Once heard, it plays without one.")
        }
        _ => EngineError::Server(error),
    }
}
