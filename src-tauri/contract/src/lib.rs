//! Commands in, events out: the only surface the UI sees.
