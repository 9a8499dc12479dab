//! Client of Supabase Auth and PostgREST.
