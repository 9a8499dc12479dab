//! What a table that keeps its rows said while nobody listened.
//!
//! Of a table that is updated in place the newest page is everything. Of one that keeps its rows
//! the ones before that page are read too, for the symbols that armed rules are about: oldest
//! first, and judged page by page, so that a day of them needs no more memory than a page, and one
//! that is broken off goes on where it was.

use std::collections::{BTreeMap, HashSet};

use tidings_model::{Symbol, Timestamp};
use tidings_supabase::{Class, Error, Filter, Query, Rows};

use super::Core;
use super::market::{self, Price};
use super::prices::{PAGE, rows_of};
use super::remote::{self, Fields, table};

/// Pages read for one absence at most. What lies between them and the newest rows is a gap.
const PAGES: usize = 1_000;
/// Symbols asked for together: more would make an address that is too long.
const SYMBOLS: usize = 20;

/// Judges what is missing between the last rows known and the newest page of the table, which is
/// given oldest first. Returns the times of the ticks.
///
/// # Errors
/// When a page could not be read. The pages before it are judged and kept.
pub(super) async fn judge(
    core: &Core,
    reading: u64,
    newest: &[Price],
    away: bool,
) -> Result<Vec<Timestamp>, Error> {
    let mut ticks = Vec::new();
    let mut pages = PAGES;
    let missing = missing(core, newest).await;
    let missing: Vec<(Symbol, Timestamp)> = missing.into_iter().collect();
    for symbols in missing.chunks(SYMBOLS) {
        let mut place = None;
        loop {
            if pages == 0 {
                tracing::warn!("more prices were missed than are read: the rest is a gap");
                return Ok(ticks);
            }
            pages -= 1;
            let answer = match core
                .rest
                .select(table::PRICES, &query(symbols, place))
                .await
            {
                Ok(answer) => answer,
                // The newest ones are all there is to go by.
                Err(error) if matches!(error.class(), Class::Permanent) => {
                    tracing::warn!(%error, "the prices that were missed cannot be read");
                    return Ok(ticks);
                }
                Err(error) => return Err(error),
            };
            place = end(&answer);
            let rows = rows_of(core, &answer);
            let Some(judged) = market::judge_missed(core, reading, rows, away).await else {
                return Ok(ticks);
            };
            ticks.extend(judged);
            if place.is_none() {
                break;
            }
        }
    }
    Ok(ticks)
}

/// The symbols of which rows are missing before the newest page, and up to when they are known.
async fn missing(core: &Core, newest: &[Price]) -> BTreeMap<Symbol, Timestamp> {
    let Some(oldest) = newest.first().map(|row| row.quote.time) else {
        return BTreeMap::new();
    };
    let mut symbols = HashSet::new();
    let is_full = newest.len() >= PAGE as usize;
    // A project may give fewer rows at once.
    if !is_full && newest.iter().all(|row| symbols.insert(&row.quote.symbol)) {
        return BTreeMap::new();
    }
    let mut known = core.market.lock().await.known_to();
    known.retain(|_, at| *at < oldest);
    known
}

/// Where a page ended.
type Place = (String, String);

/// The rows of symbols after those known, from a place on.
fn query(symbols: &[(Symbol, Timestamp)], place: Option<Place>) -> Query {
    let after = |(symbol, known): &(Symbol, Timestamp)| {
        let symbol = Filter::eq("symbol", symbol.to_string());
        symbol.and(Filter::gt("last_updated", known.to_string()))
    };
    let mut query = Query::new().filter(Filter::Any(symbols.iter().map(after).collect()));
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
