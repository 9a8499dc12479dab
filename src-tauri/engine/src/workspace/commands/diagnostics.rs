//! What the connection is doing, for people who search for a fault.

use std::sync::atomic::Ordering;
use std::time::Instant;

use tidings_contract as api;
use tidings_model::Timestamp;
use tidings_realtime::{
    Binding, ChannelDiagnostics, ChannelStatus, Counters, Direction, LoggedFrame,
};

use crate::workspace::{Core, live};

impl Core {
    pub fn diagnostics(&self) -> api::Diagnostics {
        let inner = self.realtime.diagnostics();
        let mut counters = counters(&inner.counters);
        counters.push(counter(
            "changes not told",
            self.missed.load(Ordering::Relaxed),
        ));
        let in_time = |at: Instant| live::in_time(self, at).as_millis();
        api::Diagnostics {
            connection: self.state.current(),
            latency_ms: inner.latency.map(|latency| latency.as_secs_f64() * 1000.0),
            channels: inner
                .channels
                .into_iter()
                .map(|it| channel(it, in_time))
                .collect(),
            last_error: inner.last_error,
            counters,
            clock_skew_ms: self.skew_ms(),
        }
    }

    pub fn frame_log(&self, args: &api::GetFrameLog) -> api::FrameLog {
        let logged = self.realtime.frame_log().since(args.after);
        api::FrameLog {
            on: logged.on,
            frames: logged.frames.into_iter().map(frame).collect(),
            forgotten: logged.forgotten,
        }
    }
}

fn counter(name: &str, value: u64) -> api::Counter {
    api::Counter {
        name: name.to_owned(),
        value,
    }
}

fn counters(counters: &Counters) -> Vec<api::Counter> {
    vec![
        counter("frames in", counters.frames_in),
        counter("frames out", counters.frames_out),
        counter("waited for their turn", counters.delayed),
        counter("replaced by a newer state", counters.replaced),
        counter("not sent, channel ended", counters.unsent),
        counter("unknown frames", counters.unknown),
        counter("unreadable frames", counters.bad),
        counter("frames of an earlier join", counters.stale),
        counter("reconnects", counters.reconnects),
        counter("times behind", counters.lagged),
    ]
}

fn channel(channel: ChannelDiagnostics, in_time: impl Fn(Instant) -> i64) -> api::ChannelState {
    let (status, reason, retry_at) = match channel.status {
        ChannelStatus::Joining => (api::ChannelStatus::Joining, None, None),
        ChannelStatus::Joined => (api::ChannelStatus::Joined, None, None),
        ChannelStatus::Subscribed => (api::ChannelStatus::Subscribed, None, None),
        ChannelStatus::Closed => (api::ChannelStatus::Closed, None, None),
        ChannelStatus::Errored { error, retry_at } => (
            api::ChannelStatus::Errored,
            Some(error.to_string()),
            retry_at.map(in_time),
        ),
    };
    api::ChannelState {
        name: channel.name,
        status,
        reason,
        retry_at,
        bindings: channel.bindings.into_iter().map(binding).collect(),
    }
}

fn binding(binding: Binding) -> api::BindingState {
    api::BindingState {
        schema: binding.schema,
        table: binding.table,
        event: binding.event,
        filter: binding.filter,
    }
}

fn frame(frame: LoggedFrame) -> api::FrameRow {
    let since_1970 = frame.time.duration_since(std::time::UNIX_EPOCH);
    let time = Timestamp::default().plus(since_1970.unwrap_or_default());
    api::FrameRow {
        number: frame.number,
        time: time.as_millis(),
        direction: match frame.direction {
            Direction::In => api::FrameDirection::In,
            Direction::Out => api::FrameDirection::Out,
        },
        topic: frame.topic,
        event: frame.event,
        bytes: frame.bytes as u64,
        payload: frame.payload,
    }
}
