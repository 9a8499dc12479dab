//! What differs by operating system.

#[cfg(target_os = "linux")]
mod again;
#[cfg(target_os = "linux")]
mod autostart;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod settings;
#[cfg(target_os = "linux")]
pub use again::start_again;
#[cfg(target_os = "linux")]
pub use autostart::{autostart, set_autostart};
#[cfg(target_os = "linux")]
pub use linux::{decorate, fit, has_tray};
#[cfg(target_os = "linux")]
pub use settings::{has_notification_settings, open_notification_settings};
#[cfg(not(target_os = "linux"))]
mod plugins;
#[cfg(not(target_os = "linux"))]
pub use plugins::{
    autostart, autostart_plugin, has_notification_settings, open_notification_settings,
    set_autostart,
};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::{decorate, fit, has_tray};

#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "windows")]
pub use windows::{decorate, fit, has_tray};
