-- A session that goes finds its own messages, deleted and unsent ones as well, without a look at
-- those of others: as its rows are taken away, and as it is checked that nothing refers to it.
DROP INDEX messages_in_order;
CREATE INDEX messages_in_order
    ON messages (session, created_at, id, hidden, role, author, deleted, unsent);
