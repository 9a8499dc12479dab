-- A message whose words are in the index, by its time and its key; the words of the others are not
-- yet.
INSERT INTO search_index (rowid, content) VALUES ((1700000002000000 >> 36) << 32 | 1, 'we leave at nine');
DELETE FROM to_index WHERE key = 1;
