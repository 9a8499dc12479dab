//! Simulated prices: a seeded random walk in whole units of the last decimal place, so
//! that no float comes near a price.

use std::time::Duration;

use tidings_model::{Decimal, Timestamp};
use tokio::time::{Instant, sleep_until};

use super::seed;
use crate::state::AppState;
use crate::store::schema::CRYPTO_PRICES;
use crate::store::{Row, StoreError, Value, WriteTx, read};

/// How much finer the reference price is kept than the price.
const FINE: i128 = 1_000_000;
/// The reference moves by this fraction of the distance at each step: in a day of steps a
/// second and a half apart it follows the price as a 24-hour-old price does on average.
const DAY_OF_STEPS: i128 = 57_600;

struct Market {
    symbol: &'static str,
    /// Digits after the point.
    places: u32,
    /// The first price, in units of the last place.
    start: i128,
    /// The largest step, in millionths of the price.
    step: i128,
    /// Coins in existence.
    supply: i128,
    /// Dollars traded in a day, about.
    volume: i128,
}

const MARKETS: [Market; 6] = [
    market("BTC", 2, 6_842_150, 400, 19_800_000, 28_000_000_000),
    market("ETH", 2, 352_480, 500, 120_300_000, 14_000_000_000),
    market("SOL", 2, 15_840, 700, 466_000_000, 2_600_000_000),
    market("LINK", 3, 14_620, 700, 608_000_000, 410_000_000),
    market("XRP", 4, 5_231, 600, 55_900_000_000, 1_300_000_000),
    market("USDC", 4, 10_000, 100, 34_000_000_000, 6_100_000_000),
];

const fn market(
    symbol: &'static str,
    places: u32,
    start: i128,
    step: i128,
    supply: i128,
    volume: i128,
) -> Market {
    Market {
        symbol,
        places,
        start,
        step,
        supply,
        volume,
    }
}

/// Six walks.
pub struct Feed {
    walks: Vec<Walk>,
    random: Random,
}

struct Walk {
    market: &'static Market,
    price: i128,
    /// What the price was 24 hours ago, times [`FINE`].
    reference: i128,
    volume: i128,
}

impl Feed {
    /// A feed whose walk is always the same for one seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let walks = MARKETS
            .iter()
            .map(|market| Walk {
                market,
                price: market.start,
                reference: (market.start
                    + market.start * random.within(20 * market.step) / 1_000_000)
                    * FINE,
                volume: market.volume,
            })
            .collect();
        Self { walks, random }
    }

    /// Goes on from the stored rows, and writes those that are missing.
    pub fn resume(&mut self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        for walk in &mut self.walks {
            if let Some(row) = stored(tx, walk.market.symbol)? {
                walk.take_up(&row);
            }
            walk.write(tx)?;
        }
        Ok(())
    }

    /// Moves each price every one to two seconds until the server stops.
    pub async fn run(mut self, state: AppState) {
        let mut due: Vec<Instant> = (0..self.walks.len())
            .map(|_| Instant::now() + self.pause())
            .collect();
        loop {
            let Some((index, at)) = due.iter().copied().enumerate().min_by_key(|(_, at)| *at)
            else {
                return;
            };
            tokio::select! {
                () = sleep_until(at) => {}
                () = state.shutdown().cancelled() => return,
            }
            self.walks[index].step(&mut self.random);
            let walk = self.walks[index].clone();
            match state.store().write(move |tx| walk.write(tx)).await {
                Ok(()) => {}
                Err(StoreError::Closed) => return,
                Err(error) => tracing::error!(%error, "a simulated price could not be written"),
            }
            due[index] = Instant::now() + self.pause();
        }
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(1_000 + self.random.next() % 1_000)
    }
}

impl Clone for Walk {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl Walk {
    /// Moves the price by a random part, with a weak pull back to where it began.
    fn step(&mut self, random: &mut Random) {
        let market = self.market;
        let pull = (market.start - self.price) / 2_000;
        let moved = self.price * random.within(market.step) / 1_000_000;
        // A price of few units would stand still; let it move by the last place.
        let moved = if moved == 0 { random.within(1) } else { moved };
        self.price = (self.price + moved + pull).max(1);
        self.reference += (self.price * FINE - self.reference) / DAY_OF_STEPS;
        self.volume = market.volume + market.volume * random.within(50_000) / 1_000_000;
    }

    fn take_up(&mut self, row: &Row) {
        let units = |name| match row.get(name) {
            Value::Numeric(value) => units(value, self.market.places),
            _ => None,
        };
        if let (Some(price), Some(change)) = (units("price"), units("change_24h"))
            && price > 0
            && price > change
        {
            self.price = price;
            self.reference = (price - change) * FINE;
        }
    }

    fn write(&self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        let now = tx.now();
        if let Some(old) = stored(tx, self.market.symbol)? {
            let mut new = old.clone();
            self.fill(&mut new, now);
            return tx.update(old, new);
        }
        let mut row = seed::row(&CRYPTO_PRICES, now, &[("symbol", self.market.symbol)]);
        self.fill(&mut row, now);
        tx.insert(row)
    }

    fn fill(&self, row: &mut Row, now: Timestamp) {
        let places = self.market.places;
        let reference = (self.reference / FINE).max(1);
        let change = self.price - reference;
        let dollars = 10_i128.pow(places);
        let whole = |amount: i128| Value::Int(i64::try_from(amount).unwrap_or(i64::MAX));
        row.set("price", decimal(self.price, places));
        row.set("change_24h", decimal(change, places));
        row.set(
            "change_percentage_24h",
            decimal(change * 10_000 / reference, 2),
        );
        row.set(
            "market_cap",
            whole(self.price * self.market.supply / dollars),
        );
        row.set("volume_24h", whole(self.volume));
        row.set("last_updated", Value::Time(now));
    }
}

fn stored(tx: &WriteTx<'_>, symbol: &str) -> Result<Option<Row>, StoreError> {
    let rest = "WHERE symbol = ?1 ORDER BY last_updated DESC, id LIMIT 1";
    Ok(read::rows(tx.connection(), &CRYPTO_PRICES, rest, [symbol])?.pop())
}

/// `units` in the last of `places` decimal places.
fn decimal(units: i128, places: u32) -> Value {
    let scale = 10_u128.pow(places);
    let width = usize::try_from(places).unwrap_or_default();
    let magnitude = units.unsigned_abs();
    let sign = if units < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:0width$}", magnitude / scale, magnitude % scale);
    // Digits around a point are a decimal.
    Value::Numeric(text.parse().unwrap_or_else(|_| Decimal::zero()))
}

/// The other way round, digits beyond `places` cut off.
fn units(value: &Decimal, places: u32) -> Option<i128> {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let width = usize::try_from(places).ok()?;
    let fraction: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(width)
        .collect();
    format!("{whole}{fraction}").parse().ok()
}

/// SplitMix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Between `-most` and `most`, both included.
    fn within(&mut self, most: i128) -> i128 {
        i128::from(self.next()) % (2 * most + 1) - most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(seed: u64, steps: usize) -> Vec<Vec<i128>> {
        let mut feed = Feed::new(seed);
        let Feed { walks, random } = &mut feed;
        walks
            .iter_mut()
            .map(|walk| {
                (0..steps)
                    .map(|_| {
                        walk.step(random);
                        walk.price
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn one_seed_gives_one_walk() {
        assert_eq!(walk(7, 100), walk(7, 100));
        assert_ne!(walk(7, 100), walk(8, 100));
    }

    #[test]
    fn prices_stay_sane_over_a_week_of_steps() {
        for (prices, market) in walk(42, 400_000).iter().zip(&MARKETS) {
            let (low, high) = (market.start / 3, market.start * 3);
            assert!(
                prices.iter().all(|price| (low..high).contains(price)),
                "{}",
                market.symbol
            );
            assert!(
                prices.windows(2).any(|pair| pair[0] != pair[1]),
                "{}",
                market.symbol
            );
        }
    }

    #[test]
    fn decimals_are_exact_both_ways() {
        for (count, places, text) in [
            (6_842_150, 2, "68421.50"),
            (-5, 4, "-0.0005"),
            (0, 2, "0.00"),
        ] {
            let Value::Numeric(value) = decimal(count, places) else {
                panic!("a number")
            };
            assert_eq!(value.to_string(), text);
            assert_eq!(units(&value, places), Some(count));
        }
    }
}
