-- A range whose end arrived by itself until live changes stopped.
UPDATE ranges SET live = 2;
