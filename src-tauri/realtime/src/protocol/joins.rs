//! Joining and leaving: one topic at a time, each failure by its class.

use std::time::{Duration, Instant};

use super::{Core, Output, TokenUse};
use crate::channel::{Channel, Phase, Subscription, Then};
use crate::classify::{ChannelError, ErrorClass, TRACK_TOO_BIG};
use crate::client::TokenError;
use crate::config::Secret;
use crate::frame::Json;
use crate::payload::{AccessToken, Join, JoinResponse, Reply, event};

/// Between two joins of one socket that others come back with passes at most this part of the time
/// over which the sockets themselves are spread.
const JOIN_SPREAD: u32 = 5;

impl Core {
    /// The answer to [`Output::ReadToken`].
    pub fn token_ready(
        &mut self,
        ticket: u64,
        token: Result<Option<String>, TokenError>,
        now: Instant,
    ) {
        let Some(purpose) = self.tickets.remove(&ticket) else {
            return;
        };
        // A publishable key is no token; the server ignores it as one.
        let token = token.map(|token| {
            token
                .filter(|token| !token.is_empty() && !token.starts_with("sb_"))
                .map(Secret::new)
        });
        match purpose {
            TokenUse::Join => self.token_for_join(ticket, token, now),
            TokenUse::Push => match token {
                Ok(Some(token)) => self.spread_token(&token),
                Ok(None) => {}
                Err(error) => self.note(error.to_string()),
            },
        }
        self.advance(now);
    }

    /// The user's token is new: every joined channel needs it.
    pub fn push_token(&mut self) {
        let ticket = self.ticket(TokenUse::Push);
        self.outputs.push_back(Output::ReadToken {
            ticket,
            refused: None,
        });
    }

    /// The next channel takes its turn, if nobody holds it.
    pub(super) fn advance(&mut self, now: Instant) {
        self.next_join.take_if(|at| *at <= now);
        let taken = self.next_join.is_some() || self.channels.iter().any(Channel::holds_turn);
        if !self.is_open() || taken {
            return;
        }
        while let Some(topic) = self.queue.pop_front() {
            let Some(index) = self.find(&topic) else {
                continue;
            };
            if !matches!(self.channels[index].phase, Phase::Queued) {
                continue;
            }
            let ticket = self.ticket(TokenUse::Join);
            let deadline = now + self.config.token_timeout;
            let channel = &mut self.channels[index];
            channel.phase = Phase::ReadingToken { ticket, deadline };
            let refused = channel.refused_token.clone();
            self.outputs
                .push_back(Output::ReadToken { ticket, refused });
            return;
        }
    }

    pub(super) fn enqueue(&mut self, index: usize) {
        let open = self.is_open();
        let channel = &mut self.channels[index];
        channel.phase = if open { Phase::Queued } else { Phase::Idle };
        if open {
            self.queue.push_back(channel.topic.clone());
        }
        self.tell(index);
    }

    /// A channel got another owner, and perhaps another specification.
    pub(super) fn want(&mut self, index: usize, changed: bool, now: Instant) {
        match &mut self.channels[index].phase {
            Phase::Idle => self.enqueue(index),
            Phase::Leaving { then, .. } => *then = Then::Rejoin,
            Phase::Joining { .. } | Phase::Joined { .. } if changed => {
                self.leave(index, Then::Rejoin, now);
            }
            Phase::Waiting { .. } | Phase::Stopped { .. } if changed => self.enqueue(index),
            _ => {}
        }
        self.tell(index);
        self.advance(now);
    }

    /// A joined channel is left and joined again.
    pub fn rejoin(&mut self, name: &str, now: Instant) {
        if let Some(index) = self.find(&super::topic_of(name))
            && matches!(self.channels[index].phase, Phase::Joined { .. })
        {
            self.leave(index, Then::Rejoin, now);
        }
    }

    /// A channel lost its last owner.
    pub(super) fn abandon(&mut self, index: usize, now: Instant) {
        self.channels[index].tracker.wish(None);
        match &mut self.channels[index].phase {
            Phase::Joining { .. } | Phase::Joined { .. } => self.leave(index, Then::Gone, now),
            Phase::Leaving { then, .. } => {
                *then = Then::Gone;
                self.tell(index);
            }
            _ => {
                self.remove(index);
                self.advance(now);
            }
        }
    }

    pub(super) fn leave(&mut self, index: usize, then: Then, now: Instant) {
        let channel = &self.channels[index];
        let Some(join_ref) = channel.join_ref().map(str::to_owned) else {
            return;
        };
        let topic = channel.topic.clone();
        self.end_pushes(index);
        let body = Json::empty_object();
        let leave_ref = self.send_json(Some(join_ref.clone()), &topic, event::LEAVE, &body);
        let deadline = now + self.config.push_timeout;
        self.channels[index].phase = Phase::Leaving {
            join_ref,
            leave_ref,
            deadline,
            then,
        };
        self.tell(index);
    }

    /// The server confirmed the leave, or will not any more.
    pub(super) fn left(&mut self, index: usize, now: Instant) {
        let phase = std::mem::replace(&mut self.channels[index].phase, Phase::Idle);
        match phase {
            Phase::Leaving {
                then: Then::Gone, ..
            } => self.remove(index),
            Phase::Leaving {
                then: Then::Fail(error),
                ..
            } => self.fail(index, error, now),
            _ => self.enqueue(index),
        }
        self.advance(now);
    }

    pub(super) fn joined(&mut self, index: usize, join_ref: String, reply: &Reply, now: Instant) {
        if !reply.is_ok() {
            let reason = reply.reason();
            let channel = &mut self.channels[index];
            let (wanted, private) = (channel.spec.broadcast.replay, channel.spec.private);
            if channel.stored.is_refused(wanted, private, &reason) {
                self.note(format!("{}: {reason}", self.channels[index].topic));
                self.enqueue(index);
                return self.advance(now);
            }
            return self.fail(index, ChannelError::from_reason(&reason), now);
        }
        let response = reply.response.parse::<JoinResponse>();
        let channel = &mut self.channels[index];
        let bound = response
            .map_err(|error| format!("the reply to the join is unreadable: {error}"))
            .and_then(|response| channel.bind(&response));
        if let Err(difference) = bound {
            let error = ChannelError::own(ErrorClass::Bindings, difference);
            return self.leave(index, Then::Fail(error), now);
        }
        let crowded = self.crowded(now);
        let again_from = crowded.then(|| {
            let spread = self.config.presence_spread;
            now + self.jitter.between(Duration::ZERO, spread)
        });
        // The joins of one client must not come as a burst where those of many add up.
        self.next_join = crowded.then(|| {
            let spread = self.config.first_retry_spread / JOIN_SPREAD;
            now + self.jitter.between(Duration::ZERO, spread)
        });
        let channel = &mut self.channels[index];
        let subscription = if channel.spec.bindings.is_empty() {
            Subscription::NotWanted
        } else {
            Subscription::Awaited {
                deadline: now + self.config.subscribe_timeout,
            }
        };
        channel.presence.reset();
        channel.tracker.reset(again_from);
        channel.fault = None;
        let outdated = std::mem::take(&mut channel.outdated);
        channel.phase = Phase::Joined {
            join_ref,
            since: now,
            subscription,
        };
        self.tell(index);
        self.send_paced(now);
        if outdated {
            self.push_token();
        }
        self.advance(now);
    }

    pub(super) fn join_timed_out(&mut self, index: usize, now: Instant) {
        let error = ChannelError::own(ErrorClass::Retry, "no answer to the join in time");
        self.leave(index, Then::Fail(error), now);
    }

    pub(super) fn subscribe_timed_out(&mut self, index: usize, now: Instant) {
        let error = ChannelError::own(ErrorClass::Retry, "the server did not subscribe in time");
        self.leave(index, Then::Fail(error), now);
    }

    pub(super) fn fail_with(&mut self, index: usize, message: &str, now: Instant) {
        self.fail(index, ChannelError::own(ErrorClass::Retry, message), now);
    }

    /// A channel ended, or could not be joined. Its class says what follows.
    pub(super) fn fail(&mut self, index: usize, error: ChannelError, now: Instant) {
        self.note(format!("{}: {error}", self.channels[index].topic));
        let healthy_after = self.config.backoff.healthy_after;
        let long = self.config.long_backoff;
        self.end_pushes(index);
        let channel = &mut self.channels[index];
        channel.fault = None;
        if let Phase::Joined { since, .. } = &channel.phase
            && now.saturating_duration_since(*since) >= healthy_after
        {
            channel.backoff.reset();
            channel.renewed = false;
        }
        if error.message.contains(TRACK_TOO_BIG) {
            channel.tracker.wish(None);
        }
        match error.class {
            ErrorClass::Terminal | ErrorClass::SignedOut => {
                channel.phase = Phase::Stopped { error }
            }
            ErrorClass::Bindings => {
                let slow = &self.config.refused_bindings;
                let wait = channel.refusals.next_slow(slow, &mut self.jitter);
                channel.phase = Phase::Waiting {
                    until: now + wait,
                    error,
                };
            }
            ErrorClass::Token if channel.refuse_token() => self.enqueue(index),
            ErrorClass::Token | ErrorClass::Retry => {
                let wait = channel.backoff.next(&self.config.backoff, &mut self.jitter);
                channel.phase = Phase::Waiting {
                    until: now + wait,
                    error,
                };
            }
            ErrorClass::Slow => {
                let wait = channel
                    .backoff
                    .next_between(long, long * 2, &mut self.jitter);
                let concerns_socket = error.concerns_socket();
                channel.phase = Phase::Waiting {
                    until: now + wait,
                    error,
                };
                if concerns_socket {
                    self.stay_away(wait, now);
                }
            }
        }
        self.tell(index);
        self.advance(now);
    }

    fn token_for_join(
        &mut self,
        ticket: u64,
        token: Result<Option<Secret>, TokenError>,
        now: Instant,
    ) {
        let waits = |phase: &Phase| matches!(phase, Phase::ReadingToken { ticket: own, .. } if *own == ticket);
        let Some(index) = self
            .channels
            .iter()
            .position(|channel| waits(&channel.phase))
        else {
            return;
        };
        let token = match token {
            Ok(token) => token,
            Err(TokenError::SignedOut) => {
                self.channels[index].token = None;
                let error = ChannelError::own(ErrorClass::SignedOut, "nobody is signed in");
                return self.fail(index, error, now);
            }
            Err(TokenError::Unavailable(reason)) => return self.fail_with(index, &reason, now),
        };
        let channel = &mut self.channels[index];
        let topic = channel.topic.clone();
        let mut config = channel.spec.config();
        config.broadcast.replay = channel.stored.ask(config.broadcast.replay, config.private);
        let join = Join {
            config,
            access_token: token.as_ref().map(|token| token.expose().to_owned()),
        };
        channel.token = token;
        channel.outdated = false;
        // The reference of a join is that of its incarnation.
        let join_ref = self.send_json(Some(String::new()), &topic, event::JOIN, &join);
        let deadline = now + self.config.join_timeout;
        self.channels[index].phase = Phase::Joining { join_ref, deadline };
        self.tell(index);
    }

    /// Hands a new token to every joined channel, and tries those again that a token may cure.
    fn spread_token(&mut self, token: &Secret) {
        for index in 0..self.channels.len() {
            let channel = &mut self.channels[index];
            if channel.token.as_ref() == Some(token) {
                continue;
            }
            match &channel.phase {
                Phase::Joined { join_ref, .. } => {
                    let join_ref = join_ref.clone();
                    let topic = channel.topic.clone();
                    channel.token = Some(token.clone());
                    let body = AccessToken {
                        access_token: token.expose().to_owned(),
                    };
                    self.send_json(Some(join_ref), &topic, event::ACCESS_TOKEN, &body);
                }
                // Told once it is joined.
                Phase::Joining { .. } => channel.outdated = true,
                Phase::Stopped { error } | Phase::Waiting { error, .. }
                    if error.concerns_token() =>
                {
                    self.enqueue(index);
                }
                _ => {}
            }
        }
    }

    fn ticket(&mut self, purpose: TokenUse) -> u64 {
        self.next_ticket += 1;
        self.tickets.insert(self.next_ticket, purpose);
        self.next_ticket
    }

    fn remove(&mut self, index: usize) {
        self.end_pushes(index);
        let mut channel = self.channels.remove(index);
        let closed = crate::event::ChannelStatus::Closed;
        if channel.told != closed {
            let topic = std::mem::take(&mut channel.spec.name);
            self.event(crate::event::Event::Channel {
                topic,
                status: closed,
            });
        }
    }
}
