//! Whatever a peer sends: frames are read or refused, what was read is written as it was read, and
//! a client that takes them in goes on.

#![no_main]

use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tidings_realtime::frame::{self, Frame, Sender, Wire};
use tidings_realtime::protocol::{Core, Output};
use tidings_realtime::{Binding, ChannelSpec, Config, Secret, Vsn};

/// A session on one socket.
#[derive(Arbitrary, Debug)]
struct Session<'a> {
    v2: bool,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    /// A frame about the channel that is open, so that most get past the topic.
    Said {
        event: Known,
        payload: &'a str,
    },
    Wait(u8),
    Closed(u16),
    Opened,
}

#[derive(Arbitrary, Debug)]
enum Known {
    Reply,
    System,
    Changes,
    State,
    Diff,
    Broadcast,
    Close,
    Error,
}

impl Known {
    fn name(&self) -> &'static str {
        match self {
            Self::Reply => "phx_reply",
            Self::System => "system",
            Self::Changes => "postgres_changes",
            Self::State => "presence_state",
            Self::Diff => "presence_diff",
            Self::Broadcast => "broadcast",
            Self::Close => "phx_close",
            Self::Error => "phx_error",
        }
    }
}

fuzz_target!(|session: Session<'_>| {
    let vsn = if session.v2 { Vsn::V2 } else { Vsn::V1 };
    let mut now = Instant::now();
    let mut client = client(vsn, now);
    for step in &session.steps {
        match step {
            Step::Text(text) => {
                same(vsn, &Wire::Text((*text).to_owned()));
                client.received_text(text, now);
            }
            Step::Binary(bytes) => {
                let bytes = Bytes::copy_from_slice(bytes);
                same(vsn, &Wire::Binary(bytes.clone()));
                client.received_binary(&bytes, now);
            }
            Step::Said { event, payload } => {
                let event = event.name();
                let text = match vsn {
                    Vsn::V1 => format!(
                        r#"{{"topic":"realtime:t","event":"{event}","payload":{payload},"ref":"1"}}"#
                    ),
                    Vsn::V2 => format!(r#"["1","1","realtime:t","{event}",{payload}]"#),
                };
                client.received_text(&text, now);
            }
            Step::Wait(seconds) => now += Duration::from_secs(u64::from(*seconds)),
            Step::Closed(code) => client.closed(Some(*code), "", now),
            Step::Opened => client.opened(now),
        }
        client.tick(now);
        answer(&mut client, now);
    }
    assert!(client.diagnostics().channels.len() <= 1);
});

/// What can be read is read again from what is written of it.
fn same(vsn: Vsn, wire: &Wire) {
    for from in [Sender::Client, Sender::Server] {
        let Ok(read) = frame::decode(vsn, from, wire) else {
            continue;
        };
        if matches!(read, Frame::Unknown { .. }) {
            continue;
        }
        // A text frame may hold what no binary frame has room for.
        let Ok(written) = frame::encode(vsn, from, &read) else {
            continue;
        };
        let again = frame::decode(vsn, from, &written);
        assert_eq!(again.ok().as_ref(), Some(&read));
    }
}

fn client(vsn: Vsn, now: Instant) -> Core {
    let url = url::Url::parse("http://localhost").expect("a URL");
    let mut config = Config::new(url, Secret::new("sb_publishable_key"));
    config.vsn = vsn;
    config.seed = Some(1);
    let mut client = Core::new(config);
    client.open(
        ChannelSpec {
            bindings: vec![Binding::table("public", "chat_messages")],
            ..ChannelSpec::new("t")
        },
        now,
    );
    client.connect(now);
    client.opened(now);
    answer(&mut client, now);
    client
}

/// Does what an owner of the socket does, as far as it has an answer at once.
fn answer(client: &mut Core, now: Instant) {
    while let Some(output) = client.poll() {
        match output {
            Output::Connect { .. } => client.opened(now),
            Output::ReadToken { ticket, .. } => {
                let _ = client.token_ready(ticket, Ok(None), now);
            }
            Output::Disconnect { .. } | Output::Send(_) | Output::Event(_) => {}
        }
    }
}
