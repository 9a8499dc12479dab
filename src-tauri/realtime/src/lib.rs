//! Client of the Supabase Realtime protocol.
