-- A session that notifies of mentions alone, and a message that was not told yet.
INSERT INTO session_marks (session, pinned, muted, mentions) VALUES (2, 0, 0, 1);
INSERT INTO untold_messages (message) VALUES (2);
