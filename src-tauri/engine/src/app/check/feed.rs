//! What the change feed tells: whether it answers, and of which tables it tells changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tidings_contract::{Check, CheckItem, CheckOutcome};
use tidings_realtime::{
    Binding, ChannelError, ChannelSpec, ChannelStatus, Client, Config, ConnState, Connector,
    ErrorClass, Event, EventStream, Secret, TokenError, TokenSource,
};
use tidings_supabase::Project;

use super::rows::Rows;
use super::{TABLES, in_time, item, sql};
use crate::workspace::{refused, table};

/// How the refusal of a table goes on that is not published; other refusals have other reasons.
const NOT_PUBLISHED: &str = "Please check Realtime is enabled";

/// What was found.
#[derive(Default)]
pub(super) struct Feed {
    /// Whether it was reached, and why not.
    reached: Option<Result<(), String>>,
    tables: BTreeMap<String, Told>,
}

/// What the feed says to being asked for the changes of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Yes,
    No,
    Unclear(String),
}

/// Connects once, and asks for each table by itself: one that is refused takes along whatever is
/// asked for on the same channel.
pub(super) async fn look(sockets: Arc<dyn Connector>, project: &Project, schema: &str) -> Feed {
    let key = Secret::new(project.key().expose());
    let config = Config::new(project.url().clone(), key);
    let (client, mut events) = Client::start_with(config, Arc::new(Nobody), sockets);
    let channels: Vec<_> = asked()
        .map(|table| client.open(spec(schema, table)))
        .collect();
    client.connect();
    let mut feed = Feed::default();
    // What has come by then counts.
    let _ = in_time(feed.listen(&mut events, channels.len())).await;
    client.disconnect();
    feed
}

/// The four tables, and the one of the members part, which may be missing.
fn asked() -> impl Iterator<Item = &'static str> {
    TABLES.into_iter().chain([table::MEMBERS])
}

fn spec(schema: &str, table: &str) -> ChannelSpec {
    ChannelSpec {
        bindings: vec![Binding::table(schema, table)],
        ..ChannelSpec::new(table)
    }
}

impl Feed {
    /// Takes in what comes, until all is told or nothing more will be.
    async fn listen(&mut self, events: &mut EventStream, asked: usize) {
        while let Some(event) = events.next().await {
            match event {
                Event::State(ConnState::Connected) => self.reached = Some(Ok(())),
                Event::State(ConnState::Waiting { reason, .. }) => {
                    return self.lost(reason);
                }
                Event::State(ConnState::Refused(refusal)) => return self.lost(refused(&refusal)),
                Event::Subscribed { topic } => {
                    self.tables.insert(topic, Told::Yes);
                }
                Event::Channel {
                    topic,
                    status: ChannelStatus::Errored { error, .. },
                } => {
                    if let Some(told) = Told::by(&error) {
                        self.tables.insert(topic, told);
                    }
                }
                _ => {}
            }
            if self.tables.len() == asked {
                return;
            }
        }
    }

    fn lost(&mut self, reason: String) {
        self.reached = Some(Err(reason));
    }

    /// The checks that it answers.
    pub(super) fn items(&self, rows: &Rows, schema: &str) -> [CheckItem; 2] {
        let reached = match &self.reached {
            Some(Ok(())) => item(
                Check::Realtime,
                CheckOutcome::Ok,
                "Changes can be followed.",
            ),
            lost => {
                let reason = match lost {
                    Some(Err(reason)) => reason,
                    _ => "no answer in time",
                };
                let message = format!("Changes cannot be followed: {reason}");
                item(Check::Realtime, CheckOutcome::Warning, message)
            }
        };
        [reached, self.publication(rows, schema)]
    }

    fn publication(&self, rows: &Rows, schema: &str) -> CheckItem {
        let unknown = |message: String| item(Check::Publication, CheckOutcome::Unknown, message);
        let there: Vec<&str> = asked()
            .filter(|table| match *table {
                table::MEMBERS => rows.shares(),
                table => !rows.lacks(table),
            })
            .collect();
        if there.is_empty() || !matches!(self.reached, Some(Ok(()))) {
            return unknown("Not looked at yet.".to_owned());
        }
        let silent: Vec<&str> = there
            .iter()
            .copied()
            .filter(|table| self.tables.get(*table) == Some(&Told::No))
            .collect();
        if !silent.is_empty() {
            // Without changes of members the lists are read all the same, only later.
            let outcome = if silent == [table::MEMBERS] {
                CheckOutcome::Warning
            } else {
                CheckOutcome::Failed
            };
            let message = format!(
                "Not in the publication supabase_realtime: {}. Run the SQL in the project's SQL editor.",
                silent.join(", ")
            );
            return CheckItem {
                sql: Some(sql::publication(schema, &silent)),
                ..item(Check::Publication, outcome, message)
            };
        }
        for table in there {
            match self.tables.get(table) {
                Some(Told::Yes) => {}
                Some(Told::Unclear(reason)) => {
                    return unknown(format!("It could not be told before signing in: {reason}"));
                }
                Some(Told::No) | None => {
                    return unknown("It could not be told: no answer in time".to_owned());
                }
            }
        }
        let message = "Changes of the tables are published.";
        item(Check::Publication, CheckOutcome::Ok, message)
    }
}

impl Told {
    /// What an error says of the table; nothing, where the feed goes on trying.
    fn by(error: &ChannelError) -> Option<Self> {
        match error.class {
            ErrorClass::Bindings if error.message.contains(NOT_PUBLISHED) => Some(Self::No),
            ErrorClass::Retry | ErrorClass::Slow => None,
            _ => Some(Self::Unclear(error.to_string())),
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
