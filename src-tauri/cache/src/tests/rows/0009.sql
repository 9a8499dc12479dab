-- A message that nobody has read.
INSERT INTO messages (id, session, author, content, role, created_at, stamp)
SELECT x'00000000000040008000000000000009', key, NULL, 'Not read yet.', 'assistant', 1700000005000000, 1
FROM sessions WHERE id <> 'trip' LIMIT 1;
