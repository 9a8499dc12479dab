//! Named actors, an injected clock, a fault proxy and fixtures for tests.
