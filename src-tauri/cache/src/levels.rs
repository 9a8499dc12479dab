//! The four levels of the price history: prices as they came, and bars of a minute, an hour and a
//! day.
//!
//! Every price goes into the finest level at once, and into the bars once their time is over
//! (`write::levels`). A level lets go of its oldest part only after the next one has it, so at any
//! time one of them holds it, and a read takes each stretch from exactly one.

use rusqlite::{Connection, Row};
use tidings_model::{Decimal, Timestamp};

use crate::error::Result;
use crate::read::decode;
use crate::types::prices::PricePoint;

/// How closely prices are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// As they came.
    Raw,
    Minutes,
    Hours,
    Days,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Raw, Self::Minutes, Self::Hours, Self::Days];
    /// The levels that are made from a finer one.
    pub const BARS: [Self; 3] = [Self::Minutes, Self::Hours, Self::Days];

    /// What one row stands for, in microseconds.
    pub const fn length(self) -> i64 {
        match self {
            Self::Raw => 1,
            Self::Minutes => 60_000_000,
            Self::Hours => 3_600_000_000,
            Self::Days => 86_400_000_000,
        }
    }

    pub const fn finer(self) -> Option<Self> {
        match self {
            Self::Raw => None,
            Self::Minutes => Some(Self::Raw),
            Self::Hours => Some(Self::Minutes),
            Self::Days => Some(Self::Hours),
        }
    }

    pub const fn coarser(self) -> Option<Self> {
        match self {
            Self::Raw => Some(Self::Minutes),
            Self::Minutes => Some(Self::Hours),
            Self::Hours => Some(Self::Days),
            Self::Days => None,
        }
    }

    /// The row that a time belongs to, counted from 1970.
    pub const fn key(self, micros: i64) -> i64 {
        micros.div_euclid(self.length())
    }

    /// The beginning of the row that a time belongs to, in microseconds.
    pub const fn floor(self, micros: i64) -> i64 {
        self.key(micros) * self.length()
    }

    pub const fn sql(self) -> &'static Statements {
        match self {
            Self::Raw => &RAW,
            Self::Minutes => &MINUTES,
            Self::Hours => &HOURS,
            Self::Days => &DAYS,
        }
    }
}

/// The statements of one level. `?1` is the symbol, `?2` a key.
pub(crate) struct Statements {
    /// Where its rows are.
    pub table: &'static str,
    /// Key, time, price, low, high and volume of up to `?4` rows from `?2` to before `?3`.
    pub scan: &'static str,
    /// The same of one row.
    pub one: &'static str,
    /// Writes `?3` price and `?4` volume of a price as it came; of a bar `?3` time, `?4` price, `?5`
    /// low, `?6` high and `?7` volume.
    pub put: &'static str,
    /// Deletes what is before.
    pub drop: &'static str,
    /// The first key from there on.
    pub first: &'static str,
}

const RAW: Statements = Statements {
    table: "ticks",
    scan: "SELECT time, time, price, price, price, volume FROM ticks
           WHERE symbol = ?1 AND time >= ?2 AND time < ?3 ORDER BY time LIMIT ?4",
    one: "SELECT time, time, price, price, price, volume FROM ticks
          WHERE symbol = ?1 AND time = ?2",
    put: "INSERT INTO ticks (symbol, time, price, volume) VALUES (?1, ?2, ?3, ?4)
          ON CONFLICT (symbol, time) DO UPDATE SET price = excluded.price,
              volume = coalesce(excluded.volume, volume)",
    drop: "DELETE FROM ticks WHERE symbol = ?1 AND time < ?2",
    first: "SELECT time FROM ticks WHERE symbol = ?1 AND time >= ?2 ORDER BY time LIMIT 1",
};

macro_rules! bars {
    ($table:literal, $key:literal) => {
        Statements {
            table: $table,
            scan: concat!(
                "SELECT ",
                $key,
                ", time, price, low, high, volume FROM ",
                $table,
                " WHERE symbol = ?1 AND ",
                $key,
                " >= ?2 AND ",
                $key,
                " < ?3 ORDER BY ",
                $key,
                " LIMIT ?4",
            ),
            one: concat!(
                "SELECT ",
                $key,
                ", time, price, low, high, volume FROM ",
                $table,
                " WHERE symbol = ?1 AND ",
                $key,
                " = ?2",
            ),
            put: concat!(
                "INSERT INTO ",
                $table,
                " (symbol, ",
                $key,
                ", time, price, low, high, volume)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (symbol, ",
                $key,
                ") DO UPDATE SET time = excluded.time,
                     price = excluded.price, low = excluded.low, high = excluded.high,
                     volume = excluded.volume",
            ),
            drop: concat!(
                "DELETE FROM ",
                $table,
                " WHERE symbol = ?1 AND ",
                $key,
                " < ?2"
            ),
            first: concat!(
                "SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE symbol = ?1 AND ",
                $key,
                " >= ?2 ORDER BY ",
                $key,
                " LIMIT 1",
            ),
        }
    };
}

const MINUTES: Statements = bars!("minutes", "minute");
const HOURS: Statements = bars!("hours", "hour");
const DAYS: Statements = bars!("days", "day");

/// What the levels hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels([Span; 4]);

/// What one level holds: every price from `kept_from` to before `covered_to`, in microseconds.
/// Both stand where a row of the next level begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub kept_from: i64,
    pub covered_to: i64,
}

impl Span {
    const EMPTY: Self = Self {
        kept_from: Timestamp::MIN.as_micros(),
        covered_to: Timestamp::MIN.as_micros(),
    };
}

impl Levels {
    pub fn load(conn: &Connection) -> Result<Self> {
        let mut levels = Self([Span::EMPTY; 4]);
        let mut statement =
            conn.prepare_cached("SELECT level, covered_to, kept_from FROM price_levels")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let level = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
            if let Some(span) = levels.0.get_mut(level) {
                *span = Span {
                    covered_to: row.get(1)?,
                    kept_from: row.get(2)?,
                };
            }
        }
        Ok(levels)
    }

    pub const fn of(&self, level: Level) -> Span {
        self.0[level as usize]
    }

    /// Up to when a price may belong to a bar that was made already.
    pub fn made_to(&self) -> i64 {
        let made = Level::BARS.map(|level| self.of(level).covered_to);
        made.into_iter().max().unwrap_or(i64::MAX)
    }

    pub const fn set(&mut self, level: Level, span: Span) {
        self.0[level as usize] = span;
    }

    /// Which level to read each stretch of all time from, oldest first, none finer than `finest`
    /// but where that has not been made yet.
    pub fn stretches(&self, finest: Level) -> Vec<(Level, i64, i64)> {
        let mut stretches = Vec::new();
        let mut from = self.of(Level::Days).kept_from;
        let mut take = |level, until: i64| {
            if until > from {
                stretches.push((level, from, until));
                from = until;
            }
        };
        // Older than it is kept: from the next coarser one.
        for level in Level::ALL.into_iter().rev() {
            if let Some(finer) = level.finer().filter(|_| level > finest) {
                take(level, self.of(finer).kept_from);
            }
        }
        take(finest, self.of(finest).covered_to);
        // Newer than it is made: from the next finer one.
        for level in Level::ALL.into_iter().rev() {
            if level < finest {
                take(level, self.of(level).covered_to);
            }
        }
        stretches
    }
}

/// A row of a scan: its key, and what it stands for.
pub(crate) fn point(row: &Row<'_>) -> rusqlite::Result<(i64, PricePoint)> {
    let point = PricePoint {
        time: decode::time(row, 1)?,
        price: decode::decimal(row, 2)?,
        low: decode::decimal(row, 3)?,
        high: decode::decimal(row, 4)?,
        volume: decode::optional_decimal(row, 5)?,
    };
    Ok((row.get(0)?, point))
}

impl PricePoint {
    /// One price.
    pub fn single(time: Timestamp, price: Decimal, volume: Option<Decimal>) -> Self {
        Self {
            time,
            low: price.clone(),
            high: price.clone(),
            price,
            volume,
        }
    }

    /// Takes in what another one stands for. Doing so twice, or in another order, is the same.
    pub(crate) fn add(&mut self, other: Self) {
        if other.time >= self.time {
            self.time = other.time;
            self.price = other.price;
            self.volume = other.volume.or_else(|| self.volume.take());
        } else if self.volume.is_none() {
            self.volume = other.volume;
        }
        if other.low < self.low {
            self.low = other.low;
        }
        if other.high > self.high {
            self.high = other.high;
        }
    }
}
