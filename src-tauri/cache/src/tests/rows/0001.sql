-- A cache as its first version left it, with a row in every table.
INSERT INTO meta (name, value) VALUES
    ('account', 'alice'), ('epoch', '3'), ('unread_since', '1700000000000000');
INSERT INTO users (key, id) VALUES (1, 'alice'), (2, 'bob');
INSERT INTO sessions (key, id, owner, title, status, last_activity, created_at, updated_at,
        metadata, read_began, read_ended, stamp)
    VALUES (1, 'trip', 1, 'Trip', 'active', 1700000009000000, 1700000001000000, 1700000001000000,
        '{}', 3298534883329, 3298534883330, 3298534883330);
INSERT INTO sessions (key, id, owner, title, status, last_activity, created_at, updated_at,
        metadata, stamp, unsent)
    VALUES (2, 'made-here', 1, 'Made here', 'active', 1700000008000000, 1700000008000000,
        1700000008000000, '{}', 0, 1);
INSERT INTO messages (key, id, session, author, content, role, metadata, created_at, updated_at,
        status, kind, read_began, read_ended, stamp, indexed)
    VALUES
        (1, x'00000000000000000000000000000001', 1, 2, 'We leave at nine', 'user', '{}',
            1700000002000000, 1700000002000000, 'delivered', 'text',
            3298534883331, 3298534883332, 3298534883332, 1),
        (2, x'00000000000000000000000000000002', 1, 2, 'See you', 'user', '{}',
            1700000003000000, 1700000003000000, 'delivered', 'text',
            3298534883331, 3298534883332, 3298534883332, 0);
INSERT INTO messages (key, id, session, author, content, role, metadata, created_at, updated_at,
        status, kind, stamp, unsent)
    VALUES (3, x'00000000000000000000000000000003', 1, 1, 'Written offline', 'user', '{}',
        1700000004000000, 1700000004000000, 'delivered', 'text', 0, 1);
INSERT INTO ranges (session, older_at, older_id, newer_at, newer_id, verified_at, live)
    VALUES (1, -9223372036854775808, x'00000000000000000000000000000000',
        1700000003000000, x'00000000000000000000000000000002', 1700000005000000, 0);
INSERT INTO read_positions (session, at, id)
    VALUES (1, 1700000002000000, x'00000000000000000000000000000001');
INSERT INTO drafts (session, text, updated_at) VALUES (1, 'And bring', 1700000005000000);
INSERT INTO session_marks (session, pinned, muted) VALUES (1, 1, 0);
INSERT INTO outbox (account, session, message, op, payload, state, attempts, created_at) VALUES
    (1, 1, 3, 'insert', '{"session":"trip","account":"alice","op":{"insert_message":{"id":"00000000-0000-0000-0000-000000000003","session_id":"trip","user_id":"alice","content":"Written offline","role":"user","metadata":{},"created_at":"2023-11-14T22:13:24Z","updated_at":"2023-11-14T22:13:24Z","status":"delivered","kind":"text"}}}',
        'sending', 1, 1700000004000000),
    (1, 1, 2, 'edit', '{"session":"trip","account":"alice","op":{"edit_message":{"id":"00000000-0000-0000-0000-000000000002","content":"See you there"}}}',
        'queued', 0, 1700000005000000),
    (1, 2, NULL, 'create_session', '{"session":"made-here","account":"alice","op":{"create_session":{"id":"made-here","user_id":"alice","title":"Made here","status":"active","last_activity":"2023-11-14T22:13:28Z","created_at":"2023-11-14T22:13:28Z","updated_at":"2023-11-14T22:13:28Z","metadata":{}}}}',
        'queued', 0, 1700000008000000);
INSERT INTO symbols (key, name, watch_order, evaluated_to) VALUES (1, 'BTC', 1, 1700000006000000);
INSERT INTO quotes (symbol, price, change_24h, time) VALUES (1, '68000.50', '-1.25', 1700000006000000);
INSERT INTO ticks (symbol, time, price) VALUES (1, 1700000006000000, '68000.50');
INSERT INTO minutes (symbol, minute, time, price, low, high)
    VALUES (1, 28333333, 1699999980000000, '67900', '67800', '68100');
INSERT INTO rules (id, symbol, definition, state, enabled, created_at, updated_at)
    VALUES (x'00000000000000000000000000000011', 1, '{"above":"70000"}', '{}', 1,
        1700000001000000, 1700000001000000);
INSERT INTO firings (rule, symbol, sentence, price, source_time, fired_at, mark, pending)
    VALUES (x'00000000000000000000000000000011', 1, 'BTC rose above 70,000', '70000.10',
        1700000006000000, 1700000006100000, 'notified', 0);
INSERT INTO search_index (rowid, content) VALUES (1, 'We leave at nine');
