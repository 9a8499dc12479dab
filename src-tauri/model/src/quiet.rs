//! Quiet hours: from one time of day to another, on chosen days, in a time zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, ToSpan as _};
use thiserror::Error;

use crate::Timestamp;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Why these are no quiet hours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuietError {
    /// A time of day is at most 23:59.
    #[error("A time of day lies between 00:00 and 23:59.")]
    NoTime,
    /// They would have no length, or no end.
    #[error("Quiet hours begin and end at different times.")]
    NoLength,
    /// The time zone database has no such name.
    #[error("There is no time zone {0:?}. Its name looks like Europe/Berlin.")]
    NoZone(String),
}

/// A stretch of each chosen day. One that ends before it begins ends on the next day.
///
/// Where the clocks are turned: a time that a day does not have is the moment at which it is passed
/// over, and of an hour that a day has twice both are quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    until: Time,
    /// From Monday on: whether they begin on that day.
    days: [bool; 7],
    zone: TimeZone,
}

/// Which one of a time that a day has twice.
#[derive(Debug, Clone, Copy)]
enum Twice {
    First,
    Last,
}

impl QuietHours {
    /// Quiet hours from and until a minute of the day, beginning on `days` (Monday first), in a zone
    /// of the IANA time zone database, or in that of this computer.
    pub fn new(
        from: u16,
        until: u16,
        days: [bool; 7],
        zone: Option<&str>,
    ) -> Result<Self, QuietError> {
        let (from_time, until_time) = (time(from)?, time(until)?);
        if from == until {
            return Err(QuietError::NoLength);
        }
        let zone = match zone {
            None => TimeZone::system(),
            Some(name) => TimeZone::get(name)
                .map_err(|_| QuietError::NoZone(name.chars().take(64).collect()))?,
        };
        Ok(Self {
            from: from_time,
            until: until_time,
            days,
            zone,
        })
    }

    /// When the quiet hours end that an instant lies in; none when it lies in none.
    pub fn end(&self, at: Timestamp) -> Option<Timestamp> {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
        let today = self.zone.to_datetime(at).date();
        // Those that began on the day before may last.
        let ends = [-1, 0].into_iter().filter_map(|days| {
            let date = today.checked_add(days.days()).ok()?;
            let (start, end) = self.stretch(date)?;
            (start <= at && at < end).then_some(end)
        });
        ends.max()
            .map(|end| Timestamp::from_micros(end.as_microsecond()))
    }

    /// The stretch that begins on a day, if one does.
    fn stretch(&self, date: Date) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
        let day = date.weekday().to_monday_zero_offset();
        if !self.days[usize::try_from(day).ok()?] {
            return None;
        }
        let last = if self.until > self.from {
            date
        } else {
            date.tomorrow().ok()?
        };
        Some((
            self.instant(date.to_datetime(self.from), Twice::First)?,
            self.instant(last.to_datetime(self.until), Twice::Last)?,
        ))
    }

    fn instant(&self, civil: DateTime, twice: Twice) -> Option<jiff::Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        match (ambiguous.offset(), twice) {
            (AmbiguousOffset::Unambiguous { offset }, _) => offset.to_timestamp(civil).ok(),
            (AmbiguousOffset::Fold { before, .. }, Twice::First) => before.to_timestamp(civil).ok(),
            (AmbiguousOffset::Fold { after, .. }, Twice::Last) => after.to_timestamp(civil).ok(),
            (AmbiguousOffset::Gap { before, .. }, _) => {
                // With the offset from before the gap it lies at the turn or after it.
                let passed = before.to_timestamp(civil).ok()?;
                let passed = passed.checked_add(SignedDuration::from_nanos(1)).ok()?;
                Some(self.zone.preceding(passed).next()?.timestamp())
            }
        }
    }
}

/// The name of this computer's time zone, where the system has one for it.
pub fn system_zone() -> Option<String> {
    TimeZone::system().iana_name().map(str::to_owned)
}

fn time(minute: u16) -> Result<Time, QuietError> {
    if minute >= DAY {
        return Err(QuietError::NoTime);
    }
    let (hour, minute) = (minute / 60, minute % 60);
    let narrow = |part: u16| i8::try_from(part).map_err(|_| QuietError::NoTime);
    Time::new(narrow(hour)?, narrow(minute)?, 0, 0).map_err(|_| QuietError::NoTime)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const DAILY: [bool; 7] = [true; 7];

    fn minute(clock: &str) -> u16 {
        let (hour, minute) = clock.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    }

    fn berlin(from: &str, until: &str) -> QuietHours {
        QuietHours::new(minute(from), minute(until), DAILY, Some("Europe/Berlin")).unwrap()
    }

    fn end(hours: &QuietHours, at: &str) -> Option<String> {
        hours.end(at.parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn they_hold_from_the_first_minute_until_before_the_last() {
        let hours = berlin("13:00", "14:30");
        assert_eq!(end(&hours, "2026-11-27T11:59:59Z"), None);
        let ends = Some("2026-11-27T13:30:00Z".to_owned());
        assert_eq!(end(&hours, "2026-11-27T12:00:00Z"), ends);
        assert_eq!(end(&hours, "2026-11-27T13:29:59.999999Z"), ends);
        assert_eq!(end(&hours, "2026-11-27T13:30:00Z"), None);
    }

    #[test]
    fn over_midnight_they_end_on_the_next_day() {
        let hours = berlin("22:00", "07:00");
        let ends = Some("2026-11-28T06:00:00Z".to_owned());
        assert_eq!(end(&hours, "2026-11-27T21:00:00Z"), ends);
        assert_eq!(end(&hours, "2026-11-28T05:59:59Z"), ends);
        assert_eq!(end(&hours, "2026-11-28T06:00:00Z"), None);
        assert_eq!(end(&hours, "2026-11-28T20:59:59Z"), None);
    }

    #[test]
    fn a_day_is_that_on_which_they_begin() {
        // Friday alone; 2026-11-27 is one.
        let days = [false, false, false, false, true, false, false];
        let hours = QuietHours::new(minute("22:00"), minute("07:00"), days, Some("UTC")).unwrap();
        assert_eq!(end(&hours, "2026-11-26T23:00:00Z"), None);
        assert_eq!(end(&hours, "2026-11-27T06:00:00Z"), None);
        assert!(end(&hours, "2026-11-27T23:00:00Z").is_some());
        assert!(end(&hours, "2026-11-28T06:00:00Z").is_some());
        assert_eq!(end(&hours, "2026-11-28T23:00:00Z"), None);
    }

    #[test]
    fn an_hour_that_does_not_exist_ends_and_begins_them_as_the_clock_passes_it() {
        // On 29 March 2026 the clocks of Berlin go from 02:00 to 03:00, at 01:00 UTC.
        let until = berlin("23:00", "02:30");
        let ends = Some("2026-03-29T01:00:00Z".to_owned());
        assert_eq!(end(&until, "2026-03-29T00:59:59Z"), ends);
        assert_eq!(end(&until, "2026-03-29T01:00:00Z"), None);
        let from = berlin("02:30", "05:00");
        assert_eq!(end(&from, "2026-03-29T00:59:59Z"), None);
        let ends = Some("2026-03-29T03:00:00Z".to_owned());
        assert_eq!(end(&from, "2026-03-29T01:00:00Z"), ends);
        // The very edges of what is missing.
        let edge = berlin("23:00", "02:00");
        assert_eq!(end(&edge, "2026-03-29T01:00:00Z"), None);
        let ends = Some("2026-03-29T01:00:00Z".to_owned());
        assert_eq!(end(&edge, "2026-03-29T00:59:59Z"), ends);
        let edge = berlin("23:00", "03:00");
        assert_eq!(end(&edge, "2026-03-29T00:59:59Z"), ends);
    }

    #[test]
    fn an_hour_that_is_there_twice_is_quiet_both_times() {
        // On 25 October 2026 the clocks of Berlin go back from 03:00 to 02:00, at 01:00 UTC.
        let until = berlin("23:00", "02:30");
        let ends = Some("2026-10-25T01:30:00Z".to_owned());
        for at in ["00:10", "00:30", "00:59", "01:00", "01:29"] {
            assert_eq!(end(&until, &format!("2026-10-25T{at}:00Z")), ends, "{at}");
        }
        assert_eq!(end(&until, "2026-10-25T01:30:00Z"), None);
        let from = berlin("02:30", "05:00");
        assert_eq!(end(&from, "2026-10-25T00:29:59Z"), None);
        let ends = Some("2026-10-25T04:00:00Z".to_owned());
        for at in ["00:30", "01:00", "01:29", "01:30", "03:59"] {
            assert_eq!(end(&from, &format!("2026-10-25T{at}:00Z")), ends, "{at}");
        }
    }

    #[test]
    fn a_whole_day_may_be_missing() {
        // Samoa went from 29 to 31 December 2011.
        let hours = QuietHours::new(
            minute("22:00"),
            minute("07:00"),
            DAILY,
            Some("Pacific/Apia"),
        )
        .unwrap();
        let ends = Some("2011-12-30T17:00:00Z".to_owned());
        assert!(end(&hours, "2011-12-30T09:59:59Z").is_some());
        assert_eq!(end(&hours, "2011-12-30T16:59:59Z"), ends);
        assert_eq!(end(&hours, "2011-12-30T17:00:00Z"), None);
    }

    #[test]
    fn what_are_no_quiet_hours_is_refused() {
        let new = |from, until, zone| QuietHours::new(from, until, DAILY, zone);
        assert_eq!(new(1440, 0, None), Err(QuietError::NoTime));
        assert_eq!(new(60, 60, None), Err(QuietError::NoLength));
        let zone = "Europe/Nowhere".to_owned();
        assert_eq!(
            new(0, 60, Some(&zone)),
            Err(QuietError::NoZone(zone.clone()))
        );
    }

    proptest! {
        #[test]
        fn it_is_quiet_until_the_end(
            from in 0_u16..1440,
            until in 0_u16..1440,
            // A year with both turns, in microseconds.
            at in 1_767_225_600_000_000_i64..1_798_761_600_000_000,
            zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
        ) {
            prop_assume!(from != until);
            let hours = QuietHours::new(from, until, DAILY, Some(zone)).unwrap();
            let at = Timestamp::from_micros(at);
            if let Some(end) = hours.end(at) {
                prop_assert!(end > at);
                prop_assert!(end.since(at) <= std::time::Duration::from_hours(26));
                let last = Timestamp::from_micros(end.as_micros() - 1);
                prop_assert_eq!(hours.end(last), Some(end));
            }
        }
    }
}
