//! One workspace at work: connects, catches up, drains the outbox, follows prices, judges alerts.
