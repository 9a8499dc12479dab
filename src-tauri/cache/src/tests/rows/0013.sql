-- A message that was deleted.
INSERT INTO messages (id, session, created_at, stamp, deleted)
SELECT x'0000000000004000800000000000000d', key, 1700000005000000, 1, 1
FROM sessions WHERE id <> 'trip' LIMIT 1;
