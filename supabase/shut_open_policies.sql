-- Takes away what lets everybody in: policies of the four tables that name nobody in particular
-- (public, anon) and ask for nothing. Run before `…_row_level_security.sql`, which brings the rules for
-- whoever is signed in. Whether prices are for everybody to read is the project's to say: that stays.
-- A policy with a condition of its own stays too, whatever the condition is.

do $$
declare
  found record;
begin
  for found in
    select tablename, policyname from pg_policies
    where schemaname = 'public'
      and tablename in ('chat_sessions', 'chat_messages', 'user_presence', 'crypto_prices')
      and permissive = 'PERMISSIVE'
      and roles && '{public,anon}'::name[]
      and (qual = 'true' or with_check = 'true')
      and not (tablename = 'crypto_prices' and cmd = 'SELECT')
  loop
    execute format('drop policy %I on public.%I', found.policyname, found.tablename);
  end loop;
end
$$;

