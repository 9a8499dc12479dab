//! The embedded Supabase-compatible server behind the local workspace.
