-- What fired in quiet hours, and was found later.
UPDATE firings SET mark = 'quiet', away = 1;
