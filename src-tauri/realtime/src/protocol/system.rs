//! The server's own words about a channel.

use std::time::Instant;

use super::Core;
use crate::channel::{Phase, Subscription};
use crate::classify::{ChannelError, ErrorClass};
use crate::event::Event;
use crate::payload::{System, event};

impl Core {
    pub(super) fn on_system(&mut self, index: usize, system: &System, now: Instant) {
        let about_changes = system.extension == event::POSTGRES_CHANGES;
        match (about_changes, system.status.as_str()) {
            (true, "ok") => self.on_subscribed(index),
            (true, "error") => self.on_subscription_error(index, &system.message, now),
            (_, "error") => {
                self.note(system.message.clone());
                self.channels[index].fault = Some(ChannelError::from_reason(&system.message));
            }
            _ => tracing::debug!(message = %system.message, "system"),
        }
    }

    /// Changes flow from now on; each time it comes, some may have been lost before.
    fn on_subscribed(&mut self, index: usize) {
        let channel = &mut self.channels[index];
        let Phase::Joined { subscription, .. } = &mut channel.phase else {
            return;
        };
        if matches!(subscription, Subscription::NotWanted) {
            return;
        }
        *subscription = Subscription::Live;
        channel.refusals.reset();
        let topic = channel.spec.name.clone();
        self.tell(index);
        self.event(Event::Subscribed { topic });
    }

    /// After a bad binding the server gives up until the channel is joined again; after other
    /// errors it tries again by itself.
    fn on_subscription_error(&mut self, index: usize, message: &str, now: Instant) {
        self.note(message);
        let error = ChannelError::from_subscription(message);
        let deadline = now + self.config.subscribe_timeout;
        let channel = &mut self.channels[index];
        let Phase::Joined { subscription, .. } = &mut channel.phase else {
            return;
        };
        *subscription = match error.class {
            ErrorClass::Bindings => {
                let slow = &self.config.refused_bindings;
                let wait = channel.refusals.next_slow(slow, &mut self.jitter);
                let retry_at = now + wait;
                Subscription::Failed { error, retry_at }
            }
            _ => Subscription::Awaited { deadline },
        };
        self.tell(index);
    }
}
