-- A message whose words are in the index, and one (made by the trigger) whose words are not yet.
INSERT INTO search_index (rowid, content) VALUES (1, 'we leave at nine');
DELETE FROM to_index WHERE key = 1;
