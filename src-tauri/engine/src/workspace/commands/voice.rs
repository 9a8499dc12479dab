//! The file of a voice message.

use tidings_contract as api;

use super::message_id;
use crate::error::Result;
use crate::workspace::Core;

impl Core {
    pub async fn get_voice_file(&self, args: &api::GetVoiceFile) -> Result<api::VoiceFile> {
        self.voice_file(message_id(&args.message)?).await
    }
}
