-- Sync part (optional): what changed since a client last looked is found by revisions.
--
-- Every session has a head, chat_sync_heads, which counts its revisions. A write to the
-- session or to one of its messages takes the head's lock, raises last_rev by one and keeps
-- the number as its own rev. The lock is held until the commit, so the revisions of a session
-- become visible in their order, and a reader that pages by `rev > cursor` skips none. (A
-- sequence, or now(), has no such order: whoever commits later may have drawn earlier.)
--
-- Running this again changes nothing.

create schema if not exists chat_private;
revoke all on schema chat_private from public;
grant usage on schema chat_private to anon, authenticated, service_role;

alter table public.chat_sessions add column if not exists rev bigint;
alter table public.chat_messages add column if not exists rev bigint;

-- What changed in one session, or in several: (session_id = a and rev > 5) or (…).
create index if not exists idx_chat_messages_session_id_rev
  on public.chat_messages (session_id, rev);

-- A table of its own, and not published: a counter on chat_sessions would tell every message
-- twice, and who writes a message need not be one who may change the session.
create table if not exists public.chat_sync_heads (
  session_id text primary key,
  last_rev bigint not null default 0,
  gone boolean not null default false
);

-- Messages that were deleted from a session, or moved out of it.
create table if not exists public.chat_tombstones (
  session_id text not null,
  id uuid not null,
  rev bigint not null,
  deleted_at timestamptz not null default now(),
  primary key (session_id, id)
);
create index if not exists idx_chat_tombstones_session_id_rev
  on public.chat_tombstones (session_id, rev);

-- Who could read a session when it was deleted: with its row the answer would be lost, and
-- these alone are to learn that it is gone.
create table if not exists chat_private.sync_gone (
  user_id text not null,
  session_id text not null,
  primary key (user_id, session_id)
);

-- Tells one installation from the next. Revisions that a client remembers count within one
-- epoch; who restores a backup has to give a new one.
create table if not exists chat_private.sync_epoch (
  this boolean primary key default true check (this),
  epoch uuid not null default gen_random_uuid()
);
insert into chat_private.sync_epoch (this) values (true) on conflict do nothing;

create or replace function chat_private.current_epoch()
returns uuid
language sql stable security definer set search_path = ''
as $$ select epoch from chat_private.sync_epoch $$;
revoke all on function chat_private.current_epoch() from public;
grant execute on function chat_private.current_epoch() to anon, authenticated, service_role;

-- Locks a session's head until the transaction ends, and makes it when it is missing. Answers
-- whether the session is gone.
create or replace function chat_private.lock_head(session text)
returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  is_gone boolean;
begin
  loop
    select gone into is_gone from public.chat_sync_heads where session_id = session for update;
    if found then
      return is_gone;
    end if;
    insert into public.chat_sync_heads (session_id) values (session) on conflict do nothing;
  end loop;
end
$$;
revoke all on function chat_private.lock_head(text) from public;

-- The next revision of a session whose head is locked.
create or replace function chat_private.next_rev(session text)
returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  taken bigint;
begin
  update public.chat_sync_heads set last_rev = last_rev + 1
    where session_id = session
    returning last_rev into taken;
  return taken;
end
$$;
revoke all on function chat_private.next_rev(text) from public;

-- Sessions.

-- The id of a session that is gone does not come back, to whoever it belonged. A row that is
-- there already takes no revision: the insert is about to be refused, ignored, or made an update.
create or replace function chat_private.sync_session_insert()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.id is null then
    return new;
  end if;
  if chat_private.lock_head(new.id) then
    return null;
  end if;
  if not exists (select from public.chat_sessions where id = new.id) then
    new.rev := chat_private.next_rev(new.id);
  end if;
  return new;
end
$$;
revoke all on function chat_private.sync_session_insert() from public;

create or replace function chat_private.sync_session_update()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.id is distinct from old.id then
    raise exception 'the id of a session cannot be changed' using errcode = '0A000';
  end if;
  perform chat_private.lock_head(new.id);
  new.rev := chat_private.next_rev(new.id);
  new.updated_at := clock_timestamp();
  return new;
end
$$;
revoke all on function chat_private.sync_session_update() from public;

-- Before a session goes: remembers who could read it, and takes the locks in the order of
-- everybody else, messages and members before the head.
create or replace function chat_private.sync_session_before_delete()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  perform from public.chat_messages where session_id = old.id order by id for update;
  if to_regclass('public.chat_session_members') is not null then
    perform from public.chat_session_members where session_id = old.id order by id for update;
    insert into chat_private.sync_gone (user_id, session_id)
      select user_id, session_id from public.chat_session_members where session_id = old.id
      on conflict do nothing;
  end if;
  perform chat_private.lock_head(old.id);
  insert into chat_private.sync_gone (user_id, session_id)
    select old.user_id, old.id where old.user_id is not null
    on conflict do nothing;
  return old;
end
$$;
revoke all on function chat_private.sync_session_before_delete() from public;

create or replace function chat_private.sync_session_after_delete()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  update public.chat_sync_heads set last_rev = last_rev + 1, gone = true
    where session_id = old.id;
  -- Their trigger writes no tombstone for a session that is gone.
  delete from public.chat_messages where session_id = old.id;
  delete from public.chat_tombstones where session_id = old.id;
  return null;
end
$$;
revoke all on function chat_private.sync_session_after_delete() from public;

-- Messages. An insert passes three triggers, in the order of their names: the lock; the look
-- at the tombstones, as the one who writes, so that nobody learns of a deletion that is not
-- theirs to see; and the revision.

create or replace function chat_private.sync_message_lock()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.session_id is not null and chat_private.lock_head(new.session_id) then
    return null;
  end if;
  return new;
end
$$;
revoke all on function chat_private.sync_message_lock() from public;

create or replace function chat_private.sync_message_tombstone()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  if exists (
    select from public.chat_tombstones where session_id = new.session_id and id = new.id
  ) then
    return null;
  end if;
  return new;
end
$$;
revoke all on function chat_private.sync_message_tombstone() from public;

create or replace function chat_private.sync_message_rev()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.session_id is not null
    and not exists (select from public.chat_messages where id = new.id)
  then
    new.rev := chat_private.next_rev(new.session_id);
  end if;
  return new;
end
$$;
revoke all on function chat_private.sync_message_rev() from public;

-- A change of the session is a deletion in the one and an insert in the other. Two heads are
-- locked in one order everywhere.
create or replace function chat_private.sync_message_update()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if new.session_id is null then
    return new;
  end if;
  perform chat_private.lock_head(least(old.session_id, new.session_id));
  perform chat_private.lock_head(greatest(old.session_id, new.session_id));
  if new.session_id <> old.session_id and chat_private.lock_head(new.session_id) then
    return null;
  end if;
  new.rev := chat_private.next_rev(new.session_id);
  new.updated_at := clock_timestamp();
  return new;
end
$$;
revoke all on function chat_private.sync_message_update() from public;

create or replace function chat_private.sync_message_moved()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.chat_tombstones where session_id = new.session_id and id = new.id;
  insert into public.chat_tombstones (session_id, id, rev)
    values (old.session_id, old.id, chat_private.next_rev(old.session_id))
    on conflict (session_id, id) do update set rev = excluded.rev, deleted_at = now();
  return null;
end
$$;
revoke all on function chat_private.sync_message_moved() from public;

create or replace function chat_private.sync_message_delete()
returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  if not chat_private.lock_head(old.session_id) then
    insert into public.chat_tombstones (session_id, id, rev)
      values (old.session_id, old.id, chat_private.next_rev(old.session_id))
      on conflict (session_id, id) do update set rev = excluded.rev, deleted_at = now();
  end if;
  return null;
end
$$;
revoke all on function chat_private.sync_message_delete() from public;

-- TRUNCATE tells of no row that it removes.
create or replace function chat_private.sync_refuse_truncate()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception 'truncate leaves no tombstones: delete the rows of % instead', tg_table_name
    using errcode = '0A000';
end
$$;
revoke all on function chat_private.sync_refuse_truncate() from public;

-- Rows that are there get their revisions, and the triggers come, in one transaction: no write
-- slips in between. A session comes before its messages, and these in the order they are shown.
do $$
begin
  lock table public.chat_sessions, public.chat_messages in share row exclusive mode;

  drop trigger if exists chat_sync_insert on public.chat_sessions;
  drop trigger if exists chat_sync_update on public.chat_sessions;
  drop trigger if exists chat_sync_before_delete on public.chat_sessions;
  drop trigger if exists chat_sync_delete on public.chat_sessions;
  drop trigger if exists chat_sync_truncate on public.chat_sessions;
  drop trigger if exists chat_sync_insert_1_lock on public.chat_messages;
  drop trigger if exists chat_sync_insert_2_tombstone on public.chat_messages;
  drop trigger if exists chat_sync_insert_3_rev on public.chat_messages;
  drop trigger if exists chat_sync_update on public.chat_messages;
  drop trigger if exists chat_sync_moved on public.chat_messages;
  drop trigger if exists chat_sync_delete on public.chat_messages;
  drop trigger if exists chat_sync_truncate on public.chat_messages;

  insert into public.chat_sync_heads (session_id)
    select id from public.chat_sessions where rev is null
    union
    select session_id from public.chat_messages where rev is null
    on conflict do nothing;
  with given as (
    update public.chat_sessions s set rev = h.last_rev + 1
    from public.chat_sync_heads h
    where h.session_id = s.id and s.rev is null
    returning s.id, s.rev
  )
  update public.chat_sync_heads h set last_rev = given.rev
  from given
  where given.id = h.session_id;
  with numbered as (
    select id, row_number() over (partition by session_id order by created_at, id) as number
    from public.chat_messages
    where rev is null
  ), given as (
    update public.chat_messages m set rev = h.last_rev + numbered.number
    from numbered, public.chat_sync_heads h
    where numbered.id = m.id and h.session_id = m.session_id
    returning m.session_id, m.rev
  ), newest as (
    select session_id, max(rev) as rev from given group by session_id
  )
  update public.chat_sync_heads h set last_rev = newest.rev
  from newest
  where newest.session_id = h.session_id;

  create trigger chat_sync_insert before insert on public.chat_sessions
    for each row execute function chat_private.sync_session_insert();
  create trigger chat_sync_update before update on public.chat_sessions
    for each row execute function chat_private.sync_session_update();
  create trigger chat_sync_before_delete before delete on public.chat_sessions
    for each row execute function chat_private.sync_session_before_delete();
  create trigger chat_sync_delete after delete on public.chat_sessions
    for each row execute function chat_private.sync_session_after_delete();
  create trigger chat_sync_truncate before truncate on public.chat_sessions
    for each statement execute function chat_private.sync_refuse_truncate();

  create trigger chat_sync_insert_1_lock before insert on public.chat_messages
    for each row execute function chat_private.sync_message_lock();
  create trigger chat_sync_insert_2_tombstone before insert on public.chat_messages
    for each row execute function chat_private.sync_message_tombstone();
  create trigger chat_sync_insert_3_rev before insert on public.chat_messages
    for each row execute function chat_private.sync_message_rev();
  create trigger chat_sync_update before update on public.chat_messages
    for each row execute function chat_private.sync_message_update();
  create trigger chat_sync_moved after update on public.chat_messages
    for each row
    when (old.session_id is distinct from new.session_id or old.id is distinct from new.id)
    execute function chat_private.sync_message_moved();
  create trigger chat_sync_delete after delete on public.chat_messages
    for each row execute function chat_private.sync_message_delete();
  create trigger chat_sync_truncate before truncate on public.chat_messages
    for each statement execute function chat_private.sync_refuse_truncate();
end
$$;

-- Who reads what. A head is read by whoever sees its session, by whatever policies that table
-- has, and by those who saw it when it was deleted. The keys are collected once for a
-- statement, so that the primary key's index finds the rows. Nobody writes: the triggers do.

alter table public.chat_sync_heads enable row level security;
alter table public.chat_tombstones enable row level security;
alter table chat_private.sync_gone enable row level security;
alter table chat_private.sync_epoch enable row level security;

revoke all on public.chat_sync_heads, public.chat_tombstones
  from public, anon, authenticated, service_role;
revoke all on chat_private.sync_gone, chat_private.sync_epoch
  from public, anon, authenticated, service_role;
grant select on public.chat_sync_heads, public.chat_tombstones
  to anon, authenticated, service_role;
grant select on chat_private.sync_gone to anon, authenticated, service_role;

drop policy if exists "read own" on chat_private.sync_gone;
create policy "read own" on chat_private.sync_gone
  for select to authenticated
  using (user_id = (select auth.jwt() ->> 'sub'));

drop policy if exists "read heads of sessions one sees or saw" on public.chat_sync_heads;
create policy "read heads of sessions one sees or saw" on public.chat_sync_heads
  for select to authenticated
  using (
    session_id = any (array(
      select id from public.chat_sessions
      union all
      select session_id from chat_private.sync_gone
    ))
  );

drop policy if exists "read tombstones of sessions one sees" on public.chat_tombstones;
create policy "read tombstones of sessions one sees" on public.chat_tombstones
  for select to authenticated
  using (session_id = any (array(select id from public.chat_sessions)));

-- One row: whether there is anything to do. `hash` is the SHA-256, in hexadecimal, over the
-- heads that the caller sees, in the order of their ids' bytes, each written as
-- `<bytes of the id>:<id>:<last_rev>:<t or f for gone>`. Its presence shows that the part is
-- installed; `version` is raised when a client has to know of a change.
create or replace view public.chat_sync_digest
with (security_invoker = true) as
select
  1 as version,
  chat_private.current_epoch() as epoch,
  count(*) as heads,
  encode(
    sha256(
      convert_to(
        coalesce(
          string_agg(
            octet_length(session_id) || ':' || session_id || ':' || last_rev
              || case when gone then ':t' else ':f' end,
            '' order by session_id collate "C"
          ),
          ''
        ),
        'UTF8'
      )
    ),
    'hex'
  ) as hash
from public.chat_sync_heads;

revoke all on public.chat_sync_digest from public, anon, authenticated, service_role;
grant select on public.chat_sync_digest to anon, authenticated, service_role;
