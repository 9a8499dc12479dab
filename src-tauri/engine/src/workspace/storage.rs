//! Tells when the disk refuses what should be kept, and goes on by itself once it takes it again.

use std::sync::Arc;
use std::time::Duration;

use tidings_cache::CacheError;
use tidings_contract as api;

use super::Core;

/// Waits between two attempts grow up to this.
const LONGEST: Duration = Duration::from_mins(5);

/// Runs until the workspace closes.
pub(super) async fn run(core: Arc<Core>) {
    let mut trouble = core.cache.trouble();
    let mut wait = core.pace.disk;
    loop {
        let Ok(met) = trouble
            .wait_for(Option::is_some)
            .await
            .map(|met| met.clone())
        else {
            return;
        };
        if let Some(error) = &met {
            tell(&core, api::NoticeLevel::Error, &sentence(error));
        }
        core.tell_machine();
        if matches!(met, Some(CacheError::Damaged(_))) {
            // Nothing helps but the next start.
            return;
        }
        while trouble.borrow_and_update().is_some() {
            tokio::select! {
                () = tokio::time::sleep(wait) => {
                    // What comes of it is seen in the trouble.
                    let _ = core.cache.try_to_write().await;
                }
                changed = trouble.changed() => if changed.is_err() {
                    return;
                },
            }
        }
        core.tell_machine();
        tell(
            &core,
            api::NoticeLevel::Info,
            "The disk takes new messages again. What was missed is being read from the project.",
        );
        core.sync.catch_up();
        core.outbox.notify_one();
        // A disk on which only little finds room is not worth a word every few seconds.
        wait = (wait * 2).min(LONGEST);
    }
}

/// What it means for whoever uses the program.
fn sentence(error: &CacheError) -> String {
    match error {
        CacheError::DiskFull => {
            "No space is left on this disk. Everything that was kept before is \
             safe and can be read. New messages are not kept, and nothing can be written, until \
             there is room; Tidings goes on by itself then."
                .to_owned()
        }
        CacheError::Damaged(_) => error.to_string(),
        error => format!("{error} Tidings goes on by itself once it can write again."),
    }
}

/// Also while the workspace is only just being opened, or not in front.
fn tell(core: &Core, level: api::NoticeLevel, message: &str) {
    core.bus.emit(api::Event::Notice {
        level,
        message: message.to_owned(),
    });
}
