-- Live changes of the four tables.

-- With the default identity a subscription that filters by session hears of no delete.
alter table public.chat_messages replica identity full;

do $$
declare
  wanted text;
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  foreach wanted in array array['chat_sessions', 'chat_messages', 'user_presence', 'crypto_prices']
  loop
    if not exists (
      select from pg_publication_tables
      where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = wanted
    ) then
      execute format('alter publication supabase_realtime add table public.%I', wanted);
    end if;
  end loop;
end
$$;
