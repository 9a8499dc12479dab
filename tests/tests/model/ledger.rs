//! What was accepted: by which it is judged what there is in the end.

use std::collections::BTreeMap;

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Client(usize),
    Others,
}

/// A message that a client or the server accepted.
#[derive(Debug)]
pub struct Entry {
    pub session: String,
    pub by: Who,
    /// Whose name it bears.
    pub author: String,
    /// A word that no other message has.
    pub word: String,
    pub text: String,
    /// Accepted new texts, in order.
    pub edits: Vec<(Who, String)>,
    /// Accepted deletions.
    pub deletions: Vec<Who>,
    /// Something of it was given up or tried again by hand: nothing is said of its order and its
    /// last text any more.
    pub touched: bool,
    /// Written so long ago that its client has to ask before it is sent, and nobody has answered.
    pub asks: bool,
    /// The answer was that it is given up.
    pub given_up: bool,
}

#[derive(Debug, Default)]
pub struct Ledger {
    pub messages: BTreeMap<String, Entry>,
    /// Ids of messages, as they came.
    pub order: Vec<String>,
    /// Ids of sessions that were deleted, and who did it.
    pub deleted_sessions: BTreeMap<String, Vec<Who>>,
    /// Up to where clients have read sessions: when that message was stored, and its id.
    pub read: BTreeMap<(usize, String), (i64, String)>,
    words: usize,
}

impl Ledger {
    /// A text that begins with a word of its own.
    pub fn text(&mut self, by: Who) -> String {
        self.words += 1;
        match by {
            Who::Client(number) => format!("w{}w by client {number}", self.words),
            Who::Others => format!("w{}w by others", self.words),
        }
    }

    /// Another text for a message: with the word of that message, too.
    pub fn new_text(&mut self, id: &str, by: Who) -> String {
        let word = self.messages.get(id).map(|entry| entry.word.clone());
        format!("{} changed to {}", word.unwrap_or_default(), self.text(by))
    }

    pub fn add(&mut self, id: String, session: &str, by: Who, author: &str, text: &str) {
        let entry = Entry {
            session: session.to_owned(),
            by,
            author: author.to_owned(),
            word: text.split(' ').next().unwrap_or_default().to_owned(),
            text: text.to_owned(),
            edits: Vec::new(),
            deletions: Vec::new(),
            touched: false,
            asks: false,
            given_up: false,
        };
        self.order.push(id.clone());
        self.messages.insert(id, entry);
    }

    pub fn edited(&mut self, id: &str, by: Who, text: String) {
        if let Some(entry) = self.messages.get_mut(id) {
            // Who changes it says that it is still meant.
            entry.asks &= entry.by != by;
            entry.edits.push((by, text));
        }
    }

    pub fn deleted(&mut self, id: &str, by: Who) {
        if let Some(entry) = self.messages.get_mut(id) {
            entry.deletions.push(by);
        }
    }

    pub fn session_deleted(&mut self, session: String, by: Who) {
        self.deleted_sessions.entry(session).or_default().push(by);
    }

    /// What was read stays read.
    pub fn marked_read(&mut self, who: usize, session: String, place: (i64, String)) {
        let read = self.read.entry((who, session)).or_default();
        *read = place.max(read.clone());
    }

    /// The message that was added last was written long ago.
    pub fn newest_asks(&mut self) {
        let newest = self.order.last();
        if let Some(entry) = newest.and_then(|id| self.messages.get_mut(id)) {
            entry.asks = true;
        }
    }

    /// The user said that it is still meant.
    pub fn answered(&mut self, id: &str) {
        if let Some(entry) = self.messages.get_mut(id) {
            entry.asks = false;
        }
    }

    pub fn touched(&mut self, id: &str) {
        if let Some(entry) = self.messages.get_mut(id) {
            entry.touched = true;
        }
    }

    /// One of the messages, mostly of the newest, so that several meet over one; of those that
    /// bear a name, if one is given.
    pub fn pick(&self, number: usize, author: Option<&str>) -> Option<String> {
        let fits =
            |id: &&String| author.is_none_or(|author| self.messages[id.as_str()].author == author);
        let mut all: Vec<&String> = self.order.iter().filter(fits).collect();
        if !number.is_multiple_of(4) {
            all = all.split_off(all.len().saturating_sub(NEWEST));
        }
        all.get(number / 4 % all.len().max(1))
            .map(|id| (*id).clone())
    }
}

/// Messages that much happens to.
const NEWEST: usize = 3;
