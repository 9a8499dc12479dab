//! The engine against a real server, with a network that fails in between and a second client
//! that shares no code with it. What is asserted is what the contract answers and tells.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod account;
mod alerts;
mod away;
mod background;
mod chat;
mod checklist;
mod delivery;
mod desktop;
#[cfg(unix)]
mod disk;
mod doubt;
mod export;
mod gone;
mod held;
mod hostile;
mod import;
mod kit;
mod language;
mod late;
mod live;
mod lock;
mod look;
mod market;
mod members;
mod notices;
mod offline;
mod overflow;
mod own;
mod own_words;
mod parts;
mod people;
mod portions;
mod presence;
mod price_history;
mod providers;
mod quiet_hours;
mod recorded;
mod refusals;
mod revisions;
mod rules;
mod second_factor;
mod sign_out;
mod storage;
mod voice;
