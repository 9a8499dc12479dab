//! What the search index takes on the disk.
//!
//! Its pages are not counted, which would read them all: FTS5 keeps a record of its segments with
//! the numbers of their first and last pages (`fts5_index.c`, "structure record"), and each of its
//! pages is filled to about a page of the database.

use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Result;

/// Row of the structure record.
const STRUCTURE: i64 = 10;
/// What stands after the cookie where segments also tell their tombstones.
const WITH_TOMBSTONES: [u8; 4] = [0xff, 0x00, 0x00, 0x01];

/// Bytes that the search index takes, to within a few percent; 0 when the record cannot be read.
pub(crate) fn index_bytes(conn: &Connection) -> Result<u64> {
    let record: Option<Vec<u8>> = conn
        .prepare_cached("SELECT block FROM search_index_data WHERE id = ?1")?
        .query_row([STRUCTURE], |row| row.get(0))
        .optional()?;
    let pages = record.as_deref().and_then(pages).unwrap_or(0);
    // SQLCipher answers with a text.
    let page_size: i64 = conn.query_row(
        "SELECT CAST(page_size AS INTEGER) FROM pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    Ok(pages.saturating_mul(page_size.unsigned_abs()))
}

/// Pages of all segments.
fn pages(record: &[u8]) -> Option<u64> {
    let mut rest = record.get(4..)?;
    let tombstones = rest.starts_with(&WITH_TOMBSTONES);
    if tombstones {
        rest = rest.get(4..)?;
    }
    let levels = varint(&mut rest)?;
    let _segments = varint(&mut rest)?;
    let _writes = varint(&mut rest)?;
    let mut pages = 0_u64;
    for _ in 0..levels {
        let _merging = varint(&mut rest)?;
        let segments = varint(&mut rest)?;
        for _ in 0..segments {
            let _id = varint(&mut rest)?;
            let (first, last) = (varint(&mut rest)?, varint(&mut rest)?);
            pages = pages.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
            if tombstones {
                let (_oldest, _newest) = (varint(&mut rest)?, varint(&mut rest)?);
                pages = pages.checked_add(varint(&mut rest)?)?;
                let (_dead, _entries) = (varint(&mut rest)?, varint(&mut rest)?);
            }
        }
    }
    Some(pages)
}

/// SQLite's variable-length integer (file format, 1.6.1).
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..9 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        if place == 8 {
            return Some(value << 8 | u64::from(*byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
