//! The recordings: what clients of a real server sent and received, line by line.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tidings_realtime::frame::{Vsn, Wire};

/// One line of a recording.
#[derive(Deserialize)]
pub struct Line {
    t_ms: f64,
    pub client: Option<String>,
    /// `out`, `in`, or `note` for what was not on the wire.
    pub dir: String,
    pub opcode: String,
    text: Option<String>,
    base64: Option<String>,
    tail: Option<String>,
    bytes: Option<usize>,
    #[serde(default)]
    truncated_for_capture: bool,
    pub status: Option<u16>,
    pub code: Option<u16>,
    #[serde(default)]
    pub params: Vec<Value>,
}

impl Line {
    /// Time since the beginning.
    pub fn at(&self) -> Duration {
        Duration::from_secs_f64(self.t_ms / 1000.0)
    }

    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    pub fn is(&self, dir: &str, opcode: &str) -> bool {
        self.dir == dir && self.opcode == opcode
    }

    /// From here on, the recorder itself hangs up.
    fn is_end(&self) -> bool {
        self.text() == "end of the scenario; the recorder drops its sockets"
    }

    /// The data message; none where the recorder kept too little of it.
    pub fn wire(&self) -> Option<Wire> {
        match self.opcode.as_str() {
            "text" if self.truncated_for_capture => self.refilled().map(Wire::Text),
            "text" => Some(Wire::Text(self.text().to_owned())),
            "binary" if !self.truncated_for_capture => {
                let bytes = STANDARD.decode(self.base64.as_ref()?).unwrap();
                Some(Wire::Binary(Bytes::from(bytes)))
            }
            _ => None,
        }
    }

    /// Large frames are kept as head and tail. The big texts of the scenarios are one repeated
    /// character, so that the middle is known.
    fn refilled(&self) -> Option<String> {
        let (head, tail) = (self.text.as_ref()?, self.tail.as_ref()?);
        let filler = head.chars().next_back()?;
        let missing = self.bytes?.checked_sub(head.len() + tail.len())?;
        let known = filler.is_ascii_alphanumeric() && tail.starts_with(filler);
        known.then(|| format!("{head}{}{tail}", filler.to_string().repeat(missing)))
    }
}

/// One scenario, in one version of the serializer.
pub struct Recording {
    pub vsn: Vsn,
    /// Such as `v2/03_cdc_replica_default`.
    pub title: String,
    /// The name without the version.
    pub name: String,
    pub lines: Vec<Line>,
}

fn folder() -> PathBuf {
    "../../tests/fixtures/captures".into()
}

/// All of them, by name and version.
pub fn all() -> Vec<Recording> {
    let mut all = Vec::new();
    for (vsn, version) in [(Vsn::V1, "v1"), (Vsn::V2, "v2")] {
        for file in std::fs::read_dir(folder().join(version)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text
                .lines()
                .map(|line| serde_json::from_str::<Line>(line).unwrap())
                .take_while(|line| !line.is_end())
                .collect();
            all.push(Recording {
                vsn,
                title: format!("{version}/{name}"),
                name,
                lines,
            });
        }
    }
    all.sort_by(|a, b| a.title.cmp(&b.title));
    all
}

/// Who a token says that its bearer is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Claims {
    #[serde(default)]
    pub role: String,
    #[serde(default)]
    pub sub: String,
}

impl Claims {
    pub fn of(token: &str) -> Self {
        token
            .split('.')
            .nth(1)
            .and_then(|body| URL_SAFE_NO_PAD.decode(body).ok())
            .and_then(|body| serde_json::from_slice(&body).ok())
            .unwrap_or_default()
    }
}
