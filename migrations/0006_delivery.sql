-- What a session notifies of besides all and nothing: messages that mention oneself.
ALTER TABLE session_marks ADD COLUMN mentions INTEGER NOT NULL DEFAULT 0;

-- Messages of others that are new here and that the desktop has not been told of: written in one
-- transaction with the message, removed once it was told, or need not be any more.
CREATE TABLE untold_messages (
    message INTEGER PRIMARY KEY REFERENCES messages (key) ON DELETE CASCADE
) STRICT;
