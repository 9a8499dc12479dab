//! Reads from the project's table what is missing of the price history, where the table keeps its
//! rows: one page at a time, the newest first, each symbol in turn. What was read is written down
//! with it, so it may be interrupted anywhere. Rules are not judged by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidings_cache::{CacheError, PastPrices, PriceGap};
use tidings_model::{Decimal, Symbol, Timestamp};
use tidings_realtime::ChannelStatus;
use tidings_supabase::{Class, Error, Filter, Query};
use tokio::sync::Notify;

use super::catch_up::server_now;
use super::market::Price;
use super::prices::PAGE;
use super::remote::{self, Fields, table};
use super::{Core, listening, live, price_levels};

/// Pages read after one connection was made; the next one goes on.
const PAGES: u32 = 2_000;
/// How often it looks for something to do by itself.
const LOOK: Duration = Duration::from_mins(10);

/// What the project's table does with prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// One row of a symbol was seen: it has to be asked.
    Unknown,
    /// The latest of each symbol, changed in place: there is no past to read.
    Latest,
    /// Every row.
    Rows,
}

/// What the task is told.
pub(super) struct Requests {
    wake: Notify,
    keeps: Mutex<Keeps>,
    /// Pages that may still be read.
    left: AtomicU32,
    /// The project answered that it does not give the past.
    refused: AtomicBool,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            wake: Notify::new(),
            keeps: Mutex::new(Keeps::Unknown),
            left: AtomicU32::new(0),
            refused: AtomicBool::new(false),
        }
    }
}

impl Requests {
    /// There may be something to read.
    pub fn look_again(&self) {
        self.wake.notify_one();
    }

    fn keeps(&self) -> Keeps {
        *self.keeps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_keeps(&self, keeps: Keeps) {
        *self.keeps.lock().unwrap_or_else(PoisonError::into_inner) = keeps;
    }
}

/// The past of each symbol in rows.
type Past = BTreeMap<Symbol, Vec<(Timestamp, Decimal, Option<Decimal>)>>;

/// What the newest rows of the table say beside the prices to be judged.
pub(super) struct Found {
    past: Past,
    keeps: Keeps,
    /// When they were asked for.
    asked: Timestamp,
}

impl Found {
    pub fn of(rows: &[Price], asked: Timestamp) -> Self {
        let mut past = Past::new();
        let timed = rows.iter().filter(|row| row.quote.time > Timestamp::MIN);
        for row in timed {
            let quote = &row.quote;
            let price = (quote.time, quote.price.clone(), quote.volume_24h.clone());
            past.entry(quote.symbol.clone()).or_default().push(price);
        }
        let keeps = if past.values().any(|rows| rows.len() > 1) {
            Keeps::Rows
        } else {
            Keeps::Unknown
        };
        Self { past, keeps, asked }
    }
}

/// The newest rows were read after an absence: where the table keeps them, there is nothing more
/// from the oldest of them on.
pub(super) async fn found(core: &Core, found: Found) {
    listening::hears(core, found.asked).await;
    core.past_prices.set_keeps(found.keeps);
    core.past_prices.left.store(PAGES, Ordering::Relaxed);
    core.past_prices.refused.store(false, Ordering::Relaxed);
    if found.keeps == Keeps::Rows
        && let Err(error) = keep(core, found.past, found.asked).await
    {
        tracing::warn!(%error, "what was missed of the price history was not kept");
    }
    core.past_prices.look_again();
}

async fn keep(core: &Core, past: Past, asked: Timestamp) -> Result<(), CacheError> {
    let mut oldest = asked;
    for (symbol, prices) in past {
        let times = prices.iter().map(|(at, ..)| *at);
        oldest = times.min().map_or(oldest, |first| first.min(oldest));
        let past = PastPrices {
            symbol,
            prices,
            whole: None,
        };
        core.cache.record_past(past).await?;
    }
    let stretch = PriceGap {
        from: oldest,
        until: asked,
    };
    core.cache.prices_read(stretch).await
}

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    loop {
        tokio::select! {
            () = core.past_prices.wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        if let Err(error) = read_missing(&core).await {
            if matches!(&error, Failure::Server(error) if error.class() == Class::Permanent) {
                core.past_prices.refused.store(true, Ordering::Relaxed);
            }
            tracing::info!(%error, "the past of prices was not read");
        }
    }
}

/// Why the past was not read.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Server(#[from] Error),
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Whether it may ask now.
fn may_read(core: &Core) -> bool {
    core.realtime.status(live::PRICES) == Some(ChannelStatus::Subscribed)
        && core.settings().prices
        && core.past_prices.keeps() != Keeps::Latest
        && !core.past_prices.refused.load(Ordering::Relaxed)
}

async fn read_missing(core: &Core) -> Result<(), Failure> {
    loop {
        let mut read = false;
        for symbol in symbols(core).await? {
            if !may_read(core) {
                return Ok(());
            }
            let now = server_now(core);
            let from = price_levels::kept_from(core.settings().price_keeping, now).days;
            let missing = core.cache.missing_prices(symbol.clone(), from, now).await?;
            let Some(missing) = missing else { continue };
            if core.past_prices.keeps() == Keeps::Unknown && !keeps_rows(core, &symbol).await? {
                core.past_prices.set_keeps(Keeps::Latest);
                return Ok(());
            }
            if core.past_prices.left.load(Ordering::Relaxed) == 0 {
                return Ok(());
            }
            core.past_prices.left.fetch_sub(1, Ordering::Relaxed);
            read_page(core, symbol, missing).await?;
            read = true;
            tokio::time::sleep(core.pace.background).await;
        }
        if !read {
            return Ok(());
        }
    }
}

/// The symbols whose past is shown or looked back at: those watched, and those that rules wait on.
async fn symbols(core: &Core) -> Result<Vec<Symbol>, CacheError> {
    let mut symbols = core.cache.watch_list().await?;
    let market = core.market.lock().await;
    let ruled: BTreeSet<Symbol> = market
        .rules
        .values()
        .filter(|kept| kept.enabled)
        .map(|kept| kept.rule.symbol.clone())
        .collect();
    for symbol in ruled {
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    Ok(symbols)
}

/// Asks whether the table has more than one row of a symbol.
async fn keeps_rows(core: &Core, symbol: &Symbol) -> Result<bool, Error> {
    let query = Query::new()
        .columns(&["symbol"])
        .filter(Filter::eq("symbol", symbol.as_str()))
        .limit(2);
    let several = core.rest.select(table::PRICES, &query).await?.rows.len() > 1;
    if several {
        core.past_prices.set_keeps(Keeps::Rows);
    }
    Ok(several)
}

/// Reads the newest page of a stretch. What stands before the stretch shows that the table still
/// has it: of one that was pruned, nothing is written down as read.
async fn read_page(core: &Core, symbol: Symbol, missing: PriceGap) -> Result<(), Failure> {
    let query = Query::new()
        .columns(&["symbol", "price", "volume_24h", "last_updated"])
        .filter(Filter::eq("symbol", symbol.as_str()))
        // What stands at the bound may be the rest of several of one time.
        .filter(Filter::lte("last_updated", missing.until.to_string()))
        .descending("last_updated")
        .limit(PAGE);
    let answer = core.rest.select(table::PRICES, &query).await?;
    let mut prices = Vec::new();
    for row in &answer.rows {
        match Fields::of_answer(row, table::PRICES).and_then(|fields| remote::price(&fields)) {
            Ok(row) => prices.push((row.quote.time, row.quote.price, row.quote.volume_24h)),
            Err(error) => tracing::warn!(%error, "a price was left out"),
        }
    }
    let oldest = prices.iter().map(|(at, ..)| *at).min();
    let oldest = oldest.filter(|oldest| *oldest < missing.until);
    let full = answer.rows.len() >= PAGE as usize && !prices.is_empty();
    let whole = match oldest {
        Some(oldest) => Some(missing.from.max(oldest)),
        // More of one time than a page holds.
        None if full => Some(missing.until.minus(Duration::from_micros(1))),
        // Nothing that can be read.
        None if prices.len() < answer.rows.len() => Some(missing.from),
        None => None,
    };
    // The others are known.
    prices.retain(|(at, ..)| *at >= missing.from);
    let until = missing.until;
    let past = PastPrices {
        symbol: symbol.clone(),
        prices,
        whole: whole.map(|from| PriceGap { from, until }),
    };
    core.cache.record_past(past).await?;
    if whole.is_none() {
        core.cache.table_begins(symbol, until).await?;
    }
    Ok(())
}
