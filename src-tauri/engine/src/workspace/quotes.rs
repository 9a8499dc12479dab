//! Quotes as the contract shows them, and what common symbols stand for.

use tidings_contract as api;
use tidings_model::{Decimal, Quote};

use super::Core;

/// A quote in the contract's words.
pub(super) fn quote_row(
    core: &Core,
    quote: &Quote,
    watched: bool,
    spark: Vec<api::PricePoint>,
) -> api::QuoteRow {
    let text = |value: &Option<Decimal>| value.as_ref().map(ToString::to_string);
    api::QuoteRow {
        symbol: quote.symbol.to_string(),
        name: symbol_name(quote.symbol.as_str()).map(str::to_owned),
        price: Some(quote.price.to_string()),
        change_24h: text(&quote.change_24h),
        change_percentage_24h: text(&quote.change_percentage_24h),
        market_cap: text(&quote.market_cap),
        volume_24h: text(&quote.volume_24h),
        time: Some(quote.time.as_millis()),
        stale: api::QuoteRow::is_stale(&core.state.current(), quote.time, core.now()),
        watched,
        spark,
    }
}

/// What common symbols stand for, best known first. The table has no column for it.
const NAMES: [(&str, &str); 12] = [
    ("BTC", "Bitcoin"),
    ("ETH", "Ethereum"),
    ("SOL", "Solana"),
    ("LINK", "Chainlink"),
    ("XRP", "XRP"),
    ("ADA", "Cardano"),
    ("DOGE", "Dogecoin"),
    ("DOT", "Polkadot"),
    ("LTC", "Litecoin"),
    ("USDC", "USD Coin"),
    ("USDT", "Tether"),
    ("DAI", "Dai"),
];

/// What a symbol stands for, if it is a common one.
pub(super) fn symbol_name(symbol: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(known, _)| *known == symbol)
        .map(|(_, name)| *name)
}

/// Place of a symbol among the common ones; the others come after them.
pub(super) fn symbol_rank(symbol: &str) -> usize {
    NAMES
        .iter()
        .position(|(known, _)| *known == symbol)
        .unwrap_or(NAMES.len())
}
