-- Prices stand in four levels: as they came, by the minute, by the hour and by the day. Each bar
-- has the lowest, the highest and the last price of its time, the time of that one, and the volume
-- over 24 hours that the source told last. `minute`, `hour` and `day` count from 1970 UTC.
ALTER TABLE ticks ADD COLUMN volume TEXT;
ALTER TABLE minutes ADD COLUMN volume TEXT;

CREATE TABLE hours (
    symbol INTEGER NOT NULL REFERENCES symbols (key),
    hour   INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    price  TEXT NOT NULL,
    low    TEXT NOT NULL,
    high   TEXT NOT NULL,
    volume TEXT,
    PRIMARY KEY (symbol, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    symbol INTEGER NOT NULL REFERENCES symbols (key),
    day    INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    price  TEXT NOT NULL,
    low    TEXT NOT NULL,
    high   TEXT NOT NULL,
    volume TEXT,
    PRIMARY KEY (symbol, day)
) STRICT, WITHOUT ROWID;

-- What each level holds: every price from `kept_from` up to before `covered_to`. Both only grow.
-- 0 is the prices as they came, which are complete at once; then minutes, hours, days.
CREATE TABLE price_levels (
    level      INTEGER PRIMARY KEY,
    covered_to INTEGER NOT NULL,
    kept_from  INTEGER NOT NULL
) STRICT;

-- Until now a minute was folded once it was old, and hours and days were not there.
INSERT INTO price_levels (level, covered_to, kept_from)
SELECT 0, 9223372036854775807,
    coalesce((SELECT max(minute) + 1 FROM minutes) * 60000000, -62135596800000000);
INSERT INTO price_levels (level, covered_to, kept_from)
SELECT 1, kept_from, -62135596800000000 FROM price_levels WHERE level = 0;
INSERT INTO price_levels (level, covered_to, kept_from) VALUES
    (2, -62135596800000000, -62135596800000000),
    (3, -62135596800000000, -62135596800000000);

-- Stretches in which nobody here listened to the prices.
CREATE TABLE price_gaps (
    start INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;

-- Stretches of them that were read from the project's table since, symbol by symbol.
CREATE TABLE price_reads (
    symbol INTEGER NOT NULL REFERENCES symbols (key),
    start  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    PRIMARY KEY (symbol, start)
) STRICT, WITHOUT ROWID;

-- The project's table has nothing of the symbol from before.
ALTER TABLE symbols ADD COLUMN table_begins INTEGER;

-- When somebody listened before is not known: of what is here nothing is called a gap.
INSERT INTO price_gaps (start, until)
SELECT -62135596800000000, min(time)
FROM (SELECT min(time) AS time FROM ticks UNION ALL SELECT min(time) FROM minutes)
HAVING min(time) IS NOT NULL;
INSERT INTO meta (name, value)
SELECT 'prices_heard_to', max(time) FROM quotes HAVING max(time) IS NOT NULL;
