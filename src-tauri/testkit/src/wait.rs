//! Waiting for something to be so, no longer than a deadline.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

/// Long enough for anything on a slow and shared machine; only a failing test takes it whole.
pub const DEADLINE: Duration = Duration::from_secs(20);

const BETWEEN: Duration = Duration::from_millis(10);

/// Waits until `condition` holds. Past the deadline the error says `what` did not come to be.
pub async fn wait_until(
    what: &str,
    deadline: Duration,
    mut condition: impl FnMut() -> bool,
) -> Result<()> {
    wait_for(what, deadline, async || condition().then_some(())).await
}

/// Waits until `probe` finds something and returns it. A probe that does not answer is given
/// up at the deadline as well.
pub async fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        match tokio::time::timeout_at(end, probe()).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) if Instant::now() < end => tokio::time::sleep(BETWEEN).await,
            Ok(None) | Err(_) => bail!("not within {deadline:?}: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_returns_what_the_probe_found() {
        let asked = Cell::new(0);
        let found = wait_for("third time", DEADLINE, async || {
            asked.set(asked.get() + 1);
            (asked.get() == 3).then(|| asked.get())
        });
        assert_eq!(found.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn past_the_deadline_it_says_what_did_not_happen() {
        let start = Instant::now();
        let error = wait_until("a blue moon", DEADLINE, || false).await;
        assert!(error.unwrap_err().to_string().contains("a blue moon"));
        assert!(start.elapsed() >= DEADLINE && start.elapsed() < DEADLINE * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_never_answers_ends_at_the_deadline() {
        let never = wait_for("an answer", DEADLINE, std::future::pending::<Option<()>>);
        assert!(never.await.is_err());
    }
}
