-- The four tables. Running this again changes nothing; tables that are there already are
-- left as they are.

create table if not exists public.chat_sessions (
  id text primary key,
  user_id text,
  title text,
  status text default 'active' check (status in ('active', 'inactive', 'archived')),
  last_activity timestamptz default now(),
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  metadata jsonb default '{}'::jsonb
);

create table if not exists public.chat_messages (
  id uuid primary key default gen_random_uuid(),
  session_id text not null,
  user_id text,
  content text not null,
  role text not null check (role in ('user', 'assistant', 'system')),
  metadata jsonb default '{}'::jsonb,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  status text default 'delivered' check (status in ('sending', 'delivered', 'failed', 'error')),
  message_type text default 'text' check (message_type in ('text', 'voice', 'adapter_action'))
);

create table if not exists public.user_presence (
  user_id text primary key,
  session_id text not null,
  status text default 'online' check (status in ('online', 'away', 'offline')),
  last_seen timestamptz default now(),
  is_typing boolean default false,
  typing_in_session text,
  metadata jsonb default '{}'::jsonb
);

create table if not exists public.crypto_prices (
  id uuid primary key default gen_random_uuid(),
  symbol text not null,
  price decimal not null,
  change_24h decimal default 0,
  change_percentage_24h decimal default 0,
  market_cap bigint default 0,
  volume_24h bigint default 0,
  last_updated timestamptz default now()
);

create index if not exists idx_chat_sessions_user_id
  on public.chat_sessions (user_id);
create index if not exists idx_chat_sessions_last_activity
  on public.chat_sessions (last_activity);

create index if not exists idx_chat_messages_session_id
  on public.chat_messages (session_id);
create index if not exists idx_chat_messages_created_at
  on public.chat_messages (created_at);
-- A page of a conversation, in the order in which it is shown.
create index if not exists idx_chat_messages_session_id_created_at_id
  on public.chat_messages (session_id, created_at, id);

create index if not exists idx_user_presence_session_id
  on public.user_presence (session_id);
create index if not exists idx_user_presence_status
  on public.user_presence (status);

create index if not exists idx_crypto_prices_symbol
  on public.crypto_prices (symbol);
create index if not exists idx_crypto_prices_last_updated
  on public.crypto_prices (last_updated);
