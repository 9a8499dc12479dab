//! Files of voice messages.

/// Where the file of a voice message is in the project's Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicePlace {
    /// Its bucket.
    pub bucket: String,
    /// Its path in there.
    pub path: String,
}

/// A file of a voice message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceFile {
    /// What it is.
    pub mime_type: String,
    /// Its content.
    pub content: Vec<u8>,
}
