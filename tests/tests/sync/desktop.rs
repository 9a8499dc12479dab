//! A desktop of a test's own.

use futures_util::future::BoxFuture;
use tidings_contract as api;
use tidings_engine::{Host, Notification, NotificationAbility};

/// A desktop that does with notifications what a test says, and knows nothing else.
pub struct AloneWith<F>(pub F);

impl<F, R> Host for AloneWith<F>
where
    F: Fn(Notification) -> R + Send + Sync + 'static,
    R: Future<Output = api::NotificationReport> + Send + 'static,
{
    fn notify(&self, notification: Notification) -> BoxFuture<'static, api::NotificationReport> {
        Box::pin((self.0)(notification))
    }

    fn notifications(&self) -> BoxFuture<'static, NotificationAbility> {
        Box::pin(std::future::pending())
    }

    fn open_notification_settings(&self) -> Result<(), String> {
        Err("there are none".to_owned())
    }

    fn autostart(&self) -> Option<bool> {
        None
    }

    fn set_autostart(&self, _: bool) -> Result<(), String> {
        Err("it cannot be".to_owned())
    }

    fn open_link(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn focused(&self) -> bool {
        false
    }

    fn visible(&self) -> bool {
        true
    }

    fn has_tray(&self) -> bool {
        false
    }
}
