-- Up to when the ticks that carry each of the feed's figures were judged: to a rule on a figure
-- the others are no ticks. Before, one time stood for all of them.
ALTER TABLE symbols ADD COLUMN judged_change INTEGER;
ALTER TABLE symbols ADD COLUMN judged_volume INTEGER;
ALTER TABLE symbols ADD COLUMN judged_market_cap INTEGER;
UPDATE symbols SET judged_change = evaluated_to, judged_volume = evaluated_to,
    judged_market_cap = evaluated_to;

-- A rule that fires and is noted, and tells nothing.
ALTER TABLE rules ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
