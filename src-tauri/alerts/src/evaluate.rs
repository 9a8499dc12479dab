//! One rule at one tick, and as time passes: the definition that everything else is held against.

use std::time::Duration;

use tidings_model::{Decimal, Tick, Timestamp};

use crate::effect::{Direction, Effect, Firing, Origin};
use crate::history::{Extremes, Window};
use crate::levels::Levels;
use crate::pause;
use crate::rule::{Repeat, Rule};
use crate::state::{Ended, Held, Phase, RuleState};
use crate::turn::{Turned, around, turn};

/// Judges one tick: moves the rule's state on and says what came of it, in order.
///
/// `window` is the history of the rule's symbol and answers for the ticks up to this one;
/// this one need not be in it. The tick has to be of the rule's symbol.
pub fn evaluate(
    rule: &Rule,
    state: &mut RuleState,
    tick: &Tick,
    window: &dyn Window,
) -> Vec<Effect> {
    let levels = Levels::of(&rule.condition);
    let mut effects = judge(&levels, rule, state, tick, window);
    pause::count(rule, state, &mut effects);
    effects
}

/// Judges that it is `now`, by the source's clock as far as it is known. It concerns rules on
/// silence alone: for the others nothing happens without a tick.
pub fn elapse(
    rule: &Rule,
    state: &mut RuleState,
    now: Timestamp,
    window: &dyn Window,
) -> Vec<Effect> {
    let levels = Levels::of(&rule.condition);
    let mut effects = judge_time(&levels, rule, state, now, window);
    pause::count(rule, state, &mut effects);
    effects
}

/// What [`evaluate`] says, without counting firings.
pub(crate) fn judge(
    levels: &Levels,
    rule: &Rule,
    state: &mut RuleState,
    tick: &Tick,
    window: &dyn Window,
) -> Vec<Effect> {
    if state.ended.is_some()
        || !levels.stream().has(tick)
        || state.seen.is_some_and(|seen| tick.time <= seen)
    {
        return Vec::new();
    }
    if !levels.can_judge(tick) {
        state.seen = Some(tick.time);
        return Vec::new();
    }
    // A tick shows that time has come as far as itself.
    let mut effects = judge_time(levels, rule, state, tick.time, window);
    if state.ended.is_some() {
        return effects;
    }
    if rule.expires_at.is_some_and(|end| tick.time >= end) {
        state.ended = Some(Ended::Expired(tick.time));
        effects.push(Effect::Expired);
        return effects;
    }
    state.seen = Some(tick.time);
    let turned = turn(levels, &mut state.phase, tick, window);
    effects.extend(settle(
        levels,
        rule,
        state,
        &Scene::Tick(tick),
        turned,
        window,
    ));
    effects
}

/// What [`elapse`] says, without counting firings: every moment up to `now`, in order.
pub(crate) fn judge_time(
    levels: &Levels,
    rule: &Rule,
    state: &mut RuleState,
    now: Timestamp,
    window: &dyn Window,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let Levels::Silence(after) = levels else {
        return effects;
    };
    while let Some(at) = next_moment(*after, rule, state).filter(|at| *at <= now) {
        if rule.expires_at.is_some_and(|end| end <= at) {
            state.ended = Some(Ended::Expired(at));
            effects.push(Effect::Expired);
            break;
        }
        let known = match &state.phase {
            Phase::Listening { price, .. } | Phase::Silent { price, .. } => price.clone(),
            _ => break,
        };
        let turned =
            matches!(state.phase, Phase::Listening { .. }).then(|| Turned::of(Direction::True));
        if turned.is_some() {
            state.phase = Phase::Silent {
                price: known.clone(),
                from: at,
            };
        }
        let last = window.last_before(at);
        let scene = Scene::Moment { at, last, known };
        effects.extend(settle(levels, rule, state, &scene, turned, window));
    }
    effects
}

/// The next moment at which time alone changes a rule on silence.
pub(crate) fn next_moment(after: Duration, rule: &Rule, state: &RuleState) -> Option<Timestamp> {
    if state.ended.is_some() {
        return None;
    }
    let own = match &state.phase {
        Phase::Listening { since, .. } => Some(since.plus(after)),
        // Not in the past, where a change has made the cooldown shorter.
        Phase::Silent { from, .. } if state.held.is_some() => state
            .notified
            .map(|notified| notified.plus(cooldown(rule)).max(*from)),
        _ => None,
    };
    own.into_iter().chain(rule.expires_at).min()
}

/// How long a rule is silent after a notified firing.
pub(crate) fn cooldown(rule: &Rule) -> Duration {
    Duration::from_secs(u64::from(rule.cooldown_s))
}

/// What is judged.
enum Scene<'a> {
    Tick(&'a Tick),
    /// A moment without a tick.
    Moment {
        at: Timestamp,
        /// The last price before it, as far as the history goes.
        last: Option<Origin>,
        /// An earlier one, in case it does not go so far.
        known: Decimal,
    },
}

impl Scene<'_> {
    fn time(&self) -> Timestamp {
        match self {
            Self::Tick(tick) => tick.time,
            Self::Moment { at, .. } => *at,
        }
    }

    fn price(&self) -> &Decimal {
        match self {
            Self::Tick(tick) => &tick.price,
            Self::Moment { last, known, .. } => last.as_ref().map_or(known, |last| &last.price),
        }
    }
}

/// What becomes of a condition that came true, or of what a cooldown held back.
fn settle(
    levels: &Levels,
    rule: &Rule,
    state: &mut RuleState,
    scene: &Scene<'_>,
    turned: Option<Turned>,
    window: &dyn Window,
) -> Vec<Effect> {
    let time = scene.time();
    let pausing = state
        .notified
        .is_some_and(|at| time < at.plus(cooldown(rule)));
    let told = match turned {
        Some(turned) if pausing && rule.repeat == Repeat::Every => {
            state.held = Some(Held {
                direction: turned.direction,
                time,
                line: turned.line.clone(),
            });
            return vec![Effect::Suppressed(firing(
                levels, scene, turned, None, window,
            ))];
        }
        Some(turned) => {
            state.held = None;
            firing(levels, scene, turned, None, window)
        }
        None if pausing => return Vec::new(),
        None => match state.held.take() {
            Some(held) if still_holds(levels, &state.phase, &held, scene.price()) => {
                let turned = Turned {
                    line: held.line,
                    ..Turned::of(held.direction)
                };
                firing(levels, scene, turned, Some(held.time), window)
            }
            _ => return Vec::new(),
        },
    };
    state.notified = Some(time);
    let snoozed = state.snoozed.is_some_and(|until| time < until);
    let mut effects = vec![if snoozed {
        Effect::Snoozed(told)
    } else {
        Effect::Fired(told)
    }];
    if rule.repeat == Repeat::Once {
        state.ended = Some(Ended::Done(time));
        effects.push(Effect::Done);
    }
    effects
}

fn firing(
    levels: &Levels,
    scene: &Scene<'_>,
    turned: Turned,
    delayed_from: Option<Timestamp>,
    window: &dyn Window,
) -> Firing {
    let (change, measured_from) = match scene {
        Scene::Tick(tick) => (
            tick.change_percentage_24h.clone(),
            turned
                .from
                .or_else(|| origin(levels, turned.direction, tick, window)),
        ),
        Scene::Moment { last, .. } => (None, last.clone()),
    };
    Firing {
        direction: turned.direction,
        time: scene.time(),
        price: scene.price().clone(),
        change_percentage_24h: change,
        measured_from,
        line: turned.line,
        steps: turned.steps,
        delayed_from,
    }
}

fn still_holds(levels: &Levels, phase: &Phase, held: &Held, price: &Decimal) -> bool {
    let line = match levels {
        Levels::Line { line, .. } => Some(line),
        Levels::Trail { .. } | Levels::Steps(_) => held.line.as_ref(),
        _ => None,
    };
    match (line, phase, held.direction) {
        (Some(line), _, Direction::Up) => price >= line,
        (Some(line), _, Direction::Down) => price <= line,
        (None, Phase::Level(sides), direction) => match direction {
            Direction::Up | Direction::True => sides.up,
            Direction::Down => sides.down,
            Direction::Both => sides.up || sides.down,
        },
        (None, Phase::Silent { .. }, _) => true,
        _ => false,
    }
}

/// The price of the window that a firing is measured from.
fn origin(
    levels: &Levels,
    direction: Direction,
    tick: &Tick,
    window: &dyn Window,
) -> Option<Origin> {
    match levels {
        Levels::Moves { window: length, .. } => {
            let Extremes { lowest, highest } = around(window, *length, tick);
            Some(match direction {
                Direction::Up | Direction::True => lowest,
                // Of two moves at once, the one that took less time.
                Direction::Both if lowest.time >= highest.time => lowest,
                Direction::Down | Direction::Both => highest,
            })
        }
        Levels::Extremes { window: length, .. } => {
            let seen = window.before(tick.time.minus(*length), tick.time)?;
            Some(if direction == Direction::Down {
                seen.lowest
            } else {
                seen.highest
            })
        }
        _ => None,
    }
}
