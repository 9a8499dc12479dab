//! What a client was told, as a text for people.

use std::fmt::Write as _;

use tidings_realtime::{ChannelStatus, ConnState, Counters, Event, Payload, PresenceUpdate};

use crate::replay::Player;

/// Characters of a text that are shown.
const SHOWN: usize = 100;

/// One client's events in order, and its counters. Row changes are counted: the tables check them.
pub fn transcript(name: &str, player: &Player) -> String {
    let mut lines = vec![format!("== {name}")];
    let told = player.told.iter().map(|(_, event)| event);
    for run in told
        .collect::<Vec<_>>()
        .chunk_by(|a, b| is_change(a) && is_change(b))
    {
        let line = match run {
            [event] if !is_change(event) => line(event),
            changes => format!("({} changes)", changes.len()),
        };
        // Of attempts to connect that fail in the same way, one is shown.
        let again = line.starts_with("socket: ")
            && matches!(&lines[..], [.., a, b, c] if *a == *c && *b == line);
        if again {
            lines.pop();
        } else {
            lines.push(line);
        }
    }
    let counted = counted(&player.counters());
    if !counted.is_empty() {
        lines.push(format!("counted: {counted}"));
    }
    lines.join("\n") + "\n"
}

fn is_change(event: &Event) -> bool {
    matches!(event, Event::Change { .. })
}

fn line(event: &Event) -> String {
    match event {
        Event::State(state) => format!("socket: {}", socket(state)),
        Event::Channel { topic, status } => format!("{}: {}", shortened(topic), channel(status)),
        Event::Subscribed { topic } => format!("{topic}: changes flow, catch up"),
        Event::Unreadable { topic, reason } => format!("{topic}: unreadable change: {reason}"),
        Event::Broadcast {
            topic,
            event,
            payload,
            meta,
        } => {
            let mut text = format!("{topic}: broadcast {event:?} {}", content(payload));
            if let Some(id) = &meta.id {
                write!(text, " id={id}").unwrap();
            }
            if meta.replayed {
                text.push_str(" replayed");
            }
            text
        }
        Event::Presence { topic, update } => format!("{topic}: presence {}", presence(update)),
        Event::Change { .. } | Event::Lagged => unreachable!("counted; no queue"),
    }
}

fn socket(state: &ConnState) -> String {
    match state {
        ConnState::Offline => "offline".into(),
        ConnState::Connecting => "connecting".into(),
        ConnState::Connected => "connected".into(),
        ConnState::Waiting { reason, .. } => format!("waiting: {reason}"),
        ConnState::Refused(refusal) => format!("refused: {:?} {}", refusal.kind, refusal.status),
    }
}

fn channel(status: &ChannelStatus) -> String {
    match status {
        ChannelStatus::Joining => "joining".into(),
        ChannelStatus::Joined => "joined".into(),
        ChannelStatus::Subscribed => "subscribed".into(),
        ChannelStatus::Closed => "closed".into(),
        ChannelStatus::Errored { error, retry_at } => {
            let what = match retry_at {
                Some(_) => "tries again",
                None => "stops",
            };
            let code = error.code.as_deref().unwrap_or("no code");
            let message = shortened(&error.message);
            format!("{what} ({:?}, {code}): {message}", error.class)
        }
    }
}

fn content(payload: &Payload) -> String {
    match payload {
        Payload::Json(json) => shortened(json.as_str()),
        Payload::Binary(bytes) => format!("{} bytes", bytes.len()),
    }
}

fn presence(update: &PresenceUpdate) -> String {
    let mut text = String::new();
    for (sign, keys) in [
        ('+', &update.joined),
        ('~', &update.updated),
        ('-', &update.left),
    ] {
        for key in keys {
            write!(text, "{sign}{key} ").unwrap();
        }
    }
    let here: Vec<String> = update
        .state
        .iter()
        .map(|(key, metas)| {
            let fields: Vec<_> = metas
                .iter()
                .map(|meta| shortened(meta.fields.as_str()))
                .collect();
            format!("{key} {}", fields.join(" "))
        })
        .collect();
    format!("{text}=> [{}]", here.join(", "))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let begin: String = text.chars().take(SHOWN).collect();
    format!("{begin}… ({} bytes)", text.len())
}

fn counted(counters: &Counters) -> String {
    let counted = [
        ("bad", counters.bad),
        ("unknown", counters.unknown),
        ("stale", counters.stale),
        ("unrouted", counters.unrouted),
        ("late replies", counters.late_replies),
        ("unmatched changes", counters.unmatched_changes),
    ];
    let counted: Vec<String> = counted
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    counted.join(", ")
}
