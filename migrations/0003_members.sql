-- Who takes part in a session besides its owner (rows of chat_session_members), and what people
-- are called (rows of chat_profiles). Whose a session is stands in `sessions.owner`.

CREATE TABLE members (
    id         BLOB PRIMARY KEY,
    session    INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
    user       INTEGER NOT NULL REFERENCES users (key),
    role       TEXT NOT NULL,
    joined_at  INTEGER,
    -- What orders facts about the row: stamps of the newest live frame, and of the end of the
    -- newest read.
    arrived    INTEGER,
    read_ended INTEGER,
    UNIQUE (session, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user);

-- Stays that ended during this run: an answer that was under way may still list them.
CREATE TABLE members_gone (
    id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
    user INTEGER PRIMARY KEY REFERENCES users (key),
    name TEXT NOT NULL
) STRICT;
