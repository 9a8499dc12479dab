-- The search index in the order of time, so that a search reads its newest matches and stops. A
-- message's rowid in it has the stretch of time that it was written in (2^36 microseconds, some
-- nineteen hours) above its key: within a stretch by key, which keeps the index small.
-- `search/place.rs` computes the same.
DROP TABLE search_index;
CREATE VIRTUAL TABLE search_index USING fts5 (
    content,
    content = '',
    contentless_delete = 1,
    tokenize = 'ascii'
);
INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 3970);

-- Also messages without a text are in it, by what they are: `search/facets.rs`.
DROP TRIGGER words_of_new;
CREATE TRIGGER words_of_new AFTER INSERT ON messages
WHEN new.deleted = 0 AND new.created_at IS NOT NULL
BEGIN
    INSERT INTO to_index (key) VALUES (new.key) ON CONFLICT DO NOTHING;
END;

DROP TRIGGER words_of_changed;
CREATE TRIGGER words_of_changed
AFTER UPDATE OF content, deleted, session, author, role, kind, created_at ON messages
WHEN old.content IS NOT new.content OR old.deleted <> new.deleted OR old.session IS NOT new.session
    OR old.author IS NOT new.author OR old.role IS NOT new.role OR old.kind IS NOT new.kind
    OR old.created_at IS NOT new.created_at
BEGIN
    INSERT INTO to_index (key) VALUES (new.key) ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER words_of_moved AFTER UPDATE OF created_at ON messages
WHEN old.created_at >> 36 IS NOT new.created_at >> 36
BEGIN
    DELETE FROM search_index WHERE rowid = (old.created_at >> 36) << 32 | old.key;
END;

DROP TRIGGER words_of_gone;
CREATE TRIGGER words_of_gone AFTER DELETE ON messages
BEGIN
    DELETE FROM search_index WHERE rowid = (old.created_at >> 36) << 32 | old.key;
    DELETE FROM to_index WHERE key = old.key;
END;

DELETE FROM to_index;
INSERT INTO to_index (key) SELECT key FROM messages WHERE deleted = 0 AND created_at IS NOT NULL;
