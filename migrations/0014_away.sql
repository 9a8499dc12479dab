-- A firing at a price that held while nobody listened, whatever became of its notification. Before,
-- the mark alone said so, and one that was held or muted had another.
ALTER TABLE firings ADD COLUMN away INTEGER NOT NULL DEFAULT 0;
UPDATE firings SET away = 1 WHERE mark = 'away';
