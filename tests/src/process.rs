//! A running program as the system sees it (Linux).

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use tidings_testkit::wait_for;
use tokio::process::Command;
use tokio::time::Instant;

/// Clock ticks a second in /proc, on every Linux.
const TICKS: f64 = 100.0;
/// A program is at rest when it has used no more than this many ticks in a second.
const REST_TICKS: u64 = 10;

/// A process with its descendants.
#[derive(Debug, Clone, Copy)]
pub struct Process(u32);

impl Process {
    /// The newest process of a program.
    pub fn running(executable: &Path) -> Result<Self> {
        let executable = executable.canonicalize()?;
        let is_it = |id: &u32| {
            fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|path| path == executable)
        };
        let found = all()?.into_iter().filter(is_it).max();
        found
            .map(Self)
            .with_context(|| format!("{} does not run", executable.display()))
    }

    /// When it was started, in milliseconds since 1970, to a hundredth of a second.
    pub fn started(self) -> Result<f64> {
        let uptime = fs::read_to_string("/proc/uptime")?;
        let uptime: f64 = uptime
            .split_whitespace()
            .next()
            .context("no uptime")?
            .parse()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        let started: f64 = field(self.0, 21)?.parse()?;
        Ok((now - uptime + started / TICKS) * 1000.0)
    }

    /// Memory of it and its descendants in mebibytes; pages that processes share are counted
    /// in parts that add up to one.
    pub fn memory(self) -> Result<f64> {
        let mut kilobytes = 0.0;
        for id in self.tree()? {
            let Ok(rollup) = fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else {
                continue;
            };
            let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
            let value = line.and_then(|line| line.split_whitespace().next());
            kilobytes += value.context("no Pss")?.parse::<f64>()?;
        }
        Ok(kilobytes / 1024.0)
    }

    /// Waits until it has done next to nothing for a second.
    pub async fn at_rest(self, deadline: Duration) -> Result<()> {
        let mut before = (Instant::now(), self.ticks()?);
        wait_for("a program at rest", deadline, async || {
            if before.0.elapsed() < Duration::from_secs(1) {
                return None;
            }
            let now = (Instant::now(), self.ticks().ok()?);
            let used = now.1.saturating_sub(before.1);
            before = now;
            (used <= REST_TICKS).then_some(())
        })
        .await
    }

    /// The share of one core that it and its descendants use for a while, in percent.
    pub async fn share_of_core(self, during: Duration) -> Result<f64> {
        let (began, before) = (Instant::now(), self.ticks()?);
        tokio::time::sleep(during).await;
        let used = self.ticks()?.saturating_sub(before);
        let used = f64::from(u32::try_from(used).unwrap_or(u32::MAX)) / TICKS;
        Ok(100.0 * used / began.elapsed().as_secs_f64())
    }

    /// Has it stand still, as while the machine sleeps, until it is woken.
    pub async fn stand_still(self) -> Result<()> {
        self.signal("-STOP").await
    }

    /// Has it go on after it stood still.
    pub async fn wake(self) -> Result<()> {
        self.signal("-CONT").await
    }

    async fn signal(self, signal: &str) -> Result<()> {
        let mut kill = Command::new("kill");
        let sent = kill.args([signal, &self.0.to_string()]).status().await?;
        ensure!(sent.success(), "{signal} could not be sent to {}", self.0);
        Ok(())
    }

    /// Processor time of it and its descendants.
    fn ticks(self) -> Result<u64> {
        let mut ticks = 0;
        for id in self.tree()? {
            for part in [13, 14] {
                ticks += field(id, part)
                    .ok()
                    .and_then(|t| t.parse().ok())
                    .unwrap_or(0_u64);
            }
        }
        Ok(ticks)
    }

    fn tree(self) -> Result<Vec<u32>> {
        let parents: Vec<(u32, u32)> = all()?
            .into_iter()
            .filter_map(|id| Some((id, field(id, 3).ok()?.parse().ok()?)))
            .collect();
        let mut tree = vec![self.0];
        let mut at = 0;
        while let Some(parent) = tree.get(at).copied() {
            tree.extend(
                parents
                    .iter()
                    .filter(|(_, of)| *of == parent)
                    .map(|(id, _)| *id),
            );
            at += 1;
        }
        Ok(tree)
    }
}

fn all() -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc")?.filter_map(Result::ok);
    Ok(entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

/// A field of /proc/ID/stat, counted from 0. The name may hold spaces, so it is cut out.
fn field(id: u32, number: usize) -> Result<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let rest = stat.rsplit_once(')').context("an odd stat")?.1;
    let field = rest.split_whitespace().nth(number - 2);
    Ok(field.context("a short stat")?.to_owned())
}
