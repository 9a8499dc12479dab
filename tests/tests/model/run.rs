//! Runs programs, many at once, and makes those that fail small.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tidings_engine::Pace;

use crate::oracle;
use crate::program::{Op, Program};
use crate::world::World;

/// A program takes a fraction of a second; one that takes so long stands still.
const STUCK: Duration = Duration::from_mins(3);
/// How long is spent on making a failure smaller.
const SHRINKING: Duration = Duration::from_mins(2);
/// A program may fail by how threads meet: a part counts as sound after so many runs.
const ATTEMPTS: u32 = 2;

/// After so many programs a line is printed.
const TOLD_EVERY: u64 = 100;

/// Panics of tasks, by the name of the thread's program.
static PANICS: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// Where a program's bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// In memory, on a paused clock.
    Memory,
    /// TCP through the proxy, in real time.
    Tcp,
}

impl Over {
    /// How long a wait of a program takes: nobody has minutes of real time.
    pub fn wait(self, millis: u64) -> Duration {
        match self {
            Self::Memory => Duration::from_millis(millis),
            Self::Tcp => Duration::from_millis(millis.min(300)),
        }
    }

    /// How often clients look for what nobody told them.
    pub fn pace(self) -> Pace {
        match self {
            // Less often than in life what concerns prices, of which there are none.
            Self::Memory => Pace {
                look: Duration::from_mins(1),
                ..Pace::default()
            },
            Self::Tcp => Pace {
                chat: Duration::from_secs(1),
                spread: Duration::ZERO,
                ..Pace::default()
            },
        }
    }

    /// The longest time between two looks at what clients show.
    pub fn look_again(self) -> Duration {
        match self {
            Self::Memory => Duration::from_secs(30),
            Self::Tcp => Duration::from_millis(500),
        }
    }
}

/// Runs the programs of these seeds. Returns how many there were.
///
/// # Panics
/// With the smallest program that still fails.
pub fn seeds(seeds: Range<u64>, over: Over, at_once: usize) -> u64 {
    note_panics();
    let (begin, next, count) = (
        Instant::now(),
        AtomicU64::new(seeds.start),
        AtomicU64::new(0),
    );
    let failed: Mutex<Option<(Program, String)>> = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds.end {
                        return;
                    }
                    let program = Program::of(seed);
                    if let Err(error) = once(&program, over) {
                        next.store(seeds.end, Ordering::SeqCst);
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.get_or_insert((program, error));
                        return;
                    }
                    let done = count.fetch_add(1, Ordering::SeqCst) + 1;
                    if done.is_multiple_of(TOLD_EVERY) {
                        println!(
                            "{done} of {seeds:?}: {:.0} s",
                            begin.elapsed().as_secs_f32()
                        );
                    }
                }
            });
        }
    });
    if let Some((program, error)) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        report(&program, &error, over);
    }
    let count = count.into_inner();
    println!(
        "{count} programs of seeds {seeds:?} in {:.1} s",
        begin.elapsed().as_secs_f32()
    );
    count
}

fn report(program: &Program, error: &str, over: Over) -> ! {
    println!("{program}fails: {error}\n");
    let (small, last) = shrink(program, error, over);
    let seed = program.seed;
    panic!(
        "{last}\n\n{} of {} steps are enough:\n{small}\nTo run it again: TIDINGS_MODEL_SEEDS={seed}..{} \
         cargo test -p tidings-tests --test model -- programs",
        small.ops.len(),
        program.ops.len(),
        seed + 1
    );
}

/// Leaves out what is not needed for the failure: halves first, then ever smaller parts.
fn shrink(program: &Program, error: &str, over: Over) -> (Program, String) {
    let (begin, mut best, mut last) = (Instant::now(), program.clone(), error.to_owned());
    let mut size = best.ops.len().div_ceil(2).max(1);
    loop {
        let (mut at, before) = (0, best.ops.len());
        while at < best.ops.len() {
            if begin.elapsed() > SHRINKING {
                return (best, last);
            }
            let mut ops = best.ops.clone();
            ops.drain(at..(at + size).min(best.ops.len()));
            let candidate = Program {
                ops,
                ..best.clone()
            };
            match fails(&candidate, over) {
                Some(error) => (best, last) = (candidate, error),
                None => at += size,
            }
        }
        if size == 1 && best.ops.len() == before {
            return (shorter(best, &mut last, over), last);
        }
        size = size.div_ceil(2);
    }
}

/// Long waits where short ones do hide what matters.
fn shorter(mut best: Program, last: &mut String, over: Over) -> Program {
    for at in 0..best.ops.len() {
        if let Op::Wait(millis) = best.ops[at]
            && millis > 1_000
        {
            let mut candidate = best.clone();
            candidate.ops[at] = Op::Wait(1_000);
            if let Some(error) = fails(&candidate, over) {
                (best, *last) = (candidate, error);
            }
        }
    }
    best
}

fn fails(program: &Program, over: Over) -> Option<String> {
    (0..ATTEMPTS).find_map(|_| once(program, over).err())
}

/// Runs a program in a thread of its own.
pub fn once(program: &Program, over: Over) -> Result<(), String> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("program-{}", NUMBER.fetch_add(1, Ordering::SeqCst));
    let (told, outcome) = mpsc::channel();
    let (own, thread_name) = (program.clone(), name.clone());
    let spawned = thread::Builder::new()
        .name(name.clone())
        // Unoptimised futures are large.
        .stack_size(16 << 20)
        .spawn(move || {
            let run = AssertUnwindSafe(|| blocking(&own, over, &thread_name));
            let outcome = catch_unwind(run).unwrap_or_else(|_| Err("it panicked".to_owned()));
            // Nobody listens to one that stood still.
            let _ = told.send(outcome);
        });
    spawned.map_err(|error| error.to_string())?;
    let outcome = match outcome.recv_timeout(STUCK) {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("it stands still: nothing within {STUCK:?}")),
    };
    let panics = PANICS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&name);
    match panics {
        Some(panics) => Err(format!("a task panicked: {}", panics.join("; "))),
        None => outcome,
    }
}

fn blocking(program: &Program, over: Over, name: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(over == Over::Memory)
        .thread_name(name)
        .build()
        .map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(async {
        let mut world = World::new(program, over).await?;
        for (number, op) in program.ops.iter().enumerate() {
            let done = world.step(*op).await;
            done.map_err(|error| format!("step {number}: {error}"))?;
        }
        oracle::settle(&mut world).await?;
        world.stop().await;
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    outcome
}

/// Has panics of tasks, which the runtime swallows, count as failures.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = thread::current();
            if let Some(name) = thread.name().filter(|name| name.starts_with("program-")) {
                let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
                panics
                    .entry(name.to_owned())
                    .or_default()
                    .push(panic.to_string());
            }
            before(panic);
        }));
    });
}
