//! A look at a project before it is added: each step says what it found, in one sentence.
//!
//! Nobody is signed in yet, so the steps see what the key alone sees. What that cannot tell is
//! said to be unknown. Nothing is changed in a project whose tables have their constraints.

mod feed;
mod rows;
mod sql;

use std::sync::Arc;
use std::time::Duration;

use tidings_contract::{Check, CheckItem, CheckOutcome, ProjectCheck};
use tidings_model::Clock;
use tidings_realtime::Connector;
use tidings_supabase::{Auth, Class, Http, Project, ProjectKey, Rest};

use crate::workspace::table;

/// The longest that requests, or the change feed, are waited for: a feed that nobody has used for
/// a while takes some seconds to start, and a refused channel is answered after five.
const DEADLINE: Duration = Duration::from_secs(12);

/// What a project must have.
const TABLES: [&str; 4] = [
    table::SESSIONS,
    table::MESSAGES,
    table::PRESENCE,
    table::PRICES,
];

/// In the order shown.
const ORDER: [Check; 9] = [
    Check::Reachable,
    Check::Key,
    Check::Tables,
    Check::RowSecurity,
    Check::Realtime,
    Check::Publication,
    Check::SyncPart,
    Check::MembersPart,
    Check::Clock,
];

/// Without these a project is of no use; the others can be mended later.
const NEEDED: [Check; 3] = [Check::Reachable, Check::Key, Check::Tables];

/// What a look is taken with.
pub(super) struct Means<'a> {
    /// For requests.
    pub http: &'a Http,
    /// For the change feed.
    pub sockets: Arc<dyn Connector>,
    /// The computer's clock.
    pub clock: &'a dyn Clock,
    /// Where the tables are.
    pub schema: &'a str,
}

/// Looks at the address and the key, and then at all else at once.
pub(super) async fn run(means: Means<'_>, url: &str, key: &str) -> ProjectCheck {
    let mut items = Vec::new();
    let project = match read(url, key) {
        Ok(project) => project,
        Err((check, message)) => {
            items.push(item(check, CheckOutcome::Failed, message));
            return finish(None, &items);
        }
    };
    let address = project.url().to_string();
    let auth = Auth::new(means.http.clone(), project.clone());
    let answers = match in_time(auth.settings()).await {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) if matches!(error.class(), Class::Permanent | Class::SignedOut) => {
            Err(format!("The key is refused: {error}"))
        }
        Some(Err(error)) => {
            let message = match error.class() {
                Class::Transient { .. } => format!("The project cannot answer now: {error}"),
                _ => format!("Nothing answers there: {error}"),
            };
            items.push(item(Check::Reachable, CheckOutcome::Failed, message));
            return finish(Some(address), &items);
        }
        None => {
            let message = "Nothing answers there: no answer in time";
            items.push(item(Check::Reachable, CheckOutcome::Failed, message));
            return finish(Some(address), &items);
        }
    };
    let message = "The project answers.";
    items.push(item(Check::Reachable, CheckOutcome::Ok, message));
    if let Err(message) = answers {
        items.push(item(Check::Key, CheckOutcome::Failed, message));
        return finish(Some(address), &items);
    }
    let message = "The key is accepted.";
    items.push(item(Check::Key, CheckOutcome::Ok, message));
    let rest = Rest::new(means.http.clone(), project.clone()).with_schema(means.schema);
    let (rows, feed) = tokio::join!(
        rows::look(&rest, means.clock),
        feed::look(means.sockets, &project, means.schema),
    );
    items.extend(rows.items(means.schema));
    items.extend(feed.items(&rows, means.schema));
    finish(Some(address), &items)
}

fn read(url: &str, key: &str) -> Result<Project, (Check, String)> {
    let key = ProjectKey::parse(key).map_err(|error| (Check::Key, error.to_string()))?;
    Project::new(url, key).map_err(|error| (Check::Reachable, error.to_string()))
}

/// What comes within the deadline.
async fn in_time<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(DEADLINE, work).await.ok()
}

fn item(check: Check, outcome: CheckOutcome, message: impl Into<String>) -> CheckItem {
    CheckItem {
        check,
        outcome,
        message: message.into(),
        sql: None,
    }
}

/// Adds the checks that were not reached, and says whether the project can be added.
fn finish(url: Option<String>, found: &[CheckItem]) -> ProjectCheck {
    let items: Vec<CheckItem> = ORDER
        .into_iter()
        .map(|check| {
            let known = found.iter().find(|item| item.check == check).cloned();
            known.unwrap_or_else(|| item(check, CheckOutcome::Unknown, "Not looked at yet."))
        })
        .collect();
    let usable = !items
        .iter()
        .any(|item| NEEDED.contains(&item.check) && item.outcome == CheckOutcome::Failed);
    ProjectCheck { url, items, usable }
}
