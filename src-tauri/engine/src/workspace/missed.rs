//! What a table that keeps its rows said while nobody listened.
//!
//! Of a table that is updated in place the newest page is everything. Of one that keeps its rows
//! the ones before that page are read too, for the symbols that armed rules are about: oldest
//! first, and judged page by page, so that a day of them needs no more memory than a page, and one
//! that is broken off goes on where it was.

use std::collections::{BTreeMap, BTreeSet};

use tidings_cache::{PastPrices, PriceGap};
use tidings_model::{Symbol, Timestamp};
use tidings_supabase::{Class, Error, Filter, Query, Rows};

use super::Core;
use super::market::{self, Price, RowKind};
use super::prices::{PAGE, rows_of};
use super::remote::{self, Fields, table};

/// Pages read for one absence at most. What lies between them and the newest rows is a gap.
const PAGES: usize = 1_000;
/// Symbols asked for together: more would make an address that is too long.
const SYMBOLS: usize = 20;

/// What was missed before the newest page.
pub(super) struct Missed {
    /// Times of the ticks.
    pub ticks: Vec<Timestamp>,
    /// The symbols of which everything up to the newest page was read.
    pub whole: BTreeSet<Symbol>,
}

/// Judges what is missing between the last rows known and the newest page of the table, which is
/// given oldest first.
///
/// # Errors
/// When a page could not be read. The pages before it are judged and kept.
pub(super) async fn judge(
    core: &Core,
    reading: u64,
    newest: &[Price],
    away: bool,
) -> Result<Missed, Error> {
    let mut missed = Missed {
        ticks: Vec::new(),
        whole: BTreeSet::new(),
    };
    let mut times = newest.iter().map(|row| row.quote.time);
    let Some(until) = times.find(|at| *at > Timestamp::MIN) else {
        return Ok(missed);
    };
    let mut pages = PAGES;
    let missing = missing(core, newest, until).await;
    let missing: Vec<(Symbol, Timestamp)> = missing.into_iter().collect();
    for symbols in missing.chunks(SYMBOLS) {
        let mut begun = BTreeMap::new();
        let mut place = None;
        loop {
            if pages == 0 {
                tracing::warn!("more prices were missed than are read: the rest is a gap");
                return Ok(missed);
            }
            pages -= 1;
            let query = query(symbols, until, place);
            let answer = match core.rest.select(table::PRICES, &query).await {
                Ok(answer) => answer,
                // The newest ones are all there is to go by.
                Err(error) if matches!(error.class(), Class::Permanent) => {
                    tracing::warn!(%error, "the prices that were missed cannot be read");
                    return Ok(missed);
                }
                Err(error) => return Err(error),
            };
            place = end(&answer);
            let rows = rows_of(core, &answer, RowKind::Kept);
            let judged = market::judge_missed(core, reading, rows, &mut begun, away).await;
            let Some(judged) = judged else {
                return Ok(missed);
            };
            missed.ticks.extend(judged);
            if place.is_none() {
                break;
            }
        }
        // Of the others nothing is left: what they said meanwhile is not known.
        for (symbol, from) in begun {
            note_read(core, &symbol, from, until).await;
            missed.whole.insert(symbol);
        }
    }
    Ok(missed)
}

/// What was judged stands in the history as well: it is not read once more for that.
async fn note_read(core: &Core, symbol: &Symbol, from: Timestamp, until: Timestamp) {
    let past = PastPrices {
        symbol: symbol.clone(),
        prices: Vec::new(),
        whole: Some(PriceGap { from, until }),
    };
    if let Err(error) = core.cache.record_past(past).await {
        tracing::warn!(%error, "prices that were read may be read again");
    }
}

/// The symbols of which rows may be missing before the newest page, which begins at `until`, and
/// up to when they are known.
async fn missing(core: &Core, newest: &[Price], until: Timestamp) -> BTreeMap<Symbol, Timestamp> {
    let is_full = newest.len() >= PAGE as usize;
    // A project may give fewer rows at once.
    if !is_full && newest.iter().all(|row| row.kind != RowKind::Kept) {
        return BTreeMap::new();
    }
    let mut known = core.market.lock().await.known_to();
    known.retain(|_, at| *at < until);
    known
}

/// Where a page ended.
type Place = (String, String);

/// The rows of symbols up to a time, from those known on (which show that nothing is missing
/// between), or from a place on.
fn query(symbols: &[(Symbol, Timestamp)], until: Timestamp, place: Option<Place>) -> Query {
    let after = |(symbol, known): &(Symbol, Timestamp)| {
        let symbol = Filter::eq("symbol", symbol.to_string());
        symbol.and(Filter::gte("last_updated", known.to_string()))
    };
    let mut query = Query::new()
        .filter(Filter::Any(symbols.iter().map(after).collect()))
        .filter(Filter::lte("last_updated", until.to_string()));
    if let Some((at, id)) = place {
        let later = Filter::gt("last_updated", at.clone());
        let same = Filter::eq("last_updated", at).and(Filter::gt("id", id));
        query = query.filter(later.or(same));
    }
    query.ascending("last_updated").ascending("id").limit(PAGE)
}

/// The place of an answer's last row, in the server's own words.
fn end(answer: &Rows) -> Option<Place> {
    let fields = Fields::of_answer(answer.rows.last()?, table::PRICES).ok()?;
    remote::price_place(&fields)
}
