//! What was held or missed, told in one notification. Of several firings each has a short line of
//! the program's own, whatever text its rule has: the notification that they share has no room.

use std::sync::atomic::Ordering;

use tidings_cache::{FiringId, FiringMark, NewFiring};
use tidings_contract as api;

use super::firings::Settled;
use super::messages::{self, Found};
use super::{Core, Gate, Teller, deliver, firings, gate, lock, market};
use crate::host::{About, Notification};
use crate::words;

/// Lines of a digest; desktops cut what is longer.
const LINES: usize = 8;

/// Why firings are told later than they happened.
#[derive(Debug, Clone, Copy)]
enum Why {
    /// Some of them in quiet hours, or while notifications were paused.
    Quiet,
    /// The program ended before they were told.
    Away,
    /// There was no room for them among what waited for the desktop.
    LeftOut,
}

/// Firings of a time when nobody listened.
pub(super) async fn tell_missed(core: &Core, missed: &[(FiringId, NewFiring)]) {
    let locale = core.locale();
    let title = words::while_away(locale.language, missed.len());
    let lines = missed.iter().map(|(_, f)| firings::line(f, &locale));
    let shown = deliver(
        core,
        digest(
            core,
            id_of(missed),
            title,
            lines.collect(),
            api::Place::Alerts,
        ),
    )
    .await;
    firings::settle(core, missed.to_vec(), Settled::delivered(shown)).await;
}

/// Firings of rules whose snooze has ended.
pub(super) async fn tell_snoozed(core: &Core, firings: Vec<(FiringId, NewFiring)>) {
    if Gate::now(core) == Gate::Shut {
        return firings::settle(core, firings, Settled::Muted).await;
    }
    let locale = core.locale();
    let notification = match &firings[..] {
        [(id, one)] => firings::late(core, *id, one),
        many => {
            let title = words::while_snoozed(locale.language, many.len());
            let lines = many.iter().map(|(_, f)| firings::line(f, &locale));
            let lines = lines.collect();
            digest(core, id_of(many), title, lines, api::Place::Alerts)
        }
    };
    let shown = deliver(core, notification).await;
    firings::settle(core, firings, Settled::delivered(shown)).await;
}

/// Tells what was held until now, or was not told by an earlier run, unless it is still to be held.
pub(super) async fn tell_held(core: &Core, teller: &mut Teller) {
    if gate::is_quiet(core) {
        return;
    }
    // Before they are read: what is held from here on sets it again.
    core.holds.store(false, Ordering::SeqCst);
    // Each was kept before it was left out: what is read now has those that are taken here.
    let left_out = std::mem::take(&mut *lock(&core.left_out));
    let held = match core.cache.pending_notifications().await {
        Ok(held) => held,
        Err(error) => {
            tracing::warn!(%error, "what was held could not be read yet");
            lock(&core.left_out).extend(left_out);
            core.holds.store(true, Ordering::SeqCst);
            return;
        }
    };
    let earlier = std::mem::take(&mut teller.pending);
    // The others of this run wait in the queue.
    let held = held
        .into_iter()
        .filter(|held| {
            held.firing.mark == FiringMark::Quiet
                || earlier.contains(&held.id)
                || left_out.contains(&held.id)
        })
        .map(|held| (held.id, held.firing))
        .collect();
    let (muted, mut told) = market::by_mute(core, held).await;
    if !muted.is_empty() {
        firings::settle(core, muted, Settled::Muted).await;
    }
    let why = if told.iter().any(|(_, f)| f.mark == FiringMark::Quiet) {
        Why::Quiet
    } else if told.iter().all(|(id, _)| left_out.contains(id)) {
        Why::LeftOut
    } else {
        Why::Away
    };
    if Gate::now(core) == Gate::Shut && !told.is_empty() {
        // Switched off meanwhile: they stand in the history.
        firings::settle(core, std::mem::take(&mut told), Settled::Muted).await;
    }
    if told.is_empty() {
        messages::tell(core, &mut teller.bursts, true).await;
        return;
    }
    let found = messages::find(core).await;
    let shown = deliver(core, notification(core, &told, &found, why)).await;
    firings::settle(core, told, Settled::delivered(shown)).await;
    messages::told(core, &mut teller.bursts, found).await;
}

fn notification(
    core: &Core,
    told: &[(FiringId, NewFiring)],
    found: &Found,
    why: Why,
) -> Notification {
    let locale = core.locale();
    if let ([(id, one)], 0) = (told, found.count()) {
        return firings::late(core, *id, one);
    }
    let title = match (why, found.count()) {
        (Why::Away, 0) => words::while_away(locale.language, told.len()),
        (Why::Away, messages) => words::away_both(locale.language, told.len(), messages),
        (Why::LeftOut, messages) => {
            words::alerts_and_messages(locale.language, told.len(), messages)
        }
        (Why::Quiet, messages) => words::held_until_now(locale.language, told.len(), messages),
    };
    let mut lines: Vec<String> = told
        .iter()
        .map(|(_, firing)| firings::line(firing, &locale))
        .collect();
    if core.previews() {
        lines.extend(found.lines(core));
    }
    digest(core, id_of(told), title, lines, api::Place::Alerts)
}

/// The id of a digest: none takes the place of another.
fn id_of(firings: &[(FiringId, NewFiring)]) -> String {
    let newest = firings.iter().map(|(id, _)| id.as_i64()).max();
    format!("digest/{}", newest.unwrap_or_default())
}

/// A notification about several things.
pub(super) fn digest(
    core: &Core,
    id: String,
    title: String,
    mut lines: Vec<String>,
    place: api::Place,
) -> Notification {
    let language = core.locale().language;
    if lines.len() > LINES {
        let more = lines.len() - (LINES - 1);
        lines.truncate(LINES - 1);
        lines.push(words::and_more(language, more));
    }
    Notification {
        id,
        title,
        body: lines.join("\n"),
        language,
        actions: Vec::new(),
        about: About {
            workspace: Some(core.workspace),
            place,
            rule: None,
        },
        sound: core.sound(),
    }
}
