//! Tells the engine that the network is another one: an address came or went.
//!
//! The systems tell it themselves: rtnetlink on Linux, the routing socket on macOS, the IP helper
//! on Windows, behind one crate.

use std::future::ready;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use if_watch::tokio::IfWatcher;
use tidings_engine::App;
use tokio::time::{Instant, timeout_at};

/// A change is over when nothing has changed for this long: interfaces come with several addresses.
const QUIET: Duration = Duration::from_secs(1);
/// One that never rests is told after this long, and again.
const LATEST: Duration = Duration::from_secs(5);
/// The system is asked again after this long when it could not tell.
const AGAIN: Duration = Duration::from_mins(1);

/// Follows the network until the program ends.
pub async fn follow(app: App) {
    loop {
        match IfWatcher::new() {
            Ok(watcher) => {
                let mut settled = Settled(changes(watcher));
                while settled.next().await {
                    app.network_changed().await;
                }
            }
            Err(error) => tracing::warn!(%error, "the network is not followed"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Each address that comes or goes, those of the beginning included; ends at an error.
fn changes(watcher: IfWatcher) -> impl Stream<Item = ()> + Unpin {
    watcher
        .take_while(|event| {
            match event {
                Ok(event) => tracing::debug!(?event, "network"),
                Err(error) => tracing::warn!(%error, "the network is not followed any more"),
            }
            ready(event.is_ok())
        })
        .map(|_| ())
        .fuse()
}

/// Changes that come close together as one.
struct Settled<S>(S);

impl<S: Stream<Item = ()> + Unpin> Settled<S> {
    /// Waits until something has changed and is quiet again; false at the end.
    async fn next(&mut self) -> bool {
        if self.0.next().await.is_none() {
            return false;
        }
        let latest = Instant::now() + LATEST;
        loop {
            let until = (Instant::now() + QUIET).min(latest);
            if !matches!(timeout_at(until, self.0.next()).await, Ok(Some(()))) {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// What is told when changes come at these seconds.
    async fn told(at: impl IntoIterator<Item = f64>) -> Vec<u64> {
        let began = Instant::now();
        let moments: Vec<Instant> = at
            .into_iter()
            .map(|second| began + Duration::from_secs_f64(second))
            .collect();
        let changes =
            futures_util::stream::iter(moments).then(|moment| tokio::time::sleep_until(moment));
        let mut settled = Settled(Box::pin(changes.fuse()));
        let mut told = Vec::new();
        while settled.next().await {
            told.push(began.elapsed().as_secs());
        }
        told
    }

    #[tokio::test(start_paused = true)]
    async fn changes_close_together_are_one() {
        assert_eq!(told([0.0, 0.2, 0.9, 1.5]).await, [1]);
        assert_eq!(told([0.0, 0.5, 10.0, 20.0]).await, [1, 11, 20]);
        assert_eq!(told([]).await, [0; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_never_rests_is_told_every_five_seconds() {
        let restless = (0..100).map(|n| f64::from(n) * 0.2);
        let told = told(restless).await;
        assert!((4..=5).contains(&told.len()), "{told:?}");
        assert_eq!(told[0], 5);
    }

    /// Set in the process that has a network of its own.
    const INSIDE: &str = "TIDINGS_OWN_NETWORK";

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_that_comes_or_goes_is_told_by_the_system() {
        use std::process::Command;

        if std::env::var_os(INSIDE).is_some() {
            return inside();
        }
        let own = std::env::current_exe().unwrap();
        let outcome = Command::new("unshare")
            .args(["--map-root-user", "--net"])
            .arg(own)
            .args([
                "--exact",
                "network::tests::an_address_that_comes_or_goes_is_told_by_the_system",
            ])
            .arg("--nocapture")
            .env(INSIDE, "1")
            .output();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return skipped(&error.to_string()),
        };
        let said = String::from_utf8_lossy(&outcome.stderr);
        if said.contains("unshare failed") || said.contains("Operation not permitted") {
            return skipped(&said);
        }
        let text = String::from_utf8_lossy(&outcome.stdout);
        assert!(
            outcome.status.success() && text.contains("1 passed"),
            "{text}{said}"
        );
    }

    /// A network of its own has a loopback interface that is down, and nothing else.
    #[cfg(target_os = "linux")]
    fn inside() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut settled = Settled(changes(IfWatcher::new().unwrap()));
            for change in [
                ["link", "set", "lo", "up"].as_slice(),
                ["addr", "add", "192.0.2.7/32", "dev", "lo"].as_slice(),
                ["addr", "del", "192.0.2.7/32", "dev", "lo"].as_slice(),
            ] {
                let done = tokio::process::Command::new("ip").args(change).status();
                assert!(done.await.unwrap().success(), "ip {change:?}");
                let told = tokio::time::timeout(Duration::from_secs(20), settled.next());
                assert!(told.await.expect("a change"), "{change:?}");
            }
        });
    }

    fn skipped(why: &str) {
        eprintln!("SKIPPED: a network of one's own cannot be made here: {why}");
    }
}
