//! Serves the contract over a loopback WebSocket.

fn main() {}
