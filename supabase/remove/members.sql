-- Removes the members part: members, invitations and profiles. Sessions and messages stay, and
-- each session is its owner's alone again.

drop trigger if exists chat_members_insert on public.chat_sessions;
drop trigger if exists chat_members_owner on public.chat_sessions;
drop trigger if exists chat_members_freeze on public.chat_sessions;
drop trigger if exists chat_members_freeze on public.chat_messages;

drop policy if exists "read own and shared sessions" on public.chat_sessions;
drop policy if exists "read messages of shared sessions" on public.chat_messages;
drop policy if exists "write to shared sessions" on public.chat_messages;
drop policy if exists "change own messages in shared sessions" on public.chat_messages;
drop policy if exists "delete own messages from shared sessions" on public.chat_messages;
drop policy if exists "read presence in shared sessions" on public.user_presence;
drop policy if exists "announce presence in shared sessions" on public.user_presence;
drop policy if exists "change presence in shared sessions" on public.user_presence;
do $$
begin
  if to_regclass('realtime.messages') is not null then
    drop policy if exists "hear sessions one takes part in" on realtime.messages;
    drop policy if exists "be present in sessions one takes part in" on realtime.messages;
    drop policy if exists "speak in sessions one writes to" on realtime.messages;
  end if;
end
$$;

drop view if exists public.chat_members_info;
drop function if exists public.chat_create_invite(text, text, integer);
drop function if exists public.chat_redeem_invite(text);
drop table if exists public.chat_session_invites;
drop table if exists public.chat_profiles;
drop table if exists public.chat_session_members;
drop function if exists chat_private.members_follow_owner();
drop function if exists chat_private.members_count_revision();
drop function if exists chat_private.members_freeze();
drop function if exists chat_private.my_sessions(text[]);

-- The schema goes with the last part in it.
do $$
begin
  drop schema if exists chat_private;
exception when dependent_objects_still_exist then
  null;
end
$$;
