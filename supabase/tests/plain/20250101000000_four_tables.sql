-- A project from before Tidings: the four tables with their indexes and policies of its own,
-- and nothing of ../../migrations.

create table chat_messages (
  id uuid primary key default gen_random_uuid(),
  session_id text not null,
  user_id text,
  content text not null,
  role text not null check (role in ('user', 'assistant', 'system')),
  metadata jsonb default '{}',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  status text default 'delivered' check (status in ('sending', 'delivered', 'failed', 'error')),
  message_type text default 'text' check (message_type in ('text', 'voice', 'adapter_action'))
);
create index messages_by_session on chat_messages (session_id);
create index messages_by_time on chat_messages (created_at);

create table chat_sessions (
  id text primary key,
  user_id text,
  title text,
  status text default 'active' check (status in ('active', 'inactive', 'archived')),
  last_activity timestamptz default now(),
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  metadata jsonb default '{}'
);
create index sessions_by_user on chat_sessions (user_id);
create index sessions_by_activity on chat_sessions (last_activity);

create table user_presence (
  user_id text primary key,
  session_id text not null,
  status text default 'online' check (status in ('online', 'away', 'offline')),
  last_seen timestamptz default now(),
  is_typing boolean default false,
  typing_in_session text,
  metadata jsonb default '{}'
);
create index presence_by_session on user_presence (session_id);
create index presence_by_status on user_presence (status);

create table crypto_prices (
  id uuid primary key default gen_random_uuid(),
  symbol text not null,
  price decimal not null,
  change_24h decimal default 0,
  change_percentage_24h decimal default 0,
  market_cap bigint default 0,
  volume_24h bigint default 0,
  last_updated timestamptz default now()
);
create index prices_by_symbol on crypto_prices (symbol);
create index prices_by_time on crypto_prices (last_updated);

alter table chat_messages enable row level security;
alter table chat_sessions enable row level security;
alter table user_presence enable row level security;
alter table crypto_prices enable row level security;

grant usage on schema public to anon, authenticated, service_role;
grant all on all tables in schema public to anon, authenticated, service_role;

create policy "my sessions" on chat_sessions
  for all to authenticated
  using (auth.jwt() ->> 'sub' = user_id);
create policy "messages in my sessions" on chat_messages
  for all to authenticated
  using (
    exists (
      select from chat_sessions
      where chat_sessions.id = chat_messages.session_id
        and chat_sessions.user_id = auth.jwt() ->> 'sub'
    )
  );
create policy "me" on user_presence
  for all to authenticated
  using (auth.jwt() ->> 'sub' = user_id);
create policy "prices for members" on crypto_prices
  for select to authenticated
  using (true);
