-- Which messages the search index does not have as they are: kept by triggers, so that it holds
-- whichever way a row changes, and so that indexing a message does not write its row anew. The
-- column messages.indexed says nothing any more; to take it off would write every row.
CREATE TABLE to_index (
    key INTEGER PRIMARY KEY
) STRICT;

CREATE TRIGGER words_of_new AFTER INSERT ON messages
WHEN new.deleted = 0 AND new.content IS NOT NULL
BEGIN
    INSERT INTO to_index (key) VALUES (new.key) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER words_of_changed AFTER UPDATE OF content, deleted ON messages
WHEN old.content IS NOT new.content OR old.deleted <> new.deleted
BEGIN
    INSERT INTO to_index (key) VALUES (new.key) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER words_of_gone AFTER DELETE ON messages
BEGIN
    DELETE FROM to_index WHERE key = old.key;
END;

DROP INDEX messages_unindexed;

-- The order of what a search finds, over all sessions.
CREATE INDEX messages_by_time ON messages (created_at);

-- The words are made by the program (search/tokens.rs), for the index and for what is looked through
-- beside it alike; here only the spaces between them count. No index of beginnings: those that many
-- messages have are found among the newest, and of others there are few. It is written in the
-- background; until then the newest messages are looked through.
DROP TABLE search_index;
CREATE VIRTUAL TABLE search_index USING fts5 (
    content,
    content = '',
    contentless_delete = 1,
    tokenize = 'ascii'
);
-- One page of the index in one page of the file, of which encryption takes 80 bytes.
INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 3970);
INSERT INTO to_index (key) SELECT key FROM messages WHERE deleted = 0 AND content IS NOT NULL;
