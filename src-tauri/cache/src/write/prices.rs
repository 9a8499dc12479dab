//! Prices: the latest quote of each symbol, and their history.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::params;
use tidings_model::{Decimal, Quote, Symbol};

use super::{Tx, levels};
use crate::error::Result;
use crate::levels::Levels;
use crate::{Cache, pool::Durability};

impl Cache {
    /// Sets the symbols to follow, in this order.
    pub async fn set_watch_list(&self, symbols: Vec<Symbol>) -> Result<()> {
        self.write(Durability::Full, move |tx| set_watch_list(tx, &symbols))
            .await
    }

    /// Keeps quotes: the latest for each symbol, and all in the history.
    pub async fn record_quotes(&self, quotes: Vec<Quote>) -> Result<()> {
        let quotes: Vec<Arc<Quote>> = quotes.into_iter().map(Arc::new).collect();
        self.write(Durability::Normal, move |tx| record(tx, &quotes))
            .await
    }
}

pub(crate) fn set_watch_list(tx: &mut Tx<'_>, symbols: &[Symbol]) -> Result<()> {
    tx.conn
        .prepare_cached("UPDATE symbols SET watch_order = NULL WHERE watch_order IS NOT NULL")?
        .execute([])?;
    let mut place = tx
        .conn
        .prepare_cached("UPDATE symbols SET watch_order = ?2 WHERE key = ?1")?;
    for (order, symbol) in (0_i64..).zip(symbols) {
        place.execute(params![tx.symbol(symbol)?, order])?;
    }
    tx.changes.watch_list = true;
    Ok(())
}

/// Keeps quotes.
pub(crate) fn record(tx: &mut Tx<'_>, quotes: &[Arc<Quote>]) -> Result<()> {
    let mut latest = tx.conn.prepare_cached(
        "INSERT INTO quotes (symbol, price, change_24h, change_percentage_24h, market_cap, volume_24h, time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (symbol) DO UPDATE SET price = excluded.price, change_24h = excluded.change_24h,
             change_percentage_24h = excluded.change_percentage_24h, market_cap = excluded.market_cap,
             volume_24h = excluded.volume_24h, time = excluded.time
         WHERE excluded.time >= quotes.time",
    )?;
    let levels = Levels::load(tx.conn)?;
    let mut by_symbol: BTreeMap<&Symbol, Vec<&Quote>> = BTreeMap::new();
    for quote in quotes {
        by_symbol.entry(&quote.symbol).or_default().push(quote);
    }
    for (name, quotes) in by_symbol {
        let symbol = tx.symbol(name)?;
        let told = (quotes.iter()).map(|each| (each.time, &each.price, each.volume_24h.as_ref()));
        levels::keep(tx, &levels, symbol, told)?;
        // Of those of one time the last counts.
        let Some(quote) = quotes.into_iter().max_by_key(|quote| quote.time) else {
            continue;
        };
        let text = |decimal: &Option<Decimal>| decimal.as_ref().map(ToString::to_string);
        let newest = latest.execute(params![
            symbol,
            quote.price.to_string(),
            text(&quote.change_24h),
            text(&quote.change_percentage_24h),
            text(&quote.market_cap),
            text(&quote.volume_24h),
            quote.time.as_micros(),
        ])?;
        if newest > 0 {
            tx.changes.quotes.insert(name.clone());
        }
    }
    Ok(())
}
