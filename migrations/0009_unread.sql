-- How many messages are unread is counted in the index alone, without a look at each row.
DROP INDEX messages_in_order;
CREATE INDEX messages_in_order ON messages (session, created_at, id, hidden, role, author)
    WHERE deleted = 0 AND unsent = 0;
