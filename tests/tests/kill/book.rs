//! What Alice asked for, and what she was told came of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// What is written down of every message of hers. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    /// Asked for, by its text, which no other has; the reply may be missing for ever.
    asked: Vec<String>,
    /// Written, as the reply said, by id.
    written: BTreeMap<String, Entry>,
    /// What others wrote, by id, and whether that was confirmed to them.
    others: BTreeMap<String, (String, bool)>,
}

/// One message of hers.
#[derive(Debug, Default)]
struct Entry {
    /// Texts that it may have: the last one that was confirmed to her, and later ones.
    texts: Vec<String>,
    /// She asked for its deletion.
    deleting: bool,
    /// And was told that it is gone.
    deleted: bool,
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn asks(&self, text: &str) {
        self.pages().asked.push(text.to_owned());
    }

    pub fn was_written(&self, text: &str, id: &str) {
        let mut pages = self.pages();
        pages.asked.retain(|asked| asked != text);
        let texts = vec![text.to_owned()];
        pages.written.insert(
            id.to_owned(),
            Entry {
                texts,
                ..Entry::default()
            },
        );
    }

    pub fn asks_to_edit(&self, id: &str, text: &str) {
        if let Some(entry) = self.pages().written.get_mut(id) {
            entry.texts.push(text.to_owned());
        }
    }

    pub fn was_edited(&self, id: &str, text: &str) {
        if let Some(entry) = self.pages().written.get_mut(id) {
            entry.texts = vec![text.to_owned()];
        }
    }

    pub fn asks_to_delete(&self, id: &str) {
        if let Some(entry) = self.pages().written.get_mut(id) {
            entry.deleting = true;
        }
    }

    pub fn was_deleted(&self, id: &str) {
        if let Some(entry) = self.pages().written.get_mut(id) {
            entry.deleted = true;
        }
    }

    pub fn others_may_write(&self, id: &str, text: &str) {
        let other = (text.to_owned(), false);
        self.pages().others.insert(id.to_owned(), other);
    }

    pub fn others_wrote(&self, id: &str, text: &str) {
        let other = (text.to_owned(), true);
        self.pages().others.insert(id.to_owned(), other);
    }

    /// The ids of what she was told is written.
    pub fn written(&self) -> Vec<String> {
        self.pages().written.keys().cloned().collect()
    }

    pub fn may_be_gone(&self, id: &str) -> bool {
        self.pages()
            .written
            .get(id)
            .is_none_or(|entry| entry.deleting)
    }

    /// Whether the server's messages are what they should be.
    pub fn judge(&self, rows: &[Value]) {
        let mut pages = self.pages();
        let mut stored = BTreeMap::new();
        for row in rows {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            assert!(
                stored.insert(text("id"), text("content")).is_none(),
                "twice: {row}"
            );
        }
        for (id, (text, confirmed)) in &pages.others {
            match stored.remove(id) {
                Some(found) => assert_eq!(found, *text),
                None => assert!(!confirmed, "{id}: {text:?} is gone"),
            }
        }
        for (id, entry) in &mut pages.written {
            if let Some(text) = stored.remove(id) {
                assert!(!entry.deleted, "{id} was deleted, and is there");
                assert!(entry.texts.contains(&text), "{id}: {text:?}, {entry:?}");
                // From now on this is what it is.
                entry.texts = vec![text];
                entry.deleting = false;
            } else {
                assert!(entry.deleting, "{id} was written, and is lost: {entry:?}");
                entry.deleted = true;
            }
        }
        // What is left was asked for, and the reply did not come.
        for (id, text) in stored {
            let at = pages.asked.iter().position(|asked| *asked == text);
            let at =
                at.unwrap_or_else(|| panic!("{id}: nobody wrote {text:?}, or it is there twice"));
            pages.asked.swap_remove(at);
            let texts = vec![text];
            pages.written.insert(
                id,
                Entry {
                    texts,
                    ..Entry::default()
                },
            );
        }
        // Nothing that was not written by now comes later.
        pages.asked.clear();
    }
}
