//! A look at a project before it is added: each step says what it found, in one sentence.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tidings_contract::{Check, CheckItem, CheckOutcome, ProjectCheck};
use tidings_realtime::{ConnState, Connector, Event, TokenError, TokenSource};
use tidings_supabase::{Auth, Class, Http, Project, ProjectKey, Query, Rest};

use crate::workspace::{refused, table};

/// A clock further off than this makes the times of new messages look wrong.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);

const REALTIME_DEADLINE: Duration = Duration::from_secs(8);

const TABLES: [&str; 4] = [
    table::SESSIONS,
    table::MESSAGES,
    table::PRESENCE,
    table::PRICES,
];

/// Looks at the address, the key, the tables, the change feed and the clocks.
pub(super) async fn run(
    http: &Http,
    sockets: Arc<dyn Connector>,
    url: &str,
    key: &str,
) -> ProjectCheck {
    let mut items = Vec::new();
    let project = match read(url, key) {
        Ok(project) => project,
        Err((check, message)) => {
            items.push(item(check, CheckOutcome::Failed, message));
            return finish(None, items);
        }
    };
    let address = project.url().to_string();
    match Auth::new(http.clone(), project.clone()).settings().await {
        Ok(_) => {
            items.push(item(
                Check::Reachable,
                CheckOutcome::Ok,
                "The project answers.",
            ));
            items.push(item(Check::Key, CheckOutcome::Ok, "The key is accepted."));
        }
        Err(error) if matches!(error.class(), Class::Network) => {
            let message = format!("Nothing answers there: {error}");
            items.push(item(Check::Reachable, CheckOutcome::Failed, message));
            return finish(Some(address), items);
        }
        Err(error) => {
            items.push(item(
                Check::Reachable,
                CheckOutcome::Ok,
                "The project answers.",
            ));
            let message = format!("The key is refused: {error}");
            items.push(item(Check::Key, CheckOutcome::Failed, message));
            return finish(Some(address), items);
        }
    }
    let (tables, date) = tables(http, &project).await;
    items.push(tables);
    items.push(realtime(sockets, &project).await);
    items.push(clock(date));
    finish(Some(address), items)
}

fn read(url: &str, key: &str) -> Result<Project, (Check, String)> {
    let key = ProjectKey::parse(key).map_err(|error| (Check::Key, error.to_string()))?;
    Project::new(url, key).map_err(|error| (Check::Reachable, error.to_string()))
}

async fn tables(http: &Http, project: &Project) -> (CheckItem, Option<SystemTime>) {
    let rest = Rest::new(http.clone(), project.clone());
    let (mut missing, mut date) = (Vec::new(), None);
    for table in TABLES {
        match rest.select(table, &Query::new().limit(1)).await {
            Ok(answer) => date = answer.date,
            // Somebody signed in may see more than the key alone.
            Err(error) if matches!(error.code(), Some("42501" | "PGRST302")) => {}
            Err(error) if matches!(error.code(), Some("42P01" | "PGRST205")) => missing.push(table),
            Err(error) => {
                let message = format!("The tables could not be looked at: {error}");
                return (item(Check::Tables, CheckOutcome::Warning, message), date);
            }
        }
    }
    if missing.is_empty() {
        return (
            item(
                Check::Tables,
                CheckOutcome::Ok,
                "The four tables are there.",
            ),
            date,
        );
    }
    let message = format!(
        "Missing: {}. Run the SQL in the project's SQL editor.",
        missing.join(", ")
    );
    let failed = item(Check::Tables, CheckOutcome::Failed, message);
    (
        CheckItem {
            sql: Some(SCHEMA.concat()),
            ..failed
        },
        date,
    )
}

/// Connects once to the change feed.
async fn realtime(sockets: Arc<dyn Connector>, project: &Project) -> CheckItem {
    let key = tidings_realtime::Secret::new(project.key().expose());
    let config = tidings_realtime::Config::new(project.url().clone(), key);
    let (client, mut events) =
        tidings_realtime::Client::start_with(config, Arc::new(Nobody), sockets);
    client.connect();
    let outcome = async {
        while let Some(event) = events.next().await {
            match event {
                Event::State(ConnState::Connected) => return Ok(()),
                Event::State(ConnState::Waiting { reason, .. }) => return Err(reason),
                Event::State(ConnState::Refused(refusal)) => return Err(refused(&refusal)),
                _ => {}
            }
        }
        Err("the attempt ended".to_owned())
    };
    let outcome = tokio::time::timeout(REALTIME_DEADLINE, outcome).await;
    client.disconnect();
    match outcome.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
        Ok(()) => item(
            Check::Realtime,
            CheckOutcome::Ok,
            "Changes can be followed.",
        ),
        Err(reason) => {
            let message = format!("Changes cannot be followed: {reason}");
            item(Check::Realtime, CheckOutcome::Warning, message)
        }
    }
}

/// Connects with the project's key alone.
struct Nobody;

impl TokenSource for Nobody {
    fn token<'a>(
        &'a self,
        _refused: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, TokenError>> {
        Box::pin(async { Ok(None) })
    }
}

fn clock(server: Option<SystemTime>) -> CheckItem {
    let Some(server) = server else {
        return item(
            Check::Clock,
            CheckOutcome::Unknown,
            "The project did not tell its time.",
        );
    };
    let now = SystemTime::now();
    let (off, word) = match now.duration_since(server) {
        Ok(ahead) => (ahead, "fast"),
        Err(behind) => (behind.duration(), "slow"),
    };
    if off <= CLOCK_TOLERANCE {
        return item(Check::Clock, CheckOutcome::Ok, "The clocks agree.");
    }
    let minutes = off.as_secs().div_ceil(60);
    let message =
        format!("Your clock is {minutes} minutes {word}. Times of new messages may look wrong.");
    item(Check::Clock, CheckOutcome::Warning, message)
}

/// What the tables are made with.
const SCHEMA: [&str; 3] = [
    include_str!("../../../../supabase/migrations/20261123000000_chat.sql"),
    include_str!("../../../../supabase/migrations/20261123000100_row_level_security.sql"),
    include_str!("../../../../supabase/migrations/20261123000200_realtime.sql"),
];

fn item(check: Check, outcome: CheckOutcome, message: impl Into<String>) -> CheckItem {
    CheckItem {
        check,
        outcome,
        message: message.into(),
        sql: None,
    }
}

/// Adds the checks that were not reached, and says whether the project can be added.
fn finish(url: Option<String>, mut items: Vec<CheckItem>) -> ProjectCheck {
    for check in [
        Check::Reachable,
        Check::Key,
        Check::Tables,
        Check::Realtime,
        Check::Clock,
    ] {
        if !items.iter().any(|item| item.check == check) {
            items.push(item(check, CheckOutcome::Unknown, "Not looked at yet."));
        }
    }
    let usable = !items
        .iter()
        .any(|item| item.outcome == CheckOutcome::Failed);
    ProjectCheck { url, items, usable }
}
