-- Something to look at in an empty project. `supabase db reset` runs it on a local stack;
-- it is not meant for a project in use. Running it again changes nothing.
--
-- The sessions belong to a user with the id `demo`: give them to one of your own users with
--   update public.chat_sessions set user_id = '<id of the user>' where user_id = 'demo';
--   update public.chat_messages set user_id = '<id of the user>' where user_id = 'demo';

insert into public.chat_sessions (id, user_id, title, last_activity, created_at) values
  ('demo-welcome', 'demo', 'Welcome', now() - interval '5 minutes', now() - interval '1 day'),
  ('demo-notes', 'demo', 'Notes to myself', now() - interval '2 hours', now() - interval '3 days')
on conflict (id) do nothing;

insert into public.chat_messages (id, session_id, user_id, role, content, created_at) values
  ('018f3c00-0000-7000-8000-000000000001', 'demo-welcome', null, 'system',
   'This session was made by the demo data.', now() - interval '1 day'),
  ('018f3c00-0000-7000-8000-000000000002', 'demo-welcome', null, 'assistant',
   'Hello! Write something, and it will show up here, live.', now() - interval '6 minutes'),
  ('018f3c00-0000-7000-8000-000000000003', 'demo-welcome', 'demo', 'user',
   'That was quick.', now() - interval '5 minutes'),
  ('018f3c00-0000-7000-8000-000000000004', 'demo-notes', 'demo', 'user',
   'Water the plants on Thursday.', now() - interval '2 hours')
on conflict (id) do nothing;

insert into public.crypto_prices
  (id, symbol, price, change_24h, change_percentage_24h, market_cap, volume_24h) values
  ('018f3c00-0000-7000-8000-0000000000b1', 'BTC', 64250.12, 812.40, 1.28, 1266000000000, 28400000000),
  ('018f3c00-0000-7000-8000-0000000000b2', 'ETH', 3120.55, -41.05, -1.30, 375000000000, 14900000000),
  ('018f3c00-0000-7000-8000-0000000000b3', 'SOL', 142.87, 3.91, 2.81, 65000000000, 3100000000)
on conflict (id) do nothing;
