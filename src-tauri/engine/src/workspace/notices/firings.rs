//! Alerts that fired.

use std::time::Duration;

use tidings_alerts::{Condition, describe};
use tidings_cache::{FiringId, FiringMark, NewFiring};
use tidings_contract as api;
use tidings_model::{Json, Locale};

use super::{Core, Fired, clock_time, deliver, digest};
use crate::host::{About, Notification, NotificationAction};
use crate::words;

/// What can be done about an alert that fired.
const ACTIONS: [NotificationAction; 3] = [
    NotificationAction::Snooze,
    NotificationAction::Mute,
    NotificationAction::OpenChart,
];

/// Tells firings. Those of a time when nobody listened are told together.
pub(super) async fn tell(core: &Core, fired: Vec<Fired>) {
    let (missed, mut told): (Vec<_>, Vec<_>) =
        fired.into_iter().partition(|(_, fired)| fired.new.away);
    if missed.len() > 1 {
        let firings: Vec<_> = missed
            .into_iter()
            .map(|(id, fired)| (id, fired.new))
            .collect();
        digest::tell_missed(core, &firings).await;
    } else {
        told.splice(0..0, missed);
    }
    let locale = core.locale();
    for (id, fired) in told {
        let (kept, firing) = (fired.new, fired.firing);
        let own = own_words(core, &kept).map(str::to_owned);
        let mut body = own.unwrap_or_else(|| describe::body(&firing, &clock_time, &locale));
        if kept.away {
            body = format!("{}: {body}", clock_time(firing.time));
        }
        if let Some(unknown) = unknown(&kept, &locale) {
            body = format!("{body}\n{unknown}");
        }
        if let Some(pause) = &fired.pause {
            body = format!("{body}\n{}", describe::paused(pause, &locale));
        }
        let shown = deliver(core, one(core, id, &kept, body)).await;
        settle(core, vec![(id, kept)], Settled::delivered(shown)).await;
    }
}

/// The notification of one firing.
pub(super) fn one(core: &Core, id: FiringId, kept: &NewFiring, body: String) -> Notification {
    Notification {
        id: format!("firing/{}", id.as_i64()),
        title: kept.sentence.clone(),
        body,
        language: core.locale().language,
        actions: ACTIONS.to_vec(),
        about: About {
            workspace: Some(core.workspace),
            place: api::Place::Chart {
                symbol: kept.symbol.to_string(),
            },
            rule: Some(kept.rule),
        },
        sound: core.sound(),
    }
}

/// The notification of one firing that is told later than it happened: when that was, and the
/// user's own text where there is one.
pub(super) fn late(core: &Core, id: FiringId, kept: &NewFiring) -> Notification {
    let locale = core.locale();
    let mut body = match own_words(core, kept) {
        Some(message) => format!("{}: {message}", clock_time(kept.source_time)),
        None => plain(kept, &locale),
    };
    if let Some(unknown) = unknown(kept, &locale) {
        body = format!("{body}\n{unknown}");
    }
    one(core, id, kept, body)
}

/// The user's own text, where there is one; what they wrote is not for whoever is before a locked
/// window.
fn own_words<'f>(core: &Core, firing: &'f NewFiring) -> Option<&'f str> {
    let own = firing.message.as_deref();
    own.filter(|_| !core.bus.is_locked())
}

/// `14:02: BTC crossed above 70,000, 70,012.60`, and whether prices before are not known: all in one
/// line.
pub(super) fn line(firing: &NewFiring, locale: &Locale) -> String {
    let plain = plain(firing, locale);
    match unknown(firing, locale) {
        Some(unknown) => format!("{plain}. {unknown}"),
        None => plain,
    }
}

/// `Prices between 11:40 and 14:02 are not known.`
fn unknown(firing: &NewFiring, locale: &Locale) -> Option<String> {
    const DAY: Duration = Duration::from_hours(24);
    let gap = firing.unknown?;
    let length = gap.until.since(gap.from);
    // Of two days the times alone would say something else.
    if length >= DAY {
        let days = length.as_secs() / DAY.as_secs();
        return Some(words::unknown_for_days(locale.language, days));
    }
    let (from, until) = (clock_time(gap.from), clock_time(gap.until));
    // Less than is told apart.
    if from == until {
        return None;
    }
    Some(words::unknown_between(locale.language, &from, &until))
}

fn plain(firing: &NewFiring, locale: &Locale) -> String {
    format!(
        "{}: {}, {}",
        clock_time(firing.source_time),
        firing.sentence,
        describe::price(&firing.price, locale)
    )
}

/// What became of firings that were to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// They were told.
    Told,
    /// The desktop did not take them.
    Refused,
    /// Alerts, or the rule, are muted by now, or notifications off.
    Muted,
}

impl Settled {
    pub const fn delivered(shown: bool) -> Self {
        if shown { Self::Told } else { Self::Refused }
    }
}

/// Notes what became of firings that were to be told.
pub(super) async fn settle(core: &Core, told: Vec<(FiringId, NewFiring)>, settled: Settled) {
    let ids = told.iter().map(|(id, _)| *id).collect();
    let instead = match settled {
        Settled::Told => None,
        Settled::Refused => Some(FiringMark::Unshown),
        Settled::Muted => Some(FiringMark::Muted),
    };
    let noted = match instead {
        None => core.cache.mark_notified(ids).await,
        Some(mark) => core.cache.mark_instead(ids, mark).await,
    };
    if let Err(error) = noted {
        tracing::error!(%error, "a notification was shown, and will be shown again");
        return;
    }
    let locale = core.locale();
    for (id, mut firing) in told {
        firing.pending = false;
        firing.mark = instead.unwrap_or(firing.mark);
        core.emit(api::Event::Fired {
            firing: firing_row(id, &firing, &locale),
        });
    }
}

/// A firing in the contract's words.
pub(in crate::workspace) fn firing_row(
    id: FiringId,
    firing: &NewFiring,
    locale: &Locale,
) -> api::FiringRow {
    let condition: Option<Condition> = firing.condition.as_ref().and_then(Json::read);
    api::FiringRow {
        id: id.as_i64().to_string(),
        rule: firing.rule.to_string(),
        symbol: firing.symbol.to_string(),
        title: firing.sentence.clone(),
        condition: condition.map(|condition| describe::sentence(&condition, locale)),
        unknown: firing.unknown.map(|gap| api::PriceGap {
            from: gap.from.as_millis(),
            to: gap.until.as_millis(),
        }),
        message: firing.message.clone(),
        price: firing.price.to_string(),
        time: firing.source_time.as_millis(),
        fired_at: firing.fired_at.as_millis(),
        away: firing.away,
        mark: match firing.mark {
            FiringMark::Notified if firing.pending => api::FiringMark::Pending,
            FiringMark::Notified => api::FiringMark::Notified,
            FiringMark::Suppressed => api::FiringMark::Suppressed,
            FiringMark::Muted => api::FiringMark::Muted,
            FiringMark::Quiet => api::FiringMark::Quiet,
            FiringMark::Unshown => api::FiringMark::Unshown,
            FiringMark::Away => api::FiringMark::Away,
            FiringMark::Snoozed => api::FiringMark::Snoozed,
            FiringMark::Paused => api::FiringMark::Paused,
        },
    }
}
