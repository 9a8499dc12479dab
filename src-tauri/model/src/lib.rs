//! The words every part shares: ids, messages, sessions, prices, time; no I/O.
