//! Replaces a damaged database by a new one that holds what could be saved from it.
//!
//! The program, or the power, may end at any point of it. So a note beside the database says how
//! far it came. First *damaged*: the new database is made beside the old one, which is only read.
//! Then, once the new one is whole and on the disk, *moving*: files change their names, and the
//! next start goes on where this one stopped. Without a note there is nothing to do.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::error::{CacheError, Result};
use crate::files::{self, LOG, LOG_INDEX};
use crate::migrate::Migration;
use crate::salvage;
use crate::store::{self, Place, Sharing};

/// What the note beside a database says.
pub(crate) enum Note {
    /// It is damaged, and nothing was done about it yet.
    Damaged(String),
    /// Its successor is whole, and takes its place.
    Moving(Moving),
}

/// Where the damaged file goes, and what was saved from it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Moving {
    /// Its new name, in the same folder.
    aside: String,
    /// Unsent writes that were saved.
    pub saved: usize,
    /// Something could not be read.
    pub incomplete: bool,
}

impl Moving {
    /// Where the damaged file is then.
    pub fn aside(&self, place: &Place) -> PathBuf {
        place.path.with_file_name(&self.aside)
    }
}

/// Reads the note, if there is one.
pub(crate) fn note(place: &Place) -> Result<Option<Note>> {
    match std::fs::read(place.damage_marker()) {
        Ok(text) => Ok(Some(match serde_json::from_slice(&text) {
            Ok(moving) => Note::Moving(moving),
            Err(_) => Note::Damaged(String::from_utf8_lossy(&text).into_owned()),
        })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes the successor and puts it in the place of the damaged database.
pub(crate) fn replace(place: &Place, steps: &[Migration], reason: &str) -> Result<Moving> {
    files::write_durably(&place.damage_marker(), reason.as_bytes())?;
    let fresh = Place {
        path: successor(place),
        key: place.key.clone(),
    };
    // Left behind by an attempt that did not get to its end.
    for suffix in ["", LOG, LOG_INDEX] {
        files::remove_if_there(&files::beside(&fresh.path, suffix))?;
    }
    let (mut conn, _) = store::open_sound(&fresh, steps, Sharing::Shared)?;
    let saved = salvage::salvage(&place.path, &place.key, &mut conn)?;
    fold(conn)?;
    let moving = Moving {
        aside: free_name(place),
        saved: saved.outbox,
        incomplete: saved.incomplete,
    };
    let note = serde_json::to_vec(&moving).map_err(std::io::Error::from)?;
    files::write_durably(&place.damage_marker(), &note)?;
    finish(place, &moving)?;
    Ok(moving)
}

/// Moves the files, from whichever point on. The log goes along with its database: it may hold
/// the newest unsent writes.
pub(crate) fn finish(place: &Place, moving: &Moving) -> Result<()> {
    let (fresh, aside) = (successor(place), moving.aside(place));
    if fresh.exists() {
        files::move_if_there(&place.beside(LOG), &files::beside(&aside, LOG))?;
        files::remove_if_there(&place.beside(LOG_INDEX))?;
        files::move_if_there(&place.path, &aside)?;
        files::sync_folder_of(&aside)?;
        std::fs::rename(&fresh, &place.path)?;
        files::sync_folder_of(&place.path)?;
    }
    files::remove_if_there(&place.damage_marker())?;
    Ok(())
}

fn successor(place: &Place) -> PathBuf {
    place.beside(".rescue")
}

/// Closes a new database with all of it in the one file, on the disk.
fn fold(conn: Connection) -> Result<()> {
    store::fold_log(&conn)?;
    conn.close().map_err(|(_, error)| CacheError::from(error))
}

/// A name for the damaged file that no other has.
fn free_name(place: &Place) -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let name = place.path.file_name().unwrap_or_default().to_string_lossy();
    let mut names = (0_u32..).map(|number| match number {
        0 => format!("{name}.damaged-{seconds}"),
        number => format!("{name}.damaged-{seconds}-{number}"),
    });
    names
        .find(|name| !place.path.with_file_name(name).exists())
        .unwrap_or_default()
}
