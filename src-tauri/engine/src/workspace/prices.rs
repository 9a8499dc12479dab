//! Reads the prices there are when the channel is subscribed; live ones wait meanwhile.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tidings_model::{Symbol, Timestamp};
use tidings_realtime::ChannelStatus;
use tidings_supabase::{BackOff, Class, Error, Query, Rows};

use super::catch_up::server_now;
use super::market::{self, Lost, Price, RowKind};
use super::missed::{self, Missed};
use super::quotes::symbol_rank;
use super::remote::{self, Fields, table};
use super::{Core, doubt, listening, live, past_prices};

/// Rows read at once; hosted projects give no more.
pub(super) const PAGE: u32 = 1_000;
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_secs(2),
    longest: Duration::from_secs(30),
};

/// The channel is subscribed: from here on live ticks wait until the prices are read. Only the
/// newest reading counts.
pub(super) async fn subscribed(core: &Arc<Core>) {
    listening::lost(core).await;
    let reading = core.market.lock().await.hold();
    let beside = core.clone();
    core.aside(async move { read_until_done(&beside, reading).await });
}

/// Tries until it can be read: live prices would come before what happened while nobody was there.
async fn read_until_done(core: &Core, reading: u64) {
    let mut failed = 0_u32;
    loop {
        let error = match read_all(core, reading, true).await {
            Ok((newest, before)) => {
                done(core, reading, newest, before, true).await;
                return;
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "the prices could not be read");
        match error.class() {
            // What comes live is all there is.
            Class::Permanent => return let_go(core, reading, true).await,
            Class::SignedOut => return,
            Class::Network | Class::Transient { .. } => {}
        }
        failed = failed.saturating_add(1);
        tokio::time::sleep(BACK_OFF.after(&error, failed)).await;
        if !still_wanted(core, reading).await {
            return;
        }
    }
}

/// Judges the newest prices, and lets live ones through. Returns the times of the ticks that were
/// missed; none when another reading has begun.
async fn done(
    core: &Core,
    reading: u64,
    newest: Newest,
    before: Missed,
    away: bool,
) -> Option<Vec<Timestamp>> {
    let Missed { mut ticks, whole } = before;
    if away {
        watch_something(core, &newest.rows).await;
    }
    let found = past_prices::Found::of(&newest.rows, newest.asked);
    ticks.extend(market::release(core, reading, newest.rows, &whole, away).await?);
    if away && is_subscribed(core) {
        // The small charts of the watch-list have a past now.
        market::keep_waiting(core).await;
        past_prices::found(core, found).await;
        core.emit(tidings_contract::Event::WatchList);
    }
    Some(ticks)
}

async fn let_go(core: &Core, reading: u64, away: bool) {
    market::release(core, reading, Vec::new(), &BTreeSet::new(), away).await;
}

/// Whether nothing has taken the place of a reading: a channel that is subscribed again asks again,
/// or has done so already.
async fn still_wanted(core: &Core, reading: u64) -> bool {
    is_subscribed(core) && core.market.lock().await.is_newest(reading)
}

fn is_subscribed(core: &Core) -> bool {
    core.realtime.status(live::PRICES) == Some(ChannelStatus::Subscribed)
}

/// Reads once more although prices should come by themselves. `away`: what is found happened
/// while nobody was there to be told; when that cannot be read, it is tried until it can, since live
/// prices would come before it. Whether it could be read.
pub(super) async fn read_again(core: &Arc<Core>, away: bool) -> bool {
    let reading = core.market.lock().await.hold();
    let should_tell = is_subscribed(core);
    let read = read_all(core, reading, away).await;
    let began = server_now(core);
    match read {
        Ok((newest, before)) => {
            let ticks = done(core, reading, newest, before, away).await;
            let late = ticks.unwrap_or_default();
            let late = late
                .iter()
                .filter(|at| **at < began.minus(doubt::ON_THE_WAY));
            let count = late.count();
            if should_tell && !away && count > 0 {
                doubt::missed(core, live::PRICES, count);
            }
            true
        }
        Err(error) => {
            tracing::info!(%error, "the prices could not be read again");
            let again = matches!(error.class(), Class::Network | Class::Transient { .. });
            if away && again && is_subscribed(core) {
                let beside = core.clone();
                core.aside(async move {
                    tokio::time::sleep(BACK_OFF.after(&error, 1)).await;
                    if still_wanted(&beside, reading).await {
                        read_until_done(&beside, reading).await;
                    }
                });
            } else {
                let_go(core, reading, away).await;
            }
            false
        }
    }
}

/// The newest prices, oldest first: all, unless the table keeps its rows.
struct Newest {
    rows: Vec<Price>,
    /// When they were asked for.
    asked: Timestamp,
}

/// The newest prices, after what was missed before them was judged.
async fn read_all(core: &Core, reading: u64, away: bool) -> Result<(Newest, Missed), Error> {
    /// A feed that is faster than its table is read says the rest live.
    const TURNS: usize = 3;
    let mut ticks = Vec::new();
    for _ in 1..TURNS {
        let newest = read(core).await?;
        let mut before = missed::judge(core, reading, &newest.rows, away).await?;
        ticks.append(&mut before.ticks);
        if core.market.lock().await.lost(reading) == Lost::Nothing {
            before.ticks = ticks;
            return Ok((newest, before));
        }
    }
    let whole = BTreeSet::new();
    Ok((read(core).await?, Missed { ticks, whole }))
}

async fn read(core: &Core) -> Result<Newest, Error> {
    let asked = server_now(core);
    let query = Query::new().descending("last_updated").limit(PAGE);
    let answer = core.rest.select(table::PRICES, &query).await?;
    let mut rows = rows_of(core, &answer, RowKind::Latest);
    rows.sort_by_key(|row| row.quote.time);
    let mut symbols = HashSet::new();
    if !rows.iter().all(|row| symbols.insert(&row.quote.symbol)) {
        for row in &mut rows {
            row.kind = RowKind::Kept;
        }
    }
    Ok(Newest { rows, asked })
}

/// The prices of an answer that can be read, in its order.
pub(super) fn rows_of(core: &Core, answer: &Rows, kind: RowKind) -> Vec<Price> {
    let answered = answer
        .date
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map_or_else(
            || core.now(),
            |since| Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        );
    let mut rows: Vec<Price> = Vec::new();
    for row in &answer.rows {
        match Fields::of_answer(row, table::PRICES).and_then(|fields| remote::price(&fields)) {
            Ok(row) => rows.push(Price {
                quote: row.quote,
                fallback: answered,
                kind,
            }),
            Err(error) => tracing::warn!(%error, "a price was left out"),
        }
    }
    rows
}

/// Of the rows read, those that say something new: on a table that keeps its rows, those after
/// the last one known; on a table updated in place the one row of a symbol, whose time need not
/// have moved.
pub(super) fn news(rows: Vec<Price>, known: &HashMap<Symbol, Timestamp>) -> Vec<Price> {
    let newest: HashMap<Symbol, usize> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| (row.quote.symbol.clone(), place))
        .collect();
    rows.into_iter()
        .enumerate()
        .filter(|(place, row)| {
            let known = known.get(&row.quote.symbol);
            newest.get(&row.quote.symbol) == Some(place)
                || known.is_none_or(|known| row.quote.time > *known)
        })
        .map(|(_, row)| row)
        .collect()
}

/// The first prices of a workspace: some of them are watched until the user chooses.
async fn watch_something(core: &Core, rows: &[Price]) {
    const CHOSEN: &str = "watch_list_chosen";
    const FIRST: usize = 6;
    let watch = async {
        if rows.is_empty() || core.cache.get_meta(CHOSEN).await?.is_some() {
            return Ok(());
        }
        let mut symbols: Vec<Symbol> = rows.iter().map(|row| row.quote.symbol.clone()).collect();
        // The best known first, the others by name.
        symbols.sort_by_key(|symbol| (symbol_rank(symbol.as_str()), symbol.to_string()));
        symbols.dedup();
        symbols.truncate(FIRST);
        core.cache.set_watch_list(symbols).await?;
        core.cache
            .set_meta(CHOSEN, Some("by default".to_owned()))
            .await
    };
    if let Err(error) = watch.await {
        tracing::warn!(%error, "no watch-list was made");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tidings_model::Quote;

    fn row(symbol: &str, price: &str, second: i64) -> Price {
        Price {
            quote: Quote {
                symbol: Symbol::new(symbol).unwrap(),
                price: price.parse().unwrap(),
                change_24h: None,
                change_percentage_24h: None,
                market_cap: None,
                volume_24h: None,
                time: Timestamp::from_millis(second * 1000),
            },
            fallback: Timestamp::from_millis(900_000),
            kind: RowKind::Latest,
        }
    }

    #[test]
    fn old_rows_of_a_table_that_keeps_them_are_no_news() {
        let known = HashMap::from([(Symbol::new("BTC").unwrap(), Timestamp::from_millis(20_000))]);
        let rows = vec![
            row("BTC", "5", 10),
            row("BTC", "9", 20),
            row("ETH", "1", 21),
            row("ETH", "2", 22),
            row("BTC", "10", 30),
        ];
        let prices: Vec<String> = news(rows, &known)
            .iter()
            .map(|row| row.quote.price.to_string())
            .collect();
        assert_eq!(prices, ["1", "2", "10"]);
        let in_place = news(vec![row("BTC", "7", 15)], &known);
        assert_eq!(in_place.len(), 1);
    }
}
