//! Native notifications and what is done about them.

#[cfg(target_os = "linux")]
mod freedesktop;
#[cfg(target_os = "linux")]
mod gnome;
#[cfg(target_os = "linux")]
pub use freedesktop::Notifier;

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(not(target_os = "linux"))]
pub use native::Notifier;

use std::time::Duration;

use tidings_contract::NotificationReport;
use tidings_engine::{About, Pressed};

/// A desktop that does not answer within this time is taken to have refused.
const DEADLINE: Duration = Duration::from_secs(5);

/// Something done about a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// What the notification was about.
    pub about: About,
    /// What was done.
    pub pressed: Pressed,
}

fn refused(reason: &str) -> NotificationReport {
    NotificationReport {
        shown: false,
        reason: Some(format!(
            "The desktop did not show the notification: {reason}"
        )),
    }
}
