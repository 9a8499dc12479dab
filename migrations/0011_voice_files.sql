-- Files of voice messages that were heard, so that they can be heard without a connection. `bucket`
-- and `path` are what the message named when the file was fetched; the content stands last, so that
-- a look at the rest does not read it.
CREATE TABLE voice_files (
    message   INTEGER PRIMARY KEY REFERENCES messages (key) ON DELETE CASCADE,
    session   INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
    bucket    TEXT NOT NULL,
    path      TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    heard_at  INTEGER NOT NULL,
    content   BLOB NOT NULL
) STRICT;

CREATE INDEX voice_files_by_session ON voice_files (session);

-- They count as what their sessions take.
CREATE TRIGGER voice_size_of_new AFTER INSERT ON voice_files
BEGIN
    UPDATE session_sizes SET bytes = bytes + octet_length(new.content) WHERE session = new.session;
END;

CREATE TRIGGER voice_size_of_gone AFTER DELETE ON voice_files
BEGIN
    UPDATE session_sizes SET bytes = bytes - octet_length(old.content) WHERE session = old.session;
END;

-- A message that is deleted, or stands in another session, takes its file along.
CREATE TRIGGER voice_of_changed AFTER UPDATE OF session, deleted ON messages
WHEN new.deleted <> 0 OR old.session IS NOT new.session
BEGIN
    DELETE FROM voice_files WHERE message = old.key;
END;
