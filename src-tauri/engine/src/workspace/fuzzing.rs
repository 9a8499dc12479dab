//! Entrances of the fuzz targets.

use serde_json::value::RawValue;

use super::remote::{self, Fields, table};

/// Reads a text as a row of each table, whole and truncated.
pub fn row(text: &str) {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    let Ok(fields) = Fields::of_answer(raw, table::MESSAGES) else {
        return;
    };
    for truncated in [false, true] {
        let _ = remote::message(&fields, truncated);
        let _ = remote::session(&fields, truncated);
    }
    let _ = remote::deleted_message(&fields);
    let _ = remote::deleted_session(&fields);
    let _ = remote::presence(&fields);
    if let Ok(row) = remote::price(&fields) {
        // A price that is taken in has a text that reads as the same price.
        let text = row.quote.price.to_string();
        assert_eq!(text.parse().ok(), Some(row.quote.price), "{text}");
    }
}
