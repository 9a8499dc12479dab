//! What the tests across parts share: the desktop's services, played by the test itself, and
//! the app's real window under a driver.

pub mod browser;
pub mod dbus;
pub mod display;
#[cfg(unix)]
pub mod keeper;
pub mod peer;
pub mod process;
pub mod project;
#[cfg(unix)]
pub mod served;
pub mod sound;
pub mod tidings;
pub mod webdriver;
