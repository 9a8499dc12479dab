-- What inserts a message counts it, and has it wait for the index; the words of one are in it.
INSERT INTO to_index (key)
SELECT key FROM messages WHERE deleted = 0 AND created_at IS NOT NULL AND key <> 1
ON CONFLICT DO NOTHING;
INSERT INTO session_sizes (session, messages, bytes)
SELECT session, count(*), sum(coalesce(octet_length(content), 0) + coalesce(octet_length(metadata), 0))
FROM messages WHERE deleted = 0 AND session IS NOT NULL GROUP BY session
ON CONFLICT DO NOTHING;
