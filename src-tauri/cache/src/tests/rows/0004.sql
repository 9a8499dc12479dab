-- A write that waits for a word, and how far messages were taken off the device. The sizes of
-- sessions follow by themselves.
UPDATE outbox SET held = 1, counts_from = 1700000006000000 WHERE message = 3;
INSERT INTO removals (session, at, id)
    VALUES (1, 1700000001000000, x'00000000000000000000000000000000');
