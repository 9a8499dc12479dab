//! Which changes a recorded client must hear of, from the statements and the documented rules.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tidings_realtime::{Binding, Change, ChangeKind, Event, Row};

use crate::recording::Recording;
use crate::replay::{Player, Subscription};
use crate::rows::{Database, Key, RowChange, length, same};

/// What differs from the rules in one recording.
enum Deviation {
    /// The recorder noted these rows in words only.
    Unnoted(&'static [&'static str]),
    /// The recorder noted `rows cold0..coldN inserted … first received: coldK` in words.
    ColdStart,
    /// Rows with this content were never told.
    Lost(&'static str),
    /// The row with this symbol comes without key and columns.
    Unauthorized(&'static str),
    /// The last statement is not told any more.
    HungUp,
}

use Deviation::{ColdStart, HungUp, Lost, Unauthorized, Unnoted};

/// The deviations, each with its reason. `""` for a version stands for both.
const DEVIATIONS: &[(&str, &str, Deviation, &str)] = &[
    (
        "08_cdc_rls_and_grants",
        "",
        Unauthorized("X"),
        "without any SELECT grant the server says only that something happened",
    ),
    (
        "21_duplicate_join",
        "",
        HungUp,
        "the last join has no bindings, and the recorder hangs up after the statement",
    ),
    (
        "26_server_sigterm",
        "",
        ColdStart,
        "a server that has just started loses what is committed before it reads the log",
    ),
    (
        "26b_server_sigkill",
        "",
        ColdStart,
        "a server that has just started loses what is committed before it reads the log",
    ),
    (
        "27_postgres_restart",
        "v1",
        Unnoted(&["p0", "p1", "p2"]),
        "the recorder wrote one row a second until changes flowed again",
    ),
    (
        "27_postgres_restart",
        "v1",
        Lost("p0"),
        "committed while the server had lost its replication connection",
    ),
    (
        "27_postgres_restart",
        "v1",
        Lost("p1"),
        "committed while the server had lost its replication connection",
    ),
    (
        "27_postgres_restart",
        "v2",
        Unnoted(&["p0", "p1"]),
        "the recorder wrote one row a second until changes flowed again",
    ),
    (
        "27_postgres_restart",
        "v2",
        Lost("p0"),
        "committed while the server had lost its replication connection",
    ),
];

/// Content of this size does not fit into an event.
const TOO_BIG: usize = 1_048_576;
/// Content of this size is stored out of line.
const OUT_OF_LINE: usize = 8_000;

/// The committed changes of a recording, and when they were committed.
fn committed(recording: &Recording) -> Vec<(Duration, RowChange, bool)> {
    let (version, name) = recording.title.split_once('/').unwrap();
    let deviations: Vec<&Deviation> = DEVIATIONS
        .iter()
        .filter(|(own, vsn, ..)| *own == name && (vsn.is_empty() || *vsn == version))
        .map(|(_, _, deviation, _)| deviation)
        .collect();
    let mut database = Database::default();
    let mut changes = Vec::new();
    let mut lost: Vec<String> = Vec::new();
    for line in &recording.lines {
        let mut committed = Vec::new();
        if line.is("note", "sql") {
            committed = database.run(line.text(), &line.params);
        }
        if line.is("note", "note") {
            for deviation in &deviations {
                match deviation {
                    ColdStart if line.text().starts_with("cold start: rows ") => {
                        let (rows, first) = cold_start(line.text());
                        lost.extend_from_slice(&rows[..first]);
                        committed = database.messages(&rows);
                    }
                    Unnoted(rows) if line.text().contains(" were inserted, one per second") => {
                        let rows: Vec<String> = rows.iter().map(|&row| row.to_owned()).collect();
                        committed = database.messages(&rows);
                    }
                    _ => {}
                }
            }
        }
        changes.extend(committed.into_iter().map(|change| (line.at(), change)));
    }
    lost.extend(deviations.iter().filter_map(|deviation| match deviation {
        Lost(content) => Some((*content).to_owned()),
        _ => None,
    }));
    if deviations
        .iter()
        .any(|deviation| matches!(deviation, HungUp))
        && let Some(last) = changes.last().map(|(_, change)| change.statement)
    {
        changes.retain(|(_, change)| change.statement != last);
    }
    // Only the insertion of a row is ever lost; its deletion is told.
    changes.retain(|(_, change)| {
        let content = change.row.get("content").cloned().flatten();
        change.kind == ChangeKind::Delete || content.is_none_or(|it| !lost.contains(&it))
    });
    changes
        .into_iter()
        .map(|(at, change)| {
            let symbol = change.row.get("symbol").cloned().flatten();
            let unauthorized = change.kind == ChangeKind::Insert
                && deviations.iter().any(|deviation| {
                    matches!(deviation, Unauthorized(own) if symbol.as_deref() == Some(own))
                });
            (at, change, unauthorized)
        })
        .collect()
}

/// Rows and the index of the first received one, from the recorder's words.
fn cold_start(note: &str) -> (Vec<String>, usize) {
    let number = |after: &str| -> usize {
        let digits = note.split_once(after).unwrap().1;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap();
        digits[..end].parse().unwrap()
    };
    let rows = 0..=number("cold0..cold");
    (
        rows.map(|row| format!("cold{row}")).collect(),
        number("first received: cold"),
    )
}

/// The bindings through which a subscriber hears of a change.
fn heard(subscription: &Subscription, change: &RowChange) -> Vec<usize> {
    let own = |column: &str| change.row.get(column).cloned().flatten();
    // Row security is asked about the row as it is after the commit, and not for a delete.
    let delete = change.kind == ChangeKind::Delete;
    let visible = delete
        || !change.gone
            && (change.table != "chat_messages"
                || subscription.claims.role == "service_role"
                || own("user_id").is_some_and(|user| user == subscription.claims.sub));
    if !visible {
        return Vec::new();
    }
    let hears = |binding: &Binding| {
        let kind = match change.kind {
            ChangeKind::Insert => "INSERT",
            ChangeKind::Update => "UPDATE",
            ChangeKind::Delete => "DELETE",
        };
        let filter = binding.filter.as_deref().filter(|it| !it.is_empty());
        ["*", kind].contains(&binding.event.as_str())
            && ["*", "public"].contains(&binding.schema.as_str())
            && (["", "*"].contains(&binding.table.as_str()) || binding.table == change.table)
            && filter.is_none_or(|filter| {
                // A deleted row has its filtered column with full replica identity only.
                (!delete || change.full) && passes(filter, own)
            })
    };
    let bindings = subscription.bindings.iter().enumerate();
    bindings
        .filter(|(_, binding)| hears(binding))
        .map(|(index, _)| index)
        .collect()
}

fn passes(filter: &str, own: impl Fn(&str) -> Option<String>) -> bool {
    let (column, test) = filter.split_once('=').unwrap();
    let Some(value) = own(column) else {
        return false;
    };
    match test.split_once('.').unwrap() {
        ("eq", wanted) => value == wanted,
        ("in", list) => list
            .trim_matches(['(', ')'])
            .split(',')
            .any(|it| it == value),
        other => panic!("no recording has changes under {other:?}"),
    }
}

/// One change that a client must hear of.
struct Expected {
    topic: String,
    bindings: Vec<usize>,
    change: RowChange,
    unauthorized: bool,
}

/// Checks the changes that each client was told against the statements; how many there were.
pub fn check(recording: &Recording, players: &BTreeMap<String, Player>) -> usize {
    let committed = committed(recording);
    let mut made = BTreeMap::new();
    let mut checked = 0;
    for (client, player) in players {
        let what = format!("{}, client {client}", recording.title);
        let mut expected = Vec::new();
        for (at, change, unauthorized) in &committed {
            for subscription in &player.subscriptions {
                let from = subscription.from.is_some_and(|from| from < *at);
                let until = subscription.until.is_none_or(|until| *at < until);
                let bindings = heard(subscription, change);
                if from && until && !bindings.is_empty() {
                    expected.push(Expected {
                        topic: subscription.name.clone(),
                        bindings,
                        change: change.clone(),
                        unauthorized: *unauthorized,
                    });
                }
            }
        }
        let told: Vec<_> = player
            .told
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Change {
                    topic,
                    bindings,
                    change,
                } => Some((topic, bindings, change.as_ref())),
                _ => None,
            })
            .collect();
        checked += told.len();
        let list = || {
            let told: Vec<_> = told.iter().map(|(_, _, change)| summary(change)).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|it| {
                    format!(
                        "{:?} {} {:?}",
                        it.change.kind, it.change.table, it.change.key
                    )
                })
                .collect();
            format!("told {told:#?}\nexpected {expected:#?}")
        };
        assert_eq!(told.len(), expected.len(), "{what}: {}", list());
        let mut rest = told.iter();
        for group in expected.chunk_by(|a, b| a.change.statement == b.change.statement) {
            let mut told: Vec<_> = rest.by_ref().take(group.len()).copied().collect();
            for wanted in group {
                let fits = |told: &(&String, &Vec<usize>, &Change)| {
                    *told.0 == wanted.topic
                        && *told.1 == wanted.bindings
                        && agrees(wanted, told.2, &made)
                };
                let found = told.iter().position(fits);
                let found = found.unwrap_or_else(|| {
                    panic!(
                        "{what}: {:?} was not told in its place\n{}",
                        wanted.change.key,
                        list()
                    )
                });
                let (_, _, change) = told.remove(found);
                if let (Key::Made(_), Some(id)) = (&wanted.change.key, id(change)) {
                    made.insert(wanted.change.key.clone(), id);
                }
            }
        }
    }
    checked
}

fn summary(change: &Change) -> String {
    format!("{:?} {} {:?}", change.kind, change.table(), id(change))
}

fn id(change: &Change) -> Option<String> {
    let row = change.record.as_ref().or(change.old_record.as_ref())?;
    row.get("id")?.parse().ok()
}

fn agrees(wanted: &Expected, told: &Change, made: &BTreeMap<Key, String>) -> bool {
    let change = &wanted.change;
    if (told.kind, told.table()) != (change.kind, change.table.as_str()) {
        return false;
    }
    if wanted.unauthorized {
        let empty = told.record.as_ref().is_some_and(Row::is_empty);
        return empty && told.errors == ["Error 401: Unauthorized"];
    }
    let Some(id) = id(told) else { return false };
    let its = match (&change.key, made.get(&change.key)) {
        (Key::Known(key), _) | (Key::Made(_), Some(key)) => *key == id,
        // The first that hears of it learns its key; no other row has it.
        (Key::Made(_), None) => made.values().all(|other| *other != id),
    };
    let Some(record) = &told.record else {
        // Of a deleted row, the key alone is told.
        let old = told.old_record.as_ref().unwrap();
        return its && change.kind == ChangeKind::Delete && old.len() == 1;
    };
    let size = |text: &Option<String>| text.as_deref().map_or(0, length);
    let content = change.row.get("content").map_or(0, size);
    let too_big = change.kind == ChangeKind::Insert && content >= TOO_BIG;
    let unchanged = change.kind == ChangeKind::Update && content > OUT_OF_LINE && !change.full;
    let errors: &[&str] = if too_big {
        &["Error 413: Payload Too Large"]
    } else {
        &[]
    };
    let columns = change.row.iter().all(|(column, value)| {
        match record.get(column) {
            // JSON is written as a text, and told as itself.
            Some(told) if told.is_object() => value
                .as_ref()
                .is_some_and(|it| told.parse::<Value>().ok() == it.parse().ok()),
            Some(told) => told
                .parse::<Option<String>>()
                .is_ok_and(|told| match (told, value) {
                    (Some(told), Some(value)) => same(value, &told),
                    (told, value) => told == *value,
                }),
            // Missing is not null: it did not fit, did not change, or may not be read.
            None => size(value) > 64 && (too_big || unchanged),
        }
    });
    its && columns && told.errors == errors
}
