//! The contract over a loopback WebSocket, for tests and scripts; never shipped.
