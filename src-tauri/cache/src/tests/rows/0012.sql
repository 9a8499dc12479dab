-- What fired at the first price after a stretch of which none are known.
UPDATE firings SET condition = '{"kind":"above","price":"70000"}',
    unknown_from = 1700000001000000, unknown_until = 1700000006000000;
