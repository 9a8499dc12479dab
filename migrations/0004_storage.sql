-- A write that was written down long ago waits for the user's word (`held`). Its age counts from
-- `counts_from`, the last time that the user said to send it; NULL: from when it was written.
ALTER TABLE outbox ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN counts_from INTEGER;

-- What each session takes on this device: kept by triggers, so that a look at it reads no message.
CREATE TABLE session_sizes (
    session  INTEGER PRIMARY KEY REFERENCES sessions (key) ON DELETE CASCADE,
    messages INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) STRICT;

INSERT INTO session_sizes (session, messages, bytes)
SELECT session, count(*), sum(coalesce(octet_length(content), 0) + coalesce(octet_length(metadata), 0))
FROM messages WHERE deleted = 0 AND session IS NOT NULL GROUP BY session;

CREATE TRIGGER size_of_new AFTER INSERT ON messages
WHEN new.deleted = 0 AND new.session IS NOT NULL
BEGIN
    INSERT INTO session_sizes (session, messages, bytes)
    VALUES (new.session, 1,
        coalesce(octet_length(new.content), 0) + coalesce(octet_length(new.metadata), 0))
    ON CONFLICT (session) DO UPDATE SET messages = messages + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER size_of_gone AFTER DELETE ON messages
WHEN old.deleted = 0 AND old.session IS NOT NULL
BEGIN
    UPDATE session_sizes SET messages = messages - 1,
        bytes = bytes - coalesce(octet_length(old.content), 0) - coalesce(octet_length(old.metadata), 0)
    WHERE session = old.session;
END;

CREATE TRIGGER size_of_changed AFTER UPDATE OF session, content, metadata, deleted ON messages
WHEN old.session IS NOT new.session OR old.deleted <> new.deleted
    OR old.content IS NOT new.content OR old.metadata IS NOT new.metadata
BEGIN
    UPDATE session_sizes SET messages = messages - 1,
        bytes = bytes - coalesce(octet_length(old.content), 0) - coalesce(octet_length(old.metadata), 0)
    WHERE session = old.session AND old.deleted = 0;
    INSERT INTO session_sizes (session, messages, bytes)
    SELECT new.session, 1,
        coalesce(octet_length(new.content), 0) + coalesce(octet_length(new.metadata), 0)
    WHERE new.session IS NOT NULL AND new.deleted = 0
    ON CONFLICT (session) DO UPDATE SET messages = messages + 1, bytes = bytes + excluded.bytes;
END;

-- Sessions of which messages were taken off this computer on purpose, up to this key: they come
-- back only when somebody looks at the session.
CREATE TABLE removals (
    session INTEGER PRIMARY KEY REFERENCES sessions (key) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    id      BLOB NOT NULL
) STRICT;
