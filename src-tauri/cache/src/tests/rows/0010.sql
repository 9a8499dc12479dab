-- What was told in the user's own words.
UPDATE firings SET message = 'Sell half at 11';
