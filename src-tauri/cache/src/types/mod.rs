//! What goes into the cache and what comes out of it.

pub mod alerts;
pub mod chat;
pub mod export;
pub mod fact;
pub mod heads;
pub mod members;
pub mod outbox;
pub mod page;
pub mod prices;
pub mod search;
pub mod status;
pub mod voice;
