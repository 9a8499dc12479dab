//! The socket: when to open it, when it is dead, and what its end means.

use std::time::{Duration, Instant};

use super::{Core, Link, Output};
use crate::channel::{Phase, Then};
use crate::classify::{ConnectError, Refusal, RefusalKind, Verdict};
use crate::event::{Cause, ConnState, Event};
use crate::heartbeat::Heartbeat;
use crate::payload::{PHOENIX, event};

/// Close code of a connection that ended without a close frame.
pub(crate) const ABNORMAL: u16 = 1006;

impl Core {
    /// The socket is wanted. Nothing happens if it is there, or on its way.
    pub fn connect(&mut self, now: Instant) {
        if matches!(self.link, Link::Offline | Link::Refused { .. }) {
            self.refused = None;
            self.crowd = false;
            self.attempt(now);
        }
    }

    /// The socket is not wanted any more.
    pub fn disconnect(&mut self, now: Instant) {
        if matches!(self.link, Link::Offline) {
            return;
        }
        self.refused = None;
        self.end_socket(true, Link::Offline, now);
    }

    /// Tries again at once, whatever the state, and gives channels that stopped another chance.
    pub fn reconnect_now(&mut self, now: Instant) {
        if matches!(self.link, Link::Open { .. } | Link::Connecting { .. }) {
            self.end_socket(true, Link::Offline, now);
        }
        for channel in &mut self.channels {
            if matches!(channel.phase, Phase::Waiting { .. } | Phase::Stopped { .. }) {
                channel.phase = Phase::Idle;
                channel.backoff.reset();
            }
        }
        self.not_before = None;
        self.refused = None;
        self.crowd = false;
        self.attempt(now);
        for index in 0..self.channels.len() {
            self.tell(index);
        }
    }

    /// Asks for proof of life with a short deadline, as after a wake from sleep.
    pub fn probe(&mut self, now: Instant) {
        match self.link {
            Link::Open { .. } => {
                let timeout = self.config.probe_timeout;
                self.send_heartbeat(timeout, now);
            }
            // A limit of the server outlasts a wake.
            Link::Waiting { .. } if self.not_before.is_none_or(|at| at <= now) => {
                self.crowd = false;
                self.attempt(now);
            }
            _ => {}
        }
    }

    /// The network is another one: what is open has to prove itself, and what is on its way or
    /// waits begins anew.
    pub fn network_changed(&mut self, now: Instant) {
        match &self.link {
            // It was made for an address that may be gone, and would hang until its deadline.
            Link::Connecting { .. } => {
                self.link = Link::Offline;
                self.attempt(now);
            }
            // Whoever answered may have been somebody on the way.
            Link::Refused { refusal, .. } => {
                self.refused = Some(refusal.clone());
                self.attempt(now);
            }
            _ => self.probe(now),
        }
    }

    /// The handshake succeeded.
    pub fn opened(&mut self, now: Instant) {
        if !matches!(self.link, Link::Connecting { .. }) {
            return;
        }
        if self.accepted {
            self.counters.reconnects += 1;
        }
        self.accepted = true;
        self.refused = None;
        self.not_before = None;
        self.backlog = 0;
        let heartbeat = Heartbeat::new(now, self.config.heartbeat);
        self.set_link(Link::Open {
            since: now,
            heartbeat,
        });
        self.tick_link(now);
        for index in 0..self.channels.len() {
            if matches!(self.channels[index].phase, Phase::Idle) {
                self.enqueue(index);
            }
        }
        self.advance(now);
    }

    /// The attempt failed.
    pub fn connect_failed(&mut self, error: &ConnectError, now: Instant) {
        if !matches!(self.link, Link::Connecting { .. }) {
            return;
        }
        self.note(error.to_string());
        match error.verdict() {
            Verdict::Retry => {
                let wait = self.backoff.next(&self.config.backoff, &mut self.jitter);
                self.wait(wait, error.to_string(), error.cause(), now);
            }
            Verdict::Slow { at_least } => {
                let long = self.config.long_backoff.max(at_least.unwrap_or_default());
                let wait = self.backoff.next_between(long, long * 2, &mut self.jitter);
                self.stay_away(wait, now);
                self.wait(wait, error.to_string(), error.cause(), now);
            }
            Verdict::Refused(refusal) => self.refused(refusal, now),
        }
    }

    /// The socket ended: `code` is that of the close frame, if there was one.
    pub fn closed(&mut self, code: Option<u16>, reason: &str, now: Instant) {
        let code = code.unwrap_or(ABNORMAL);
        let text = match reason {
            "" => format!("the connection ended ({code})"),
            reason => format!("the connection ended ({code}): {reason}"),
        };
        self.lost(Some(code), text, now);
    }

    pub(super) fn tune_link(&mut self, now: Instant) {
        match &mut self.link {
            Link::Open { heartbeat, .. } => heartbeat.set_interval(self.config.heartbeat),
            Link::Waiting {
                until,
                reason,
                cause,
            } => {
                let latest = (now + self.config.backoff.cap).max(self.not_before.unwrap_or(now));
                if *until > latest {
                    let (until, reason, cause) = (latest, std::mem::take(reason), *cause);
                    self.set_link(Link::Waiting {
                        until,
                        reason,
                        cause,
                    });
                }
            }
            _ => {}
        }
    }

    pub(super) fn state(&self) -> ConnState {
        match &self.link {
            Link::Offline => ConnState::Offline,
            Link::Open { .. } => ConnState::Connected,
            Link::Refused { refusal, .. } => ConnState::Refused(refusal.clone()),
            Link::Waiting { .. } | Link::Connecting { .. } if self.refused.is_some() => self
                .refused
                .clone()
                .map_or(ConnState::Connecting, ConnState::Refused),
            Link::Connecting { .. } => ConnState::Connecting,
            Link::Waiting {
                until,
                reason,
                cause,
            } => ConnState::Waiting {
                until: *until,
                reason: reason.clone(),
                cause: *cause,
            },
        }
    }

    pub(super) fn link_deadlines(&self) -> [Option<Instant>; 2] {
        match &self.link {
            Link::Offline => [None, None],
            Link::Waiting { until, .. } => [Some(*until), None],
            Link::Connecting { deadline } => [Some(*deadline), None],
            Link::Refused { retry_at, .. } => [*retry_at, None],
            Link::Open { heartbeat, .. } => {
                [Some(heartbeat.due()), heartbeat.dead_at(self.slack())]
            }
        }
    }

    pub(super) fn tick_link(&mut self, now: Instant) {
        match &self.link {
            Link::Waiting { until, .. } if *until <= now => self.attempt(now),
            Link::Connecting { deadline } if *deadline <= now => {
                let error = ConnectError::Network("no answer to the connection in time".into());
                self.outputs
                    .push_back(Output::Disconnect { politely: false });
                self.connect_failed(&error, now);
            }
            Link::Refused {
                refusal,
                retry_at: Some(at),
            } if *at <= now => {
                self.refused = Some(refusal.clone());
                self.attempt(now);
            }
            Link::Open { heartbeat, .. } => {
                if heartbeat.dead_at(self.slack()).is_some_and(|at| at <= now) {
                    self.outputs
                        .push_back(Output::Disconnect { politely: false });
                    self.lost(None, "no answer to the heartbeat".into(), now);
                } else if heartbeat.due() <= now {
                    let timeout = self.config.heartbeat_timeout;
                    self.send_heartbeat(timeout, now);
                }
            }
            _ => {}
        }
    }

    /// Keeps the next attempt away after a limit that concerns the whole socket.
    pub(super) fn stay_away(&mut self, wait: Duration, now: Instant) {
        self.not_before = self.not_before.max(Some(now + wait));
    }

    fn send_heartbeat(&mut self, timeout: Duration, now: Instant) {
        let body = crate::frame::Json::empty_object();
        let reference = self.send_json(None, PHOENIX, event::HEARTBEAT, &body);
        if let Link::Open { heartbeat, .. } = &mut self.link {
            heartbeat.sent(now, reference, timeout);
        }
    }

    /// A failing join holds up every answer of the socket.
    fn slack(&self) -> Duration {
        let joining = self
            .channels
            .iter()
            .any(|channel| matches!(channel.phase, Phase::Joining { .. }));
        if joining {
            self.config.join_slack
        } else {
            Duration::ZERO
        }
    }

    fn attempt(&mut self, now: Instant) {
        if matches!(self.link, Link::Connecting { .. } | Link::Open { .. }) {
            return;
        }
        self.outputs.push_back(Output::Connect {
            key_in_query: self.key_in_query,
        });
        self.set_link(Link::Connecting {
            deadline: now + self.config.connect_timeout,
        });
    }

    fn refused(&mut self, refusal: Refusal, now: Instant) {
        let about_key = refusal.kind == RefusalKind::Key;
        if about_key && self.accepted {
            // The key was good before: a limit or a suspension.
            let long = self.config.long_backoff;
            let wait = self.backoff.next_between(long, long * 2, &mut self.jitter);
            let reason = format!("the server admits nobody at present ({})", refusal.status);
            self.stay_away(wait, now);
            return self.wait(wait, reason, Cause::Unknown, now);
        }
        if about_key && !self.key_in_query {
            // Some gateways read the key from the query alone.
            self.key_in_query = true;
            self.link = Link::Offline;
            return self.attempt(now);
        }
        self.key_in_query = false;
        let retry_at = self
            .config
            .refused_retry
            .map(|wait| now + self.jitter.between(wait, wait.saturating_mul(2)));
        self.set_link(Link::Refused { refusal, retry_at });
    }

    fn wait(&mut self, wait: Duration, reason: String, cause: Cause, now: Instant) {
        let until = (now + wait).max(self.not_before.unwrap_or(now));
        self.set_link(Link::Waiting {
            until,
            reason,
            cause,
        });
    }

    /// Whether others come back at this moment as well.
    pub(super) fn crowded(&self, now: Instant) -> bool {
        let Link::Open { since, .. } = &self.link else {
            return false;
        };
        let open = now.saturating_duration_since(*since);
        self.crowd && open < self.config.backoff.healthy_after
    }

    fn lost(&mut self, code: Option<u16>, reason: String, now: Instant) {
        let Link::Open { since, .. } = &self.link else {
            return;
        };
        if now.saturating_duration_since(*since) >= self.config.backoff.healthy_after {
            self.backoff.reset();
        }
        self.note(reason.clone());
        self.crowd = matches!(code, Some(1001 | ABNORMAL | 1012));
        let wait = if self.crowd && self.backoff.attempts() == 0 {
            let spread = self.config.first_retry_spread;
            self.backoff
                .next_between(Duration::ZERO, spread, &mut self.jitter)
        } else {
            self.backoff.next(&self.config.backoff, &mut self.jitter)
        };
        self.drop_channels();
        self.wait(wait, reason, Cause::Unknown, now);
        self.remove_gone(now);
    }

    fn end_socket(&mut self, politely: bool, link: Link, now: Instant) {
        self.outputs.push_back(Output::Disconnect { politely });
        self.drop_channels();
        self.set_link(link);
        self.remove_gone(now);
    }

    /// Nothing of the old socket survives: neither joins nor pushes nor the presence state.
    fn drop_channels(&mut self) {
        self.queue.clear();
        self.next_join = None;
        for index in 0..self.channels.len() {
            self.end_pushes(index);
            let channel = &mut self.channels[index];
            channel.fault = None;
            let keeps = matches!(
                &channel.phase,
                Phase::Waiting { .. }
                    | Phase::Stopped { .. }
                    | Phase::Leaving {
                        then: Then::Gone,
                        ..
                    }
            );
            if !keeps {
                channel.phase = Phase::Idle;
            }
            self.tell(index);
        }
    }

    /// Channels that were leaving have left with their socket.
    fn remove_gone(&mut self, now: Instant) {
        for index in (0..self.channels.len()).rev() {
            if matches!(self.channels[index].phase, Phase::Leaving { .. }) {
                self.left(index, now);
            }
        }
    }

    fn set_link(&mut self, link: Link) {
        self.link = link;
        let state = self.state();
        if self.told != state {
            self.told = state.clone();
            self.event(Event::State(state));
        }
    }
}
