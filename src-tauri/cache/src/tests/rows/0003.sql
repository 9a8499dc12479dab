-- Who takes part in a session, a stay that ended, and what somebody is called.
INSERT INTO members (id, session, user, role, joined_at, read_ended)
    VALUES (x'0000000000000000000000000000000a', 1, 2, 'member', 1700000002000000, 3298534883333);
INSERT INTO members_gone (id) VALUES (x'0000000000000000000000000000000b');
INSERT INTO profiles (user, name) VALUES (2, 'Bob');
