-- The user's own text of a firing's notification, as it was told.
ALTER TABLE firings ADD COLUMN message TEXT;

-- A chart asks for the firings of its symbol.
CREATE INDEX firings_by_symbol ON firings (symbol, id);
