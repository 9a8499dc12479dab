//! Reads the prices there are when the channel is subscribed; live ones wait meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use tidings_model::{Symbol, Timestamp};
use tidings_realtime::ChannelStatus;
use tidings_supabase::{BackOff, Class, Error, Query, Rows};

use super::catch_up::server_now;
use super::market::{self, Lost, Price};
use super::quotes::symbol_rank;
use super::remote::{self, Fields, table};
use super::{Core, doubt, live, missed};

/// Rows read at once; hosted projects give no more.
pub(super) const PAGE: u32 = 1_000;
const BACK_OFF: BackOff = BackOff {
    first: Duration::from_secs(2),
    longest: Duration::from_secs(30),
};

/// The channel is subscribed: from here on live ticks wait until the prices are read. Only the
/// newest reading counts.
pub(super) async fn subscribed(core: &Arc<Core>) {
    let reading = core.market.lock().await.hold();
    let beside = core.clone();
    core.aside(async move { read_until_done(&beside, reading).await });
}

async fn read_until_done(core: &Core, reading: u64) {
    let mut failed = 0_u32;
    loop {
        let error = match read_all(core, reading, true).await {
            Ok((rows, _)) => {
                watch_something(core, &rows).await;
                market::release(core, reading, rows, true).await;
                // The small charts of the watch-list have a past now.
                market::keep_waiting(core).await;
                return core.emit(tidings_contract::Event::WatchList);
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "the prices could not be read");
        match error.class() {
            // What comes live is all there is.
            Class::Permanent => {
                market::release(core, reading, Vec::new(), true).await;
                return;
            }
            Class::SignedOut => return,
            Class::Network | Class::Transient { .. } => {}
        }
        failed = failed.saturating_add(1);
        tokio::time::sleep(BACK_OFF.after(&error, failed)).await;
        // A channel that is subscribed again asks again, or has done so already.
        if core.realtime.status(live::PRICES) != Some(ChannelStatus::Subscribed)
            || !core.market.lock().await.is_newest(reading)
        {
            return;
        }
    }
}

/// Reads once more although prices should come by themselves. `away`: what is found happened
/// while nobody was there to be told. Whether it could be read.
pub(super) async fn read_again(core: &Core, away: bool) -> bool {
    let reading = core.market.lock().await.hold();
    let should_tell = core.realtime.status(live::PRICES) == Some(ChannelStatus::Subscribed);
    let rows = read_all(core, reading, away).await;
    let began = server_now(core);
    match rows {
        Ok((rows, mut ticks)) => {
            ticks.extend(market::release(core, reading, rows, away).await);
            let late = ticks
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
            market::release(core, reading, Vec::new(), away).await;
            false
        }
    }
}

/// The newest prices, oldest first, after what was missed before them was judged; and the times of
/// the ticks among that.
async fn read_all(
    core: &Core,
    reading: u64,
    away: bool,
) -> Result<(Vec<Price>, Vec<Timestamp>), Error> {
    /// A feed that is faster than its table is read says the rest live.
    const TURNS: usize = 3;
    let mut ticks = Vec::new();
    for _ in 1..TURNS {
        let newest = read(core).await?;
        ticks.extend(missed::judge(core, reading, &newest, away).await?);
        if core.market.lock().await.lost() == Lost::Nothing {
            return Ok((newest, ticks));
        }
    }
    Ok((read(core).await?, ticks))
}

/// The newest prices, oldest first: all, unless the table keeps its rows.
async fn read(core: &Core) -> Result<Vec<Price>, Error> {
    let query = Query::new().descending("last_updated").limit(PAGE);
    let answer = core.rest.select(table::PRICES, &query).await?;
    let mut rows = rows_of(core, &answer);
    rows.sort_by_key(|row| row.quote.time);
    Ok(rows)
}

/// The prices of an answer that can be read, in its order.
pub(super) fn rows_of(core: &Core, answer: &Rows) -> Vec<Price> {
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
                inserted: false,
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
            inserted: false,
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
