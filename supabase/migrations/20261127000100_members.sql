-- Members part (optional): sessions that several people share.
--
-- It adds to the rules of the four tables and takes none away: policies of one table are joined
-- with OR. It works with or without the sync part, whichever came first.
--
-- Running this again changes nothing.

create schema if not exists chat_private;
revoke all on schema chat_private from public;
grant usage on schema chat_private to anon, authenticated, service_role;

-- Who takes part in a session. The key is an id of its own, because a deletion tells the key to
-- everybody who listens to the table: so it tells them nothing.
create table if not exists public.chat_session_members (
  id uuid primary key default gen_random_uuid(),
  session_id text not null references public.chat_sessions (id) on delete cascade,
  user_id text not null,
  role text not null check (role in ('owner', 'member', 'reader')),
  joined_at timestamptz not null default now(),
  unique (session_id, user_id)
);
create index if not exists idx_chat_session_members_user_id
  on public.chat_session_members (user_id, session_id);
create unique index if not exists idx_chat_session_members_owner
  on public.chat_session_members (session_id) where role = 'owner';

create table if not exists public.chat_profiles (
  user_id text primary key,
  display_name text not null check (char_length(display_name) between 1 and 80)
);

-- Invitations. Of a code only its SHA-256 is kept: it is random enough to need no more.
create table if not exists public.chat_session_invites (
  id uuid primary key default gen_random_uuid(),
  session_id text not null references public.chat_sessions (id) on delete cascade,
  role text not null check (role in ('member', 'reader')),
  code_hash text not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  redeemed_by text,
  redeemed_at timestamptz
);
create index if not exists idx_chat_session_invites_session_id
  on public.chat_session_invites (session_id);

-- The one way in which policies read memberships. It passes over the policies of the table, so
-- that those of sessions, messages and members cannot come back to where they began. It is no
-- SQL function, because such a one is planned anew at each call: Realtime asks policies for every
-- change and every subscriber.
create or replace function chat_private.my_sessions(roles text[])
returns setof text
language plpgsql stable security definer set search_path = ''
as $$
begin
  return query select session_id from public.chat_session_members
    where user_id = (select auth.jwt() ->> 'sub') and role = any (roles);
end
$$;
revoke all on function chat_private.my_sessions(text[]) from public;
grant execute on function chat_private.my_sessions(text[]) to authenticated;

-- The session's user_id says who owns it; the owner's row follows.

create or replace function chat_private.members_follow_owner()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' then
    delete from public.chat_session_members where session_id = new.id and role = 'owner';
  end if;
  if new.user_id is not null then
    insert into public.chat_session_members (session_id, user_id, role)
      values (new.id, new.user_id, 'owner')
      on conflict (session_id, user_id) do update set role = 'owner';
  end if;
  return null;
end
$$;
revoke all on function chat_private.members_follow_owner() from public;

drop trigger if exists chat_members_insert on public.chat_sessions;
create trigger chat_members_insert after insert on public.chat_sessions
  for each row execute function chat_private.members_follow_owner();
drop trigger if exists chat_members_owner on public.chat_sessions;
create trigger chat_members_owner after update on public.chat_sessions
  for each row when (old.user_id is distinct from new.user_id)
  execute function chat_private.members_follow_owner();

insert into public.chat_session_members (session_id, user_id, role, joined_at)
  select id, user_id, 'owner', coalesce(created_at, now())
  from public.chat_sessions where user_id is not null
  on conflict do nothing;

-- With the sync part: who comes, goes or changes is found by a catch-up. The owner's row changes
-- with its session alone, which counts by itself.
create or replace function chat_private.members_count_revision()
returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  changed public.chat_session_members;
begin
  changed := case when tg_op = 'DELETE' then old else new end;
  if changed.role = 'owner'
    or to_regclass('public.chat_sync_heads') is null
    or not exists (select from public.chat_sessions where id = changed.session_id)
  then
    return null;
  end if;
  -- Apart from the condition above: what is named here need not exist there.
  if not chat_private.lock_head(changed.session_id) then
    perform chat_private.next_rev(changed.session_id);
  end if;
  return null;
end
$$;
revoke all on function chat_private.members_count_revision() from public;

drop trigger if exists chat_members_revision on public.chat_session_members;
create trigger chat_members_revision after insert or update or delete
  on public.chat_session_members
  for each row execute function chat_private.members_count_revision();

-- What a row is known by stays. Whoever no policy binds may still correct it.

create or replace function chat_private.members_freeze()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  if (new.id, new.user_id, new.created_at) is distinct from (old.id, old.user_id, old.created_at)
    and row_security_active(tg_relid)
  then
    raise exception 'id, user_id and created_at cannot be changed' using errcode = '42501';
  end if;
  return new;
end
$$;
revoke all on function chat_private.members_freeze() from public;

drop trigger if exists chat_members_freeze on public.chat_sessions;
create trigger chat_members_freeze before update on public.chat_sessions
  for each row execute function chat_private.members_freeze();
drop trigger if exists chat_members_freeze on public.chat_messages;
create trigger chat_members_freeze before update on public.chat_messages
  for each row execute function chat_private.members_freeze();

-- Sessions. One's own is named here as well, because a session that is just being inserted has
-- no members yet, and INSERT … RETURNING has to show it.

drop policy if exists "read own and shared sessions" on public.chat_sessions;
create policy "read own and shared sessions" on public.chat_sessions
  for select to authenticated
  using (
    user_id = (select auth.jwt() ->> 'sub')
    or id = any (array(select chat_private.my_sessions('{owner,member,reader}')))
  );

-- Messages: everybody who takes part reads; readers do not write. One writes and changes one's
-- own, as a user: what an assistant or the system says is for the owner, by the owner's rules.

drop policy if exists "read messages of shared sessions" on public.chat_messages;
create policy "read messages of shared sessions" on public.chat_messages
  for select to authenticated
  using (session_id = any (array(select chat_private.my_sessions('{owner,member,reader}'))));

drop policy if exists "write to shared sessions" on public.chat_messages;
create policy "write to shared sessions" on public.chat_messages
  for insert to authenticated
  with check (
    user_id = (select auth.jwt() ->> 'sub')
    and role = 'user'
    and session_id = any (array(select chat_private.my_sessions('{owner,member}')))
  );

drop policy if exists "change own messages in shared sessions" on public.chat_messages;
create policy "change own messages in shared sessions" on public.chat_messages
  for update to authenticated
  using (
    user_id = (select auth.jwt() ->> 'sub')
    and session_id = any (array(select chat_private.my_sessions('{owner,member}')))
  )
  with check (
    user_id = (select auth.jwt() ->> 'sub')
    and role = 'user'
    and session_id = any (array(select chat_private.my_sessions('{owner,member}')))
  );

drop policy if exists "delete own messages from shared sessions" on public.chat_messages;
create policy "delete own messages from shared sessions" on public.chat_messages
  for delete to authenticated
  using (
    user_id = (select auth.jwt() ->> 'sub')
    and session_id = any (array(select chat_private.my_sessions('{owner,member}')))
  );

-- Presence: everybody who takes part is there, readers too.

drop policy if exists "read presence in shared sessions" on public.user_presence;
create policy "read presence in shared sessions" on public.user_presence
  for select to authenticated
  using (session_id = any (array(select chat_private.my_sessions('{owner,member,reader}'))));

drop policy if exists "announce presence in shared sessions" on public.user_presence;
create policy "announce presence in shared sessions" on public.user_presence
  for insert to authenticated
  with check (
    user_id = (select auth.jwt() ->> 'sub')
    and session_id = any (array(select chat_private.my_sessions('{owner,member,reader}')))
  );

drop policy if exists "change presence in shared sessions" on public.user_presence;
create policy "change presence in shared sessions" on public.user_presence
  for update to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'))
  with check (
    user_id = (select auth.jwt() ->> 'sub')
    and session_id = any (array(select chat_private.my_sessions('{owner,member,reader}')))
  );

-- Members: seen by one another. The owner changes roles and removes; who is not the owner may
-- leave. One becomes a member by an invitation, and the owner's row by owning: nobody inserts.

alter table public.chat_session_members enable row level security;
revoke all on public.chat_session_members from public, anon, authenticated, service_role;
grant select, update (role), delete on public.chat_session_members to anon, authenticated;
grant select, insert, update, delete on public.chat_session_members to service_role;

drop policy if exists "read members of shared sessions" on public.chat_session_members;
create policy "read members of shared sessions" on public.chat_session_members
  for select to authenticated
  using (session_id = any (array(select chat_private.my_sessions('{owner,member,reader}'))));

drop policy if exists "change roles in own sessions" on public.chat_session_members;
create policy "change roles in own sessions" on public.chat_session_members
  for update to authenticated
  using (role <> 'owner' and session_id = any (array(select chat_private.my_sessions('{owner}'))))
  with check (
    role <> 'owner' and session_id = any (array(select chat_private.my_sessions('{owner}')))
  );

drop policy if exists "remove members of own sessions" on public.chat_session_members;
create policy "remove members of own sessions" on public.chat_session_members
  for delete to authenticated
  using (role <> 'owner' and session_id = any (array(select chat_private.my_sessions('{owner}'))));

drop policy if exists "leave" on public.chat_session_members;
create policy "leave" on public.chat_session_members
  for delete to authenticated
  using (role <> 'owner' and user_id = (select auth.jwt() ->> 'sub'));

-- Profiles: one's own, and those of the people whom one shares a session with.

alter table public.chat_profiles enable row level security;
revoke all on public.chat_profiles from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.chat_profiles
  to anon, authenticated, service_role;

drop policy if exists "read profiles of those one meets" on public.chat_profiles;
create policy "read profiles of those one meets" on public.chat_profiles
  for select to authenticated
  using (
    user_id = (select auth.jwt() ->> 'sub')
    or user_id = any (array(select user_id from public.chat_session_members))
  );

drop policy if exists "make own profile" on public.chat_profiles;
create policy "make own profile" on public.chat_profiles
  for insert to authenticated
  with check (user_id = (select auth.jwt() ->> 'sub'));

drop policy if exists "change own profile" on public.chat_profiles;
create policy "change own profile" on public.chat_profiles
  for update to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'))
  with check (user_id = (select auth.jwt() ->> 'sub'));

drop policy if exists "delete own profile" on public.chat_profiles;
create policy "delete own profile" on public.chat_profiles
  for delete to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'));

-- Invitations: the owner sees and withdraws them; the two functions below do the rest.

alter table public.chat_session_invites enable row level security;
revoke all on public.chat_session_invites from public, anon, authenticated, service_role;
grant select, delete on public.chat_session_invites to anon, authenticated;
grant select, insert, update, delete on public.chat_session_invites to service_role;

drop policy if exists "read invitations to own sessions" on public.chat_session_invites;
create policy "read invitations to own sessions" on public.chat_session_invites
  for select to authenticated
  using (session_id = any (array(select chat_private.my_sessions('{owner}'))));

drop policy if exists "withdraw invitations to own sessions" on public.chat_session_invites;
create policy "withdraw invitations to own sessions" on public.chat_session_invites
  for delete to authenticated
  using (session_id = any (array(select chat_private.my_sessions('{owner}'))));

-- Makes an invitation, and tells its code for the only time. `seconds`: how long it can be
-- redeemed, from a minute to thirty days.
create or replace function public.chat_create_invite(
  session text, role text default 'member', seconds integer default 604800
)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  code text := left(
    encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 32
  );
  made public.chat_session_invites;
begin
  if not exists (
    select from public.chat_session_members m
    where m.session_id = session and m.role = 'owner' and m.user_id = auth.jwt() ->> 'sub'
  ) then
    raise exception 'only the owner of a session invites to it' using errcode = '42501';
  end if;
  if role is null or role not in ('member', 'reader') then
    raise exception 'an invitation is for a member or a reader' using errcode = '22023';
  end if;
  if seconds is null or seconds not between 60 and 2592000 then
    raise exception 'an invitation is for a minute to thirty days' using errcode = '22023';
  end if;
  insert into public.chat_session_invites as i (session_id, role, code_hash, expires_at)
    values (
      session, role, encode(sha256(convert_to(code, 'UTF8')), 'hex'),
      now() + make_interval(secs => seconds)
    )
    returning i.* into made;
  return jsonb_build_object(
    'id', made.id, 'session_id', made.session_id, 'role', made.role,
    'code', code, 'expires_at', made.expires_at
  );
end
$$;
revoke all on function public.chat_create_invite(text, text, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.chat_create_invite(text, text, integer) to authenticated;

-- Redeems an invitation, once: of two who redeem it at the same moment, the second waits for the
-- first and is refused. Who takes part already keeps the role, and spends no invitation.
create or replace function public.chat_redeem_invite(code text)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  me text := auth.jwt() ->> 'sub';
  hash text := encode(sha256(convert_to(code, 'UTF8')), 'hex');
  session text;
  invite public.chat_session_invites;
  mine text;
begin
  if me is null then
    raise exception 'an invitation is redeemed by a user' using errcode = '42501';
  end if;
  -- The session before the invitation, as its deletion locks them.
  select i.session_id into session from public.chat_session_invites i where i.code_hash = hash;
  perform from public.chat_sessions s where s.id = session for key share;
  select * into invite from public.chat_session_invites i where i.code_hash = hash for update;
  if not found then
    raise exception 'invite_unknown'
      using hint = 'There is no such invitation, or it was withdrawn.';
  end if;
  select m.role into mine from public.chat_session_members m
    where m.session_id = session and m.user_id = me;
  if not found then
    if invite.redeemed_at is not null then
      raise exception 'invite_used' using hint = 'Somebody has redeemed this invitation.';
    end if;
    if invite.expires_at <= now() then
      raise exception 'invite_expired' using hint = 'The time of this invitation is over.';
    end if;
    mine := invite.role;
    insert into public.chat_session_members (session_id, user_id, role)
      values (session, me, mine);
    update public.chat_session_invites i set redeemed_by = me, redeemed_at = now()
      where i.id = invite.id;
  end if;
  return jsonb_build_object('session_id', session, 'role', mine);
end
$$;
revoke all on function public.chat_redeem_invite(text)
  from public, anon, authenticated, service_role;
grant execute on function public.chat_redeem_invite(text) to authenticated;

-- Its presence shows that the part is installed; `version` is raised when a client has to know
-- of a change.
create or replace view public.chat_members_info
with (security_invoker = true) as
select 1 as version;
revoke all on public.chat_members_info from public, anon, authenticated, service_role;
grant select on public.chat_members_info to anon, authenticated, service_role;

-- Live: who joins, and who is given another role.
do $$
begin
  if exists (select from pg_publication where pubname = 'supabase_realtime')
    and not exists (
      select from pg_publication_tables
      where pubname = 'supabase_realtime' and schemaname = 'public'
        and tablename = 'chat_session_members'
    )
  then
    alter publication supabase_realtime add table public.chat_session_members;
  end if;
end
$$;

-- The channel of a session, `session:<id>`, is private: those who take part hear what is said and
-- see who is there. Readers are seen as well; what is told on it, typing, is for those who write.
-- Where Realtime keeps no messages there is nothing to guard.
do $$
begin
  if to_regclass('realtime.messages') is null or to_regprocedure('realtime.topic()') is null then
    return;
  end if;

  drop policy if exists "hear sessions one takes part in" on realtime.messages;
  create policy "hear sessions one takes part in" on realtime.messages
    for select to authenticated
    using (
      extension in ('broadcast', 'presence')
      and (select realtime.topic()) = any (
        array(select 'session:' || chat_private.my_sessions('{owner,member,reader}'))
      )
    );

  drop policy if exists "be present in sessions one takes part in" on realtime.messages;
  create policy "be present in sessions one takes part in" on realtime.messages
    for insert to authenticated
    with check (
      extension = 'presence'
      and (select realtime.topic()) = any (
        array(select 'session:' || chat_private.my_sessions('{owner,member,reader}'))
      )
    );

  drop policy if exists "speak in sessions one writes to" on realtime.messages;
  create policy "speak in sessions one writes to" on realtime.messages
    for insert to authenticated
    with check (
      extension = 'broadcast'
      and (select realtime.topic()) = any (
        array(select 'session:' || chat_private.my_sessions('{owner,member}'))
      )
    );
end
$$;
