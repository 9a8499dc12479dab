-- What a rule asked for when it fired, and the stretch before the tick of which no prices are known;
-- NULL where they are known.
ALTER TABLE firings ADD COLUMN condition TEXT;
ALTER TABLE firings ADD COLUMN unknown_from INTEGER;
ALTER TABLE firings ADD COLUMN unknown_until INTEGER;
