//! Reading the cache. Nothing here changes it.

pub(crate) mod alerts;
pub(crate) mod background;
pub(crate) mod decode;
pub(crate) mod export;
pub(crate) mod heads;
pub(crate) mod heard;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod outbox;
pub(crate) mod overlay;
pub(crate) mod prices;
pub(crate) mod ranges;
pub(crate) mod retention;
pub(crate) mod sessions;
pub(crate) mod status;
pub(crate) mod told;
mod voice;
