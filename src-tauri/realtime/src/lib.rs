//! Client of the Supabase Realtime protocol.
//!
//! Knows sockets, channels, row changes, broadcasts and presence, and nothing of chat.

pub mod frame;
