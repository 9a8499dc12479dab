-- How far sessions are followed, and a change that came ahead of another.
INSERT INTO heads (session_id, last_rev, gone) VALUES ('trip', 12, 0), ('gone', 7, 1);
INSERT INTO seen_revs (session_id, rev) VALUES ('trip', 14);
UPDATE sessions SET rev = 11 WHERE id = 'trip';
UPDATE messages SET rev = 12 WHERE key = 2;
