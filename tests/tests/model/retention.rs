//! What is kept on a computer, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use tidings_contract::{self as api, ApiError, OutboxRow, Retention};
use tidings_model::Clock as _;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::oracle::{self, Picture};
use crate::world::World;

/// The only limit there is here.
const MONTH: Retention = Retention::Months { months: 1 };
/// A twelfth of a year.
const LIMIT: Duration = Duration::from_hours(365 * 24 / 12);
/// With fewer messages there is little to judge it by.
const MANY: usize = 8;
/// How long removing may take: it begins at once.
const WITHIN: Duration = Duration::from_secs(20);

impl World {
    pub async fn keep(&mut self, who: usize, all: bool) -> Result<(), ApiError> {
        let retention = if all { Retention::Everything } else { MONTH };
        keep(&self.clients[who], retention).await
    }
}

async fn keep(client: &Client, retention: Retention) -> Result<(), ApiError> {
    let settings = client.call(api::GetSettings {}).await?;
    let settings = api::Settings {
        retention,
        ..settings
    };
    client.call(api::SetSettings { settings }).await.map(drop)
}

/// With a limit of a month nothing older stays, nothing newer goes, and nothing of the outbox.
pub async fn keeps_what_it_should(world: &World, picture: &Picture) -> Result<(), String> {
    if world.cast.filled < MANY {
        return Ok(());
    }
    // One of them, whichever: it takes its time.
    let number = world.ledger.order.len() % world.clients.len();
    let client = &world.clients[number];
    let failed = |error: ApiError| format!("client {number} keeps as it likes: {error:?}");
    let outbox = oracle::outbox(client).await?;
    for row in &picture.clients[&number].sessions {
        // The open one stays as it is.
        let session = row.id.clone();
        let close = api::CloseSession { session };
        client.call(close).await.map_err(failed)?;
    }
    // A limit that was there already would be no news.
    for retention in [Retention::Everything, MONTH] {
        keep(client, retention).await.map_err(failed)?;
        sleep(Duration::from_millis(10)).await;
    }
    let expected = expected(world, picture, number, &outbox);
    let begin = Instant::now();
    loop {
        let kept = client.call(api::GetStorage {}).await.map_err(failed)?;
        let kept: BTreeMap<_, _> = kept
            .sessions
            .into_iter()
            .filter(|row| expected.contains_key(&row.session))
            .map(|row| (row.session, row.messages))
            .collect();
        if kept == expected {
            break;
        }
        if begin.elapsed() > WITHIN {
            return Err(format!(
                "client {number} keeps {kept:?}, not {expected:?}, with a limit of a month"
            ));
        }
        sleep(Duration::from_millis(200)).await;
    }
    let left = oracle::outbox(client).await?;
    if left != outbox {
        return Err(format!(
            "client {number} had {outbox:?} waiting before a limit was set, and then {left:?}"
        ));
    }
    Ok(())
}

/// How many messages of each session stay, of those that the client's user sees and has nothing
/// unsent in: somebody wrote into each just now.
fn expected(
    world: &World,
    picture: &Picture,
    number: usize,
    outbox: &[OutboxRow],
) -> BTreeMap<String, u64> {
    let limit = world.clock.now().minus(LIMIT).as_micros();
    let shown = picture.clients[&number].sessions.iter();
    let known = shown.filter(|row| {
        let unsent = outbox.iter().any(|waiting| waiting.session == row.id);
        !row.no_access && !unsent && picture.sessions.contains_key(&row.id)
    });
    let count = |session: &str| {
        let rows = picture.messages.iter();
        rows.filter(|row| row.session == session && row.at >= limit)
            .count() as u64
    };
    known.map(|row| (row.id.clone(), count(&row.id))).collect()
}
