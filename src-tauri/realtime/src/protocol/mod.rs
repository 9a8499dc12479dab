//! The protocol without a socket, a clock or a task: frames and times go in, frames and events
//! come out. The owner of the socket only moves bytes.

mod inbound;
mod joins;
mod link;
mod push;
mod system;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

use crate::backoff::{Backoff, Jitter};
use crate::channel::{Channel, ChannelSpec, Phase, Subscription, Then};
use crate::classify::{ErrorClass, Refusal};
use crate::config::{Config, Secret, Tuning};
use crate::diagnostics::{ChannelDiagnostics, Counters, Diagnostics};
use crate::event::{Cause, ChannelStatus, ConnState, Event};
use crate::frame::{self, Frame, Message, Payload, Sender, Wire};
use crate::heartbeat::Heartbeat;
use crate::pace::Pace;
use crate::payload::TOPIC_PREFIX;
use crate::presence::Presences;

/// What the owner of the socket has to do, in this order.
pub enum Output {
    /// Begin one attempt to connect; an earlier one is given up.
    Connect {
        /// Put the key into the query instead of a header.
        key_in_query: bool,
    },
    /// Give up the socket or the attempt.
    Disconnect {
        /// Say goodbye first. Otherwise the socket is dead, and nobody listens.
        politely: bool,
    },
    /// Send a message on the open socket.
    Send(Wire),
    /// Read the user's token, and hand it in with [`Core::token_ready`].
    ReadToken {
        /// Names the answer.
        ticket: u64,
        /// The token that the server refused: another one is needed.
        refused: Option<Secret>,
    },
    /// Tell the client's owner.
    Event(Event),
}

/// Without the text of frames, which may hold tokens.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { key_in_query } => write!(f, "Connect {{ {key_in_query} }}"),
            Self::Disconnect { politely } => write!(f, "Disconnect {{ {politely} }}"),
            Self::Send(wire) => write!(f, "Send({} bytes)", wire.len()),
            Self::ReadToken { ticket, .. } => write!(f, "ReadToken {{ {ticket} }}"),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
        }
    }
}

/// State of the socket.
#[derive(Debug)]
enum Link {
    Offline,
    Waiting {
        until: Instant,
        reason: String,
        cause: Cause,
    },
    Connecting {
        deadline: Instant,
    },
    Open {
        since: Instant,
        heartbeat: Heartbeat,
    },
    Refused {
        refusal: Refusal,
        retry_at: Option<Instant>,
    },
}

/// What a token was asked for.
#[derive(Debug)]
enum TokenUse {
    Join,
    Push,
}

/// The protocol state of one client.
#[derive(Debug)]
pub struct Core {
    config: Config,
    jitter: Jitter,
    backoff: Backoff,
    link: Link,
    told: ConnState,
    /// The refusal that is shown while an attempt is made in silence.
    refused: Option<Refusal>,
    /// A socket was open before: the key was accepted once.
    accepted: bool,
    key_in_query: bool,
    /// After a limit: no attempt before this.
    not_before: Option<Instant>,
    /// The socket ended as it does for all clients of a server at once.
    crowd: bool,
    /// In the order in which they were opened.
    channels: Vec<Channel>,
    queue: VecDeque<String>,
    /// No channel joins before this.
    next_join: Option<Instant>,
    tickets: HashMap<u64, TokenUse>,
    next_ref: u64,
    next_ticket: u64,
    outputs: VecDeque<Output>,
    /// Frames among `outputs`.
    sends: usize,
    /// Frames handed over that the socket has not taken yet.
    backlog: usize,
    pace: Pace,
    counters: Counters,
    last_error: Option<String>,
}

impl Core {
    /// A client that is offline and has no channel.
    pub fn new(config: Config) -> Self {
        let jitter = Jitter::new(config.seed);
        let pace = Pace::new(config.events_per_second);
        Self {
            config,
            jitter,
            backoff: Backoff::default(),
            link: Link::Offline,
            told: ConnState::Offline,
            refused: None,
            accepted: false,
            key_in_query: false,
            crowd: false,
            not_before: None,
            channels: Vec::new(),
            queue: VecDeque::new(),
            next_join: None,
            tickets: HashMap::new(),
            next_ref: 0,
            next_ticket: 0,
            outputs: VecDeque::new(),
            sends: 0,
            backlog: 0,
            pace,
            counters: Counters::default(),
            last_error: None,
        }
    }

    /// The next thing to do, if there is one.
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if matches!(output, Some(Output::Send(_))) {
            self.sends -= 1;
        }
        output
    }

    /// One more owner of a channel. The newest specification counts for all of them.
    pub fn open(&mut self, spec: ChannelSpec, now: Instant) {
        let topic = topic_of(&spec.name);
        let index = self.find(&topic).unwrap_or_else(|| {
            self.channels.push(Channel::new(topic, spec.clone()));
            self.channels.len() - 1
        });
        let channel = &mut self.channels[index];
        channel.owners += 1;
        let changed = channel.spec != spec;
        channel.spec = spec;
        if changed {
            channel.stored.forget_refusal();
        }
        self.want(index, changed, now);
    }

    /// One owner of a channel less; the last one ends it.
    pub fn release(&mut self, name: &str, now: Instant) {
        let Some(index) = self.find(&topic_of(name)) else {
            return;
        };
        let channel = &mut self.channels[index];
        channel.owners = channel.owners.saturating_sub(1);
        if channel.owners == 0 {
            self.abandon(index, now);
        }
    }

    /// Who is tracked in a channel, as far as the server told it.
    pub fn presence(&self, name: &str) -> Option<std::sync::Arc<Presences>> {
        self.find(&topic_of(name))
            .map(|index| self.channels[index].presence.shown())
    }

    /// A channel's status; `None` if nobody opened it.
    pub fn status(&self, name: &str) -> Option<ChannelStatus> {
        self.find(&topic_of(name))
            .map(|index| self.channels[index].status())
    }

    /// How many of the frames handed over with [`Output::Send`] still wait for the socket.
    pub fn set_backlog(&mut self, frames: usize) {
        self.backlog = frames;
    }

    /// Whether the socket, or an attempt, is to be given up and nobody has carried it out yet.
    pub(crate) fn gave_up_socket(&self) -> bool {
        self.outputs
            .iter()
            .any(|output| matches!(output, Output::Connect { .. } | Output::Disconnect { .. }))
    }

    /// Changes what may change while the client runs. A wait that is longer than the new longest
    /// one is cut short, except where the server asked for it.
    pub fn tune(&mut self, tuning: &Tuning, now: Instant) {
        self.config.tune(tuning);
        self.pace
            .bucket
            .set_rate(self.config.events_per_second, now);
        self.tune_link(now);
        let latest = now + self.config.backoff.cap;
        for index in 0..self.channels.len() {
            if let Phase::Waiting { until, error } = &mut self.channels[index].phase
                && matches!(error.class, ErrorClass::Retry | ErrorClass::Token)
            {
                *until = latest.min(*until);
            }
            self.tell(index);
        }
        self.send_paced(now);
    }

    /// The client's owner was too slow, and an event was dropped.
    pub fn lagged(&mut self) {
        self.counters.lagged += 1;
    }

    /// A picture of everything.
    pub fn diagnostics(&self) -> Diagnostics {
        Diagnostics {
            state: self.state(),
            latency: match &self.link {
                Link::Open { heartbeat, .. } => heartbeat.latency(),
                _ => None,
            },
            channels: self
                .channels
                .iter()
                .map(|channel| ChannelDiagnostics {
                    name: channel.spec.name.clone(),
                    status: channel.status(),
                    bindings: channel.spec.bindings.clone(),
                    owners: channel.owners,
                    join_ref: channel.join_ref().map(str::to_owned),
                })
                .collect(),
            last_error: self.last_error.clone(),
            counters: self.counters,
        }
    }

    /// When [`Core::tick`] has something to do; `None`: not before something else happens.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let channels = self
            .channels
            .iter()
            .flat_map(|channel| channel_deadlines(channel, &self.pace, now));
        self.link_deadlines()
            .into_iter()
            .flatten()
            .chain(channels.flatten())
            .chain(self.pace.due(now))
            .chain(self.next_join)
            .min()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        self.tick_link(now);
        for index in (0..self.channels.len()).rev() {
            self.tick_channel(index, now);
        }
        self.send_paced(now);
        self.advance(now);
    }

    fn tick_channel(&mut self, index: usize, now: Instant) {
        self.expire_pushes(index, now);
        let channel = &self.channels[index];
        match &channel.phase {
            Phase::ReadingToken { deadline, .. } if *deadline <= now => {
                self.fail_with(index, "the token could not be read in time", now);
            }
            Phase::Joining { deadline, .. } if *deadline <= now => self.join_timed_out(index, now),
            Phase::Joined {
                subscription: Subscription::Awaited { deadline },
                ..
            } if *deadline <= now => {
                self.subscribe_timed_out(index, now);
            }
            Phase::Joined {
                subscription: Subscription::Failed { retry_at, .. },
                ..
            } if *retry_at <= now => self.leave(index, Then::Rejoin, now),
            Phase::Leaving { deadline, .. } if *deadline <= now => self.left(index, now),
            Phase::Waiting { until, .. } if *until <= now => self.enqueue(index),
            _ => {}
        }
    }

    fn find(&self, topic: &str) -> Option<usize> {
        self.channels
            .iter()
            .position(|channel| channel.topic == topic)
    }

    fn is_open(&self) -> bool {
        matches!(self.link, Link::Open { .. })
    }

    fn reference(&mut self) -> String {
        self.next_ref += 1;
        self.next_ref.to_string()
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn note(&mut self, error: impl Into<String>) {
        let error = error.into();
        tracing::debug!(%error, "realtime");
        self.last_error = Some(error);
    }

    fn send(&mut self, frame: &Frame) -> Result<(), frame::EncodeError> {
        let wire = frame::encode(self.config.vsn, Sender::Client, frame)?;
        self.send_wire(wire);
        Ok(())
    }

    fn send_wire(&mut self, wire: Wire) {
        self.counters.frames_out += 1;
        self.sends += 1;
        self.outputs.push_back(Output::Send(wire));
    }

    /// Sends a message with a JSON body, and returns its reference.
    fn send_json<T: serde::Serialize>(
        &mut self,
        join_ref: Option<String>,
        topic: &str,
        event: &str,
        body: &T,
    ) -> String {
        let reference = self.reference();
        let join_ref = join_ref.map(|own| {
            if own.is_empty() {
                reference.clone()
            } else {
                own
            }
        });
        let sent = frame::Json::new(body)
            .map_err(frame::EncodeError::from)
            .and_then(|body| {
                self.send(&Frame::Message(Message {
                    join_ref,
                    reference: Some(reference.clone()),
                    topic: topic.to_owned(),
                    event: event.to_owned(),
                    payload: Payload::Json(body),
                }))
            });
        if let Err(error) = sent {
            self.note(format!("{event} could not be written: {error}"));
        }
        reference
    }

    /// Tells a channel's status if it is news.
    fn tell(&mut self, index: usize) {
        let channel = &mut self.channels[index];
        let status = channel.status();
        if channel.told != status {
            channel.told = status.clone();
            let topic = channel.spec.name.clone();
            self.event(Event::Channel { topic, status });
        }
    }
}

fn topic_of(name: &str) -> String {
    format!("{TOPIC_PREFIX}{name}")
}

fn channel_deadlines(channel: &Channel, pace: &Pace, now: Instant) -> [Option<Instant>; 3] {
    let phase = match &channel.phase {
        Phase::ReadingToken { deadline, .. }
        | Phase::Joining { deadline, .. }
        | Phase::Joined {
            subscription: Subscription::Awaited { deadline },
            ..
        }
        | Phase::Leaving { deadline, .. } => Some(*deadline),
        Phase::Waiting { until: at, .. }
        | Phase::Joined {
            subscription: Subscription::Failed { retry_at: at, .. },
            ..
        } => Some(*at),
        _ => None,
    };
    let pushes = channel.pushes.values().map(|push| push.deadline).min();
    let call = if channel.is_joined() {
        let due = channel.tracker.due(now);
        due.map(|at| at.max(pace.bucket.ready(now)))
    } else {
        None
    };
    [phase, pushes, call]
}
