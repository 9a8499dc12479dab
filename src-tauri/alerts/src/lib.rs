//! Price alert rules and their evaluation: pure, exact.
