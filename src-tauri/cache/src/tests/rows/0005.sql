-- A symbol whose figures were judged up to times of their own, a rule that is muted, and a firing
-- that waits for the end of a snooze.
INSERT INTO symbols (key, name, evaluated_to, judged_change, judged_volume, judged_market_cap)
    VALUES (2, 'ETH', 1700000009000000, 1700000008000000, NULL, 1700000009000000);
UPDATE rules SET muted = 1;
INSERT INTO firings (rule, symbol, sentence, price, source_time, fired_at, mark, pending)
    VALUES (x'00000000000000000000000000000012', 2, 'ETH fell 5 % from its high', '1900',
        1700000009000000, 1700000009100000, 'snoozed', 1);
