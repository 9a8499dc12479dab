-- A price with the volume told with it, one of each length of time, a night offline that was read
-- since, and where the project's table begins.
UPDATE ticks SET volume = '28600000000';
INSERT INTO hours (symbol, hour, time, price, low, high, volume)
VALUES (1, 472222, 1699999999000000, '10.5', '9', '11', NULL);
INSERT INTO days (symbol, day, time, price, low, high, volume)
VALUES (1, 19675, 1699999999000000, '10.5', '9', '11', '28600000000');
INSERT INTO price_gaps (start, until) VALUES (1700000001000000, 1700000002000000);
INSERT INTO price_reads (symbol, start, until) VALUES (1, 1700000001000000, 1700000002000000);
UPDATE symbols SET table_begins = 1600000000000000 WHERE key = 1;
