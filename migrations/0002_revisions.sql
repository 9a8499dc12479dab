-- Projects with the sync part number each change of a session. `rev` is the number of the fact
-- that shows; it counts within the session, and since the stamp that `meta` keeps as `era`: a row
-- whose stamp is older has no number any more. `departed` lists where a row was and is not, as
-- pairs of a session's key and the number of the leave.
ALTER TABLE sessions ADD COLUMN rev INTEGER;
ALTER TABLE sessions ADD COLUMN departed TEXT;
-- The last number of a session that is gone: facts about its messages up to it do not count.
ALTER TABLE sessions ADD COLUMN gone_rev INTEGER;
ALTER TABLE messages ADD COLUMN rev INTEGER;
ALTER TABLE messages ADD COLUMN departed TEXT;
CREATE INDEX messages_departed ON messages (key) WHERE departed IS NOT NULL;

-- How far sessions are followed: every change up to `last_rev` is in the cache, as far as the
-- cache reaches. The ids are ordered by their bytes, as the project's digest is.
CREATE TABLE heads (
    session_id TEXT PRIMARY KEY,
    last_rev   INTEGER NOT NULL,
    gone       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Changes that arrived ahead of the one that comes next.
CREATE TABLE seen_revs (
    session_id TEXT NOT NULL,
    rev        INTEGER NOT NULL,
    PRIMARY KEY (session_id, rev)
) STRICT, WITHOUT ROWID;
