-- Removes the sync part: revisions, heads and tombstones. Sessions and messages stay.

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

drop view if exists public.chat_sync_digest;
drop table if exists public.chat_sync_heads;
drop table if exists public.chat_tombstones;
drop table if exists chat_private.sync_gone;
drop table if exists chat_private.sync_epoch;

drop function if exists chat_private.sync_session_insert();
drop function if exists chat_private.sync_session_update();
drop function if exists chat_private.sync_session_before_delete();
drop function if exists chat_private.sync_session_after_delete();
drop function if exists chat_private.sync_message_lock();
drop function if exists chat_private.sync_message_tombstone();
drop function if exists chat_private.sync_message_rev();
drop function if exists chat_private.sync_message_update();
drop function if exists chat_private.sync_message_moved();
drop function if exists chat_private.sync_message_delete();
drop function if exists chat_private.sync_refuse_truncate();
drop function if exists chat_private.lock_head(text);
drop function if exists chat_private.next_rev(text);
drop function if exists chat_private.current_epoch();

alter table public.chat_sessions drop column if exists rev;
alter table public.chat_messages drop column if exists rev;

-- The schema goes with the last part in it.
do $$
begin
  drop schema if exists chat_private;
exception when dependent_objects_still_exist then
  null;
end
$$;
