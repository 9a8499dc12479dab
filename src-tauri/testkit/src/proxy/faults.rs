//! What is wrong with the network right now.

use std::time::Duration;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// An HTTP response given in the server's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    paths: Vec<String>,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// A status without a body, to every path.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            paths: Vec::new(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// Only for paths that begin so; said again, also for those that begin like that.
    #[must_use]
    pub fn path(mut self, prefix: &str) -> Self {
        self.paths.push(prefix.to_owned());
        self
    }

    /// With a header, say `Retry-After`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        let mut answer = self.header("Content-Type", "application/json");
        answer.body = body.to_string();
        answer
    }

    /// Whether it is for a request, given its head.
    pub(super) fn is_for(&self, head: &[u8]) -> bool {
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let path = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        self.paths.is_empty()
            || self
                .paths
                .iter()
                .any(|prefix| path.starts_with(prefix.as_bytes()))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Fault\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        text.push_str("Content-Length: ");
        text.push_str(&self.body.len().to_string());
        text.push_str("\r\nConnection: close\r\n\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    pub(super) greeting: Greeting,
    up: Flow,
    down: Flow,
}

/// What a new connection meets.
#[derive(Debug, Clone, Default)]
pub(super) enum Greeting {
    #[default]
    Server,
    Reset,
    Silence,
    Answer(Answer),
}

/// What happens to bytes in one direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    pub(super) frozen: bool,
    pub(super) lost: bool,
    pub(super) delay: Duration,
    pub(super) bytes_per_second: Option<u32>,
    /// How many bytes each connection may still pass.
    pub(super) budget: Option<u64>,
    /// Counts the budgets that were set, so that a new one starts a connection's count again.
    pub(super) budget_number: u64,
}

impl Faults {
    pub(super) fn flow(&mut self, direction: Direction) -> &mut Flow {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    pub(super) fn flow_of(&self, direction: Direction) -> &Flow {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    pub(super) fn heal(&mut self) {
        self.greeting = Greeting::Server;
        for direction in [Direction::Up, Direction::Down] {
            let flow = self.flow(direction);
            *flow = Flow {
                budget_number: flow.budget_number,
                ..Flow::default()
            };
        }
    }
}
