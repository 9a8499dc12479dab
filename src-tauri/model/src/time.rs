//! Instants with microseconds, read from every form that the servers write.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a time: {0:?}")]
pub struct TimeError(pub String);

/// An instant in UTC, in whole microseconds since 1970 (PostgreSQL's own resolution).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant; what PostgreSQL's `-infinity` becomes.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The latest instant; what PostgreSQL's `infinity` becomes.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// From microseconds since 1970-01-01 UTC, held within [`Self::MIN`] and [`Self::MAX`].
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// From milliseconds since 1970-01-01 UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1000))
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01 UTC, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant later by `duration`, at most [`Self::MAX`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The instant earlier by `duration`, at least [`Self::MIN`].
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// How much later this instant is than `earlier`; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Hours and minutes in the time zone of this computer, `14:02`, for texts that the
    /// program writes itself (notifications).
    pub fn local_clock(self) -> String {
        self.local("%H:%M")
    }

    /// The day in the time zone of this computer, `Sunday, 22 November 2026`, for texts that the
    /// program writes itself (exported files).
    pub fn local_day(self) -> String {
        self.local("%A, %-d %B %Y")
    }

    fn local(self, form: &str) -> String {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant
                .to_zoned(TimeZone::system())
                .strftime(form)
                .to_string(),
            Err(_) => self.to_string(),
        }
    }

    /// Reads an HTTP `Date` header (RFC 9110, 5.6.7).
    pub fn from_http_date(text: &str) -> Result<Self, TimeError> {
        jiff::fmt::rfc2822::parse(text)
            .map(|zoned| Self::from_micros(zoned.timestamp().as_microsecond()))
            .map_err(|_| TimeError(shorten(text)))
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339 and what servers write beside it: a space for the `T`, `+00` for
    /// `+00:00`, no zone at all (taken as UTC), 0 to 9 fractional digits, `infinity`.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        match text {
            "infinity" => return Ok(Self::MAX),
            "-infinity" => return Ok(Self::MIN),
            _ => {}
        }
        if text.ends_with(" BC") {
            return Ok(Self::MIN);
        }
        let refused = || TimeError(shorten(text));
        if text.len() > 64 || !text.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            return Err(refused());
        }
        let text = text.replacen(' ', "T", 1);
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::from_micros(instant.as_microsecond()));
        }
        let civil: jiff::civil::DateTime = text.parse().map_err(|_| refused())?;
        let zoned = TimeZone::UTC.to_zoned(civil).map_err(|_| refused())?;
        Ok(Self::from_micros(zoned.timestamp().as_microsecond()))
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many fractional digits as needed: `2026-11-22T10:57:49.685164Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant.fmt(f),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn reads_every_form_the_servers_write() {
        let instant = Timestamp::from_micros(1_795_345_069_685_164);
        for text in [
            "2026-11-22T10:57:49.685164+00:00",
            "2026-11-22 10:57:49.685164+00",
            "2026-11-22T10:57:49.685164Z",
            "2026-11-22T10:57:49.685164",
            "2026-11-22T12:57:49.685164+02:00",
            "2026-11-22T10:57:49.685164000Z",
        ] {
            assert_eq!(t(text), instant, "{text}");
        }
        assert_eq!(t("2026-11-22T10:57:49Z").as_millis() % 1000, 0);
        assert_eq!(t("infinity"), Timestamp::MAX);
        assert_eq!(t("0044-03-15 12:00:00+00 BC"), Timestamp::MIN);
        assert_eq!(
            Timestamp::from_http_date("Sun, 22 Nov 2026 10:57:49 GMT").unwrap(),
            t("2026-11-22T10:57:49Z")
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "12:00",
            "2026-11-22T10:57:49.6.8Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(micros in Timestamp::MIN.0..Timestamp::MAX.0) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(t(&instant.to_string()), instant);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
