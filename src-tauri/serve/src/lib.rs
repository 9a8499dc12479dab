//! The contract over a loopback WebSocket, beside the built UI: for tests and scripts that
//! drive the real engine without a window. Never shipped.
//!
//! Frames are JSON texts.
//!
//! | from | frame | meaning |
//! |---|---|---|
//! | client | `{"id", "command", "args"}` | a command of the contract; `id` is a number or a text |
//! | client | `{"id"?, "focused": bool}` | whether the window counts as being in front |
//! | client | `{"id", "notifications": true}` | asks for the notifications shown so far |
//! | server | `{"id", "ok"}` or `{"id", "error"}` | the answer to the frame of that id |
//! | server | `{"event": {"seq", "event"}}` | an event of the contract with its number |
//! | server | `{"notification": {…}}` | a native notification that a desktop would show |
//! | server | `{"link": "https://…"}` | an address that a desktop would open |
//!
//! Commands run at the same time; whoever needs an order waits for the answer. A frame that
//! cannot be read is answered with an error (`id` is null when it has none), and the socket
//! stays open.

mod desk;
mod frame;
mod guard;
#[cfg(unix)]
mod keeper;
mod server;
mod socket;

pub use desk::{Desk, Shown};
#[cfg(unix)]
pub use keeper::Keeper;
pub use server::{ServeError, Server};
