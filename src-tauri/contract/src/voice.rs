//! Files of voice messages.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where the file is that a voice message's metadata names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum NamedFile {
    /// In the Storage of the workspace's own project: `voice_file` answers it.
    Project,
    /// On another host. Nothing loads it; somebody may open it outside the program.
    Elsewhere {
        /// Its address, http or https.
        url: String,
    },
}

/// Arguments of `voice_file`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetVoiceFile {
    /// The message.
    pub message: String,
}

/// The file of a voice message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoiceFile {
    /// What it is, by its first bytes: an audio type.
    pub mime_type: String,
    /// Its content in base64, of 25 MiB at most.
    pub content: String,
}

impl std::fmt::Debug for VoiceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VoiceFile({}, {})", self.mime_type, self.content.len())
    }
}
