-- Who sees and writes what.
--
-- The user is read as auth.jwt() ->> 'sub': the columns are text, while auth.uid() is a
-- uuid. Inside a SELECT it is worked out once for a statement and not once for a row.
--
-- Policies of messages and presence look at chat_sessions, whose own policies look at no
-- other table: no policy can come back to where it began. They compare with an array, which
-- an index can be searched for: with IN (SELECT …) "all my messages, newest first" would read
-- everybody's.
--
-- Only signed-in users are named in a policy, so nobody else sees or writes a row. The
-- service role passes over policies: prices are written by it alone.

alter table public.chat_sessions enable row level security;
alter table public.chat_messages enable row level security;
alter table public.user_presence enable row level security;
alter table public.crypto_prices enable row level security;

-- Without these rights not even the policies are asked.
grant usage on schema public to anon, authenticated, service_role;
grant select, insert, update, delete
  on public.chat_sessions, public.chat_messages, public.user_presence, public.crypto_prices
  to anon, authenticated, service_role;

-- Sessions: one's own.

drop policy if exists "read own sessions" on public.chat_sessions;
create policy "read own sessions" on public.chat_sessions
  for select to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'));

drop policy if exists "open own sessions" on public.chat_sessions;
create policy "open own sessions" on public.chat_sessions
  for insert to authenticated
  with check (user_id = (select auth.jwt() ->> 'sub'));

drop policy if exists "change own sessions" on public.chat_sessions;
create policy "change own sessions" on public.chat_sessions
  for update to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'))
  with check (user_id = (select auth.jwt() ->> 'sub'));

drop policy if exists "delete own sessions" on public.chat_sessions;
create policy "delete own sessions" on public.chat_sessions
  for delete to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'));

-- Messages: those of one's own sessions, written by oneself or by no user (an assistant).

drop policy if exists "read messages of own sessions" on public.chat_messages;
create policy "read messages of own sessions" on public.chat_messages
  for select to authenticated
  using (
    session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

drop policy if exists "write messages to own sessions" on public.chat_messages;
create policy "write messages to own sessions" on public.chat_messages
  for insert to authenticated
  with check (
    (user_id is null or user_id = (select auth.jwt() ->> 'sub'))
    and session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

drop policy if exists "change messages of own sessions" on public.chat_messages;
create policy "change messages of own sessions" on public.chat_messages
  for update to authenticated
  using (
    session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  )
  with check (
    (user_id is null or user_id = (select auth.jwt() ->> 'sub'))
    and session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

drop policy if exists "delete messages of own sessions" on public.chat_messages;
create policy "delete messages of own sessions" on public.chat_messages
  for delete to authenticated
  using (
    session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

-- Presence: one's own row, for a session one takes part in; seen by whoever takes part in
-- that session. One's own row is always seen, or it could not be moved out of a session
-- that is gone.

drop policy if exists "read presence in own sessions" on public.user_presence;
create policy "read presence in own sessions" on public.user_presence
  for select to authenticated
  using (
    user_id = (select auth.jwt() ->> 'sub')
    or session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

drop policy if exists "announce own presence" on public.user_presence;
create policy "announce own presence" on public.user_presence
  for insert to authenticated
  with check (
    user_id = (select auth.jwt() ->> 'sub')
    and session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

drop policy if exists "change own presence" on public.user_presence;
create policy "change own presence" on public.user_presence
  for update to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'))
  with check (
    user_id = (select auth.jwt() ->> 'sub')
    and session_id = any (array(
      select id from public.chat_sessions where user_id = (select auth.jwt() ->> 'sub')
    ))
  );

drop policy if exists "withdraw own presence" on public.user_presence;
create policy "withdraw own presence" on public.user_presence
  for delete to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'));

-- Prices: read by every signed-in user.

drop policy if exists "read prices" on public.crypto_prices;
create policy "read prices" on public.crypto_prices
  for select to authenticated
  using (true);
