-- `ranges.live` has a third value: 2, for a range whose end arrived by itself until live changes
-- stopped. Changes since are asked for by their numbers, and then it is live again. Before, every
-- newest range of a session that is followed was taken for one.
UPDATE ranges SET live = 2
WHERE live = 0
  AND session IN (SELECT s.key FROM heads h JOIN sessions s ON s.id = h.session_id)
  AND NOT EXISTS (
      SELECT 1 FROM ranges later WHERE later.session = ranges.session
        AND (later.older_at, later.older_id) > (ranges.older_at, ranges.older_id));
