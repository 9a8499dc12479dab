//! What requests for rows tell: the tables, who may touch them, the optional parts, the clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::{Map, Value};
use tidings_contract::{Check, CheckItem, CheckOutcome};
use tidings_model::Clock;
use tidings_supabase::{Error, Query, Rest};

use super::{TABLES, in_time, item, sql};
use crate::workspace::machine::CLOCK_TOLERANCE;
use crate::workspace::{is_missing, table};

/// A server tells its time in whole seconds: on average it is so much later.
const HALF_A_SECOND: i64 = 500;

/// What was found.
pub(super) struct Rows {
    tables: Vec<Table>,
    sync: Part,
    members: Part,
    /// How far the computer's clock is ahead, in milliseconds.
    ahead: Option<i64>,
}

/// One of the four tables.
struct Table {
    name: &'static str,
    there: There,
    door: Door,
}

/// Whether a table is there.
enum There {
    Yes,
    No,
    /// Requests do not reach the schema.
    HiddenSchema,
    /// The project does not say.
    Unclear(String),
}

/// Whether row level security keeps out whoever is not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Shut,
    Open,
    /// The project turns everybody away before it looks at rows.
    Unknown,
}

/// Whether an optional part is there.
enum Part {
    Installed,
    Absent,
    Unclear(String),
}

/// Asks for all of it at once.
pub(super) async fn look(rest: &Rest, clock: &dyn Clock) -> Rows {
    let (tables, sync, members) = tokio::join!(
        join_all(TABLES.map(|name| table(rest, clock, name))),
        part(rest, table::SYNC_DIGEST),
        part(rest, table::MEMBERS_INFO),
    );
    Rows {
        ahead: tables.iter().find_map(|(_, ahead)| *ahead),
        tables: tables.into_iter().map(|(table, _)| table).collect(),
        sync,
        members,
    }
}

async fn table(rest: &Rest, clock: &dyn Clock, name: &'static str) -> (Table, Option<i64>) {
    let query = Query::new().limit(1);
    let (read, written) = tokio::join!(in_time(rest.select(name, &query)), write(rest, name));
    let mut ahead = None;
    let mut reads = false;
    let there = match read {
        Some(Ok(answer)) => {
            ahead = answer.date.and_then(|date| told_ahead(clock, date));
            // Whether prices are for everybody is the project's to say.
            reads = !answer.rows.is_empty() && name != table::PRICES;
            There::Yes
        }
        Some(Err(error)) if is_missing(&error) => There::No,
        Some(Err(error)) => match error.code() {
            // Somebody signed in may see more than the key alone.
            Some("42501" | "PGRST302") => There::Yes,
            Some("PGRST106") => There::HiddenSchema,
            _ => There::Unclear(error.to_string()),
        },
        None => There::Unclear("no answer in time".to_owned()),
    };
    let door = if reads { Door::Open } else { written };
    (Table { name, there, door }, ahead)
}

fn told_ahead(clock: &dyn Clock, date: SystemTime) -> Option<i64> {
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    let server = i64::try_from(since.as_millis()).ok()?;
    Some(clock.now().as_millis() - server - HALF_A_SECOND)
}

/// Tries to write a row that the table does not take: without its key, and with more that its
/// constraints forbid. PostgreSQL looks at the policies first, and says by its refusal whether they
/// let one in.
async fn write(rest: &Rest, name: &str) -> Door {
    let row: Map<String, Value> = impossible(name)
        .iter()
        .map(|(column, value)| ((*column).to_owned(), value.map_or(Value::Null, Value::from)))
        .collect();
    let refused = match in_time(rest.insert(name, &row)).await {
        Some(Err(Error::Api(refused))) => refused,
        // A table without any of its constraints: nothing kept the row out.
        Some(Ok(())) => return Door::Open,
        Some(Err(_)) | None => return Door::Unknown,
    };
    let of_table = refused.message.contains(&format!("relation \"{name}\""));
    match refused.code.as_deref() {
        // The right to write may be missing as well: that says nothing of rows.
        Some("42501") if refused.message.contains("row-level security") => Door::Shut,
        Some("23502" | "23514") if of_table => Door::Open,
        _ => Door::Unknown,
    }
}

/// What a table does not take, each value by itself: a null where there must be something, or a word
/// that is none of its own.
fn impossible(name: &str) -> &'static [(&'static str, Option<&'static str>)] {
    match name {
        table::SESSIONS => &[("id", None), ("status", Some("-"))],
        table::MESSAGES => &[("id", None), ("session_id", None), ("content", None)],
        table::PRESENCE => &[("user_id", None), ("session_id", None)],
        _ => &[("id", None), ("symbol", None), ("price", None)],
    }
}

async fn part(rest: &Rest, view: &str) -> Part {
    match in_time(rest.select(view, &Query::new().limit(1))).await {
        Some(Ok(_)) => Part::Installed,
        Some(Err(error)) if is_missing(&error) => Part::Absent,
        Some(Err(error)) if error.code() == Some("42501") => Part::Installed,
        Some(Err(error)) => Part::Unclear(error.to_string()),
        None => Part::Unclear("no answer in time".to_owned()),
    }
}

impl Rows {
    /// Whether a table is known to be missing.
    pub(super) fn lacks(&self, name: &str) -> bool {
        let missing = |table: &&Table| matches!(table.there, There::No | There::HiddenSchema);
        self.tables
            .iter()
            .filter(missing)
            .any(|table| table.name == name)
    }

    /// Whether the members part is there.
    pub(super) fn shares(&self) -> bool {
        matches!(self.members, Part::Installed)
    }

    /// The checks that it answers.
    pub(super) fn items(&self, schema: &str) -> Vec<CheckItem> {
        let mut items = vec![self.tables(schema), self.row_security(schema)];
        let sync = optional(Check::SyncPart, &self.sync, SYNC_TEXTS);
        items.push(with(sync, || sql::sync_part(schema)));
        let members = optional(Check::MembersPart, &self.members, MEMBERS_TEXTS);
        items.push(with(members, || sql::members_part(schema)));
        items.push(clock(self.ahead));
        items
    }

    fn tables(&self, schema: &str) -> CheckItem {
        let hidden = |table: &Table| matches!(table.there, There::HiddenSchema);
        if self.tables.iter().any(hidden) {
            let message = format!(
                "The project does not offer the schema {schema}. Add it to the exposed schemas in \
                 the project's API settings, or name another in the settings here."
            );
            return item(Check::Tables, CheckOutcome::Failed, message);
        }
        let missing = self.names(|table| matches!(table.there, There::No));
        if !missing.is_empty() {
            let message = format!(
                "Missing: {}. Run the SQL in the project's SQL editor.",
                missing.join(", ")
            );
            let failed = item(Check::Tables, CheckOutcome::Failed, message);
            return with(failed, || Some(sql::tables(schema)));
        }
        let unclear = self.tables.iter().find_map(|table| match &table.there {
            There::Unclear(reason) => Some(reason),
            _ => None,
        });
        match unclear {
            Some(error) => {
                let message = format!("The tables could not be looked at: {error}");
                item(Check::Tables, CheckOutcome::Warning, message)
            }
            None => item(
                Check::Tables,
                CheckOutcome::Ok,
                "The four tables are there.",
            ),
        }
    }

    fn row_security(&self, schema: &str) -> CheckItem {
        let of = |door: Door| {
            self.names(|table| matches!(table.there, There::Yes) && table.door == door)
        };
        let open = of(Door::Open);
        if !open.is_empty() {
            let message = format!(
                "Whoever has the key can read or write without signing in: {}. Row level security \
                 is off there, or a policy lets everybody in.",
                open.join(", ")
            );
            let failed = item(Check::RowSecurity, CheckOutcome::Failed, message);
            return with(failed, || {
                Some(sql::row_security(schema, &open, self.shares()))
            });
        }
        let unknown = of(Door::Unknown);
        if !unknown.is_empty() {
            let message = format!(
                "It could not be told before signing in for: {}.",
                unknown.join(", ")
            );
            return item(Check::RowSecurity, CheckOutcome::Unknown, message);
        }
        if of(Door::Shut).is_empty() {
            return item(
                Check::RowSecurity,
                CheckOutcome::Unknown,
                "Not looked at yet.",
            );
        }
        let message = "Without signing in nobody adds rows, and none of yours were shown.";
        item(Check::RowSecurity, CheckOutcome::Ok, message)
    }

    fn names(&self, wanted: impl Fn(&Table) -> bool) -> Vec<&'static str> {
        let found = self.tables.iter().filter(|table| wanted(table));
        found.map(|table| table.name).collect()
    }
}

/// What is said of a part that is there, and of one that is not.
type Texts = (&'static str, &'static str);

const SYNC_TEXTS: Texts = (
    "The server counts changes: what was missed is found at once.",
    "Optional, and not there. With it, what was missed while offline is found sooner, and with \
     less to download.",
);
const MEMBERS_TEXTS: Texts = (
    "Sessions can be shared with others.",
    "Optional, and not there. With it, sessions can be shared with others.",
);

fn optional(check: Check, part: &Part, (there, absent): Texts) -> CheckItem {
    match part {
        Part::Installed => item(check, CheckOutcome::Ok, there),
        Part::Absent => item(check, CheckOutcome::Absent, absent),
        Part::Unclear(error) => {
            let message = format!("It could not be looked at: {error}");
            item(check, CheckOutcome::Unknown, message)
        }
    }
}

/// Adds the SQL to what SQL mends.
fn with(item: CheckItem, sql: impl FnOnce() -> Option<String>) -> CheckItem {
    match item.outcome {
        CheckOutcome::Failed | CheckOutcome::Warning | CheckOutcome::Absent => {
            CheckItem { sql: sql(), ..item }
        }
        CheckOutcome::Ok | CheckOutcome::Unknown => item,
    }
}

fn clock(ahead: Option<i64>) -> CheckItem {
    let Some(ahead) = ahead else {
        let message = "The project did not tell its time.";
        return item(Check::Clock, CheckOutcome::Unknown, message);
    };
    let word = if ahead > 0 { "fast" } else { "slow" };
    let off = Duration::from_millis(ahead.unsigned_abs());
    if off <= CLOCK_TOLERANCE {
        return item(Check::Clock, CheckOutcome::Ok, "The clocks agree.");
    }
    let minutes = off.as_secs().div_ceil(60).max(2);
    let message =
        format!("Your clock is {minutes} minutes {word}. Times of new messages may look wrong.");
    item(Check::Clock, CheckOutcome::Warning, message)
}
