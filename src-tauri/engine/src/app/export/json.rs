//! The format for programs; `docs/export.md` describes it.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use serde::Serialize;
use tidings_cache::{
    ExportSink, ExportedMessage, ExportedSession, Gap, MessageChange, MessageKey, OwnState,
    SessionWrite,
};
use tidings_model::Timestamp;

use super::{About, Format};

/// What the first member says, so that the file can be told from any other.
const FORMAT: &str = "tidings-export";
/// Rises with each change that a reader has to know of.
const VERSION: u32 = 1;

/// Values are serde's; only the brackets around rows that come one by one are written by hand.
pub(super) struct Json<W = BufWriter<File>> {
    out: W,
    about: About,
    /// Nothing was written yet.
    fresh: bool,
    /// The session that is open has messages already.
    rows: bool,
}

impl<W: Write> Json<W> {
    pub(super) const fn new(out: W, about: About) -> Self {
        Self {
            out,
            about,
            fresh: true,
            rows: false,
        }
    }

    fn head(&mut self) -> io::Result<()> {
        self.out.write_all(b"{\"format\":")?;
        serde_json::to_writer(&mut self.out, FORMAT)?;
        self.out.write_all(b",\"version\":")?;
        serde_json::to_writer(&mut self.out, &VERSION)?;
        self.out.write_all(b",\n\"about\":")?;
        serde_json::to_writer(&mut self.out, &self.about)?;
        self.out.write_all(b",\n\"sessions\":[")
    }

    fn begin(&mut self, session: &ExportedSession) -> io::Result<()> {
        if self.fresh {
            self.head()?;
            self.out.write_all(b"\n{\"session\":")?;
        } else {
            self.out.write_all(b"]},\n{\"session\":")?;
        }
        (self.fresh, self.rows) = (false, false);
        serde_json::to_writer(&mut self.out, &SessionRow::from(session))?;
        self.out.write_all(b",\n\"messages\":[")
    }

    fn row(&mut self, message: &ExportedMessage) -> io::Result<()> {
        self.out.write_all(if self.rows { b",\n" } else { b"\n" })?;
        self.rows = true;
        serde_json::to_writer(&mut self.out, &MessageRow::from(message))?;
        Ok(())
    }

    fn close(mut self) -> io::Result<W> {
        if self.fresh {
            self.head()?;
            self.out.write_all(b"]}\n")?;
        } else {
            self.out.write_all(b"]}\n]}\n")?;
        }
        Ok(self.out)
    }
}

impl ExportSink for Json {
    fn session(&mut self, session: &ExportedSession) -> io::Result<()> {
        self.begin(session)
    }

    fn message(&mut self, message: &ExportedMessage) -> io::Result<()> {
        self.row(message)
    }
}

impl Format for Json {
    fn end(self) -> io::Result<BufWriter<File>> {
        self.close()
    }
}

#[derive(Serialize)]
struct SessionRow<'a> {
    id: &'a str,
    user_id: Option<&'a str>,
    title: Option<&'a str>,
    status: Option<&'a str>,
    last_activity: Option<Timestamp>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    metadata: Option<&'a tidings_model::Json>,
    complete: bool,
    gaps: Vec<GapRow>,
    no_access: bool,
    unsent: Vec<UnsentRow<'a>>,
}

impl<'a> From<&'a ExportedSession> for SessionRow<'a> {
    fn from(session: &'a ExportedSession) -> Self {
        let unsent = session.unsent.iter().map(|own| {
            let row = UnsentRow::new("new", &own.state);
            match &own.change {
                SessionWrite::New => row,
                SessionWrite::Edit { title, status } => UnsentRow {
                    change: "edit",
                    title: title.as_ref().map(Option::as_deref),
                    status: status.map(tidings_model::SessionStatus::as_str),
                    ..row
                },
                SessionWrite::Delete => UnsentRow {
                    change: "delete",
                    ..row
                },
            }
        });
        Self {
            id: session.id.as_str(),
            user_id: session.user_id.as_ref().map(tidings_model::UserId::as_str),
            title: session.title.as_deref(),
            status: session.status.as_deref(),
            last_activity: session.last_activity,
            created_at: session.created_at,
            updated_at: session.updated_at,
            metadata: session.metadata.as_ref(),
            complete: session.gaps.is_empty(),
            gaps: session.gaps.iter().map(GapRow::from).collect(),
            no_access: session.no_access,
            unsent: unsent.collect(),
        }
    }
}

#[derive(Serialize)]
struct MessageRow<'a> {
    id: String,
    user_id: Option<&'a str>,
    role: Option<&'a str>,
    message_type: Option<&'a str>,
    content: Option<&'a str>,
    status: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    metadata: Option<&'a tidings_model::Json>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsent: Option<UnsentRow<'a>>,
}

impl<'a> From<&'a ExportedMessage> for MessageRow<'a> {
    fn from(message: &'a ExportedMessage) -> Self {
        let unsent = message.unsent.as_ref().map(|own| {
            let row = UnsentRow::new("new", &own.state);
            match &own.change {
                MessageChange::New => row,
                MessageChange::Edit(content) => UnsentRow {
                    change: "edit",
                    content: Some(content),
                    ..row
                },
                MessageChange::Delete => UnsentRow {
                    change: "delete",
                    ..row
                },
            }
        });
        Self {
            id: message.id.to_string(),
            user_id: message.user_id.as_ref().map(tidings_model::UserId::as_str),
            role: message.role.as_deref(),
            message_type: message.kind.as_deref(),
            content: message.content.as_deref(),
            status: message.status.as_deref(),
            created_at: message.created_at,
            updated_at: message.updated_at,
            metadata: message.metadata.as_ref(),
            incomplete: message.incomplete,
            unsent,
        }
    }
}

/// A change of one's own that the server has not confirmed.
#[derive(Serialize)]
#[allow(
    clippy::option_option,
    reason = "a title left alone, taken away and set are three things"
)]
struct UnsentRow<'a> {
    change: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl<'a> UnsentRow<'a> {
    fn new(change: &'static str, state: &'a OwnState) -> Self {
        let (state, reason) = match state {
            OwnState::Queued | OwnState::Held { .. } => ("queued", None),
            OwnState::Sending => ("sending", None),
            OwnState::Failed(reason) => ("failed", Some(reason.message.as_str())),
        };
        Self {
            change,
            state,
            reason,
            content: None,
            title: None,
            status: None,
        }
    }
}

#[derive(Serialize)]
struct GapRow {
    after: Option<KeyRow>,
    before: Option<KeyRow>,
}

impl From<&Gap> for GapRow {
    fn from(gap: &Gap) -> Self {
        Self {
            after: gap.after.map(KeyRow::from),
            before: gap.before.map(KeyRow::from),
        }
    }
}

#[derive(Serialize)]
struct KeyRow {
    created_at: Timestamp,
    id: String,
}

impl From<MessageKey> for KeyRow {
    fn from(key: MessageKey) -> Self {
        Self {
            created_at: key.at,
            id: key.id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Value;

    use super::super::samples::{about, message, session};
    use super::*;

    fn written(fill: impl FnOnce(&mut Json<Vec<u8>>)) -> String {
        let mut json = Json::new(Vec::new(), about());
        fill(&mut json);
        String::from_utf8(json.close().unwrap()).unwrap()
    }

    #[test]
    fn every_number_of_rows_is_one_document() {
        let counts: [&[usize]; 4] = [&[], &[0], &[2, 0, 1], &[0, 3]];
        for messages in counts {
            let text = written(|json| {
                for count in messages {
                    json.begin(&session("Trip")).unwrap();
                    for _ in 0..*count {
                        json.row(&message("hello")).unwrap();
                    }
                }
            });
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["format"], "tidings-export");
            assert_eq!(read["version"], 1);
            let sessions = read["sessions"].as_array().unwrap();
            let found: Vec<_> = sessions
                .iter()
                .map(|each| each["messages"].as_array().unwrap().len())
                .collect();
            assert_eq!(found, messages);
        }
    }

    #[test]
    fn nothing_of_a_row_is_rounded_or_left_out() {
        let mut row = message("a \"quote\"\n# and more\u{0}");
        let metadata = r#"{"n":12345678901234567890.10,"n":2}"#;
        row.metadata = Some(tidings_model::Json::new(metadata).unwrap());
        row.role = Some("moderator".to_owned());
        row.updated_at = None;
        let text = written(|json| {
            json.begin(&session("Trip")).unwrap();
            json.row(&row).unwrap();
        });
        assert!(text.contains(metadata), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        let read = &read["sessions"][0]["messages"][0];
        assert_eq!(read["content"], row.content.unwrap());
        assert_eq!(read["role"], "moderator");
        assert_eq!(read["created_at"], "2025-11-22T11:00:00.123457Z");
        assert_eq!(read["updated_at"], Value::Null);
        assert!(read.get("unsent").is_none());
    }
}
