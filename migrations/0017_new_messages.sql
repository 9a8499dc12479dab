-- A new message is counted, and waits for the index, by what inserts it (`write::rows`, the one place
-- that does). With triggers an insertion is more than one change that may fail: SQLite then keeps a
-- copy of each page before each message, and looks for rows that refer to it.
DROP TRIGGER size_of_new;
DROP TRIGGER words_of_new;
