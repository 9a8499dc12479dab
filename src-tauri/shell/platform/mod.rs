//! What differs by operating system.

#[cfg(target_os = "linux")]
mod again;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use again::start_again;
#[cfg(target_os = "linux")]
pub use linux::{decorate, fit, has_tray};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::{decorate, fit, has_tray};

#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "windows")]
pub use windows::{decorate, fit, has_tray};
