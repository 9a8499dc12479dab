//! When the lock closes and opens. `Stage` says what may follow what; this is the one place that
//! changes it.

use std::sync::{Arc, Mutex, PoisonError};

use tidings_contract::{self as api, Command, LockProblem};
use tidings_model::Timestamp;
use zeroize::Zeroizing;

use super::{App, AppOptions};
use crate::config::LockConfig;
use crate::error::{EngineError, Result};
use crate::lock::{Attempts, Checked, Happened, Locked, Passphrase, Stage};
use crate::secrets::SecretsError;

/// The lock of the program.
pub(super) struct Lock {
    stage: Mutex<Stage>,
    locked: Locked,
    passphrase: Passphrase,
    /// Passphrases are looked at one at a time, so that none escapes the count.
    turn: tokio::sync::Mutex<()>,
    attempts: Mutex<Attempts>,
    /// The key store has not said yet whether there is a passphrase.
    unasked: Mutex<bool>,
}

impl Lock {
    /// As an earlier run left it: closed if there is a passphrase. There is one if the key store has
    /// it, or if the configuration says so: neither alone takes it away.
    pub async fn at_start(options: &AppOptions, locked: Locked, kept: &LockConfig) -> Self {
        let mut passphrase = Passphrase::of(&options.data_dir, options.secrets.clone());
        let mut found = passphrase.is_set().await;
        if let (Ok(false), Some(name)) = (&found, &kept.name) {
            // The directory may have been moved.
            let before = Passphrase::named(name.clone(), options.secrets.clone());
            match before.is_set().await {
                Ok(false) => {}
                set_or_unknown => (passphrase, found) = (before, set_or_unknown),
            }
        }
        let stage = match (&found, kept.on) {
            (Ok(true), _) => Stage::Locked(None),
            (Ok(false), true) if passphrase.durable() => Stage::Locked(Some(LockProblem::Lost)),
            (_, true) => Stage::Locked(Some(LockProblem::NoKeyStore)),
            (_, false) => Stage::Off,
        };
        locked.set(matches!(stage, Stage::Locked(_)));
        Self {
            stage: Mutex::new(stage),
            locked,
            passphrase,
            turn: tokio::sync::Mutex::default(),
            attempts: Mutex::default(),
            unasked: Mutex::new(found.is_err()),
        }
    }

    /// What an earlier run counted.
    pub fn remember(&self, attempts: Attempts) {
        *held(&self.attempts) = attempts;
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.locked.now()
    }

    /// Whether a command is carried out while it is closed: those that its screen needs.
    pub const fn lets_through(command: &Command) -> bool {
        matches!(
            command,
            Command::GetLockState(_)
                | Command::Unlock(_)
                | Command::GetLeftBehind(_)
                | Command::StartOver(_)
        )
    }

    fn stage(&self) -> Stage {
        *held(&self.stage)
    }
}

/// A time without use that can be chosen, next to what a changed file says.
pub(super) fn sound(minutes: u32) -> u32 {
    minutes.clamp(1, api::LOCK_AFTER_MOST)
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes the lock once nobody has used the window for long enough; until the program ends.
pub(super) fn watch(app: &App) {
    let weak = Arc::downgrade(&app.0);
    tokio::spawn(async move {
        while let Some(inner) = weak.upgrade() {
            let now = inner.options.clock.now();
            let minutes = inner.settings.borrow().lock_after;
            let pause = inner.options.pace.look;
            if inner.lock.stage().is_idle(now, minutes) {
                App(inner).happened(Happened::Closed);
            } else {
                drop(inner);
            }
            tokio::time::sleep(pause).await;
        }
    });
}

impl App {
    /// The window was closed to the tray. The first time that is said.
    pub async fn window_hidden(&self) {
        if self.0.settings.borrow().lock_when_hidden {
            self.close_lock();
        }
        self.tell_of_tray().await;
    }

    /// Closes the lock, if a passphrase is set.
    pub fn close_lock(&self) {
        if matches!(self.0.lock.stage(), Stage::Open { .. }) {
            self.happened(Happened::Closed);
        }
    }

    /// Whether the lock is closed: what is shown then says nothing of what it guards.
    pub fn is_locked(&self) -> bool {
        self.0.lock.is_closed()
    }

    /// The one place where the lock changes.
    fn happened(&self, happened: Happened) {
        let lock = &self.0.lock;
        let mut stage = held(&lock.stage);
        let before = *stage;
        *stage = before.after(happened);
        let (was, is) = (before.told(), stage.told());
        let closed = matches!(*stage, Stage::Locked(_));
        // Before windows are told: from here on they are told nothing else.
        lock.locked.set(closed);
        drop(stage);
        if was == is {
            return;
        }
        self.tell_lock();
        if !closed {
            self.0.bus.unlocked();
        }
    }

    fn tell_lock(&self) {
        self.0.bus.emit(api::Event::Lock {
            lock: self.lock_state(),
        });
    }

    pub(super) fn lock_state(&self) -> api::LockState {
        let (stage, problem) = self.0.lock.stage().told();
        let settings = self.0.settings.borrow();
        let wait = held(&self.0.lock.attempts).wait(self.now());
        api::LockState {
            stage,
            problem,
            wait_until: wait.map(Timestamp::as_millis),
            durable: self.0.lock.passphrase.durable(),
            theme: settings.theme,
            language: settings.language,
        }
    }

    pub(super) fn lock_now(&self) -> Result<api::LockState> {
        if self.0.lock.stage() == Stage::Off {
            return Err(EngineError::Invalid("No passphrase is set.".to_owned()));
        }
        self.close_lock();
        Ok(self.lock_state())
    }

    pub(super) fn report_use(&self) -> api::Nothing {
        self.used();
        self.happened(Happened::Used(self.now()));
        api::Nothing {}
    }

    pub(super) async fn unlock(&self, args: api::Unlock) -> Result<api::LockState> {
        let given = Zeroizing::new(args.passphrase);
        let _turn = self.0.lock.turn.lock().await;
        if self.is_locked() {
            self.check(given).await?;
            self.used();
            self.happened(Happened::Opened(self.now()));
            // A key store that did not answer at the start does now.
            if self.front_core().await.is_err() {
                self.open_last().await;
            }
        }
        Ok(self.lock_state())
    }

    /// Sets another passphrase, or takes it away. Whoever does knows the one until now.
    pub(super) async fn set_passphrase(&self, args: api::SetPassphrase) -> Result<api::LockState> {
        let current = args.current.map(Zeroizing::new);
        let new = args.passphrase.map(Zeroizing::new);
        let _turn = self.0.lock.turn.lock().await;
        self.ask_for_passphrase().await?;
        match self.0.lock.stage() {
            Stage::Locked(_) => return Err(EngineError::LockClosed),
            Stage::Open { .. } => self.check(current.unwrap_or_default()).await?,
            Stage::Off => {}
        }
        let passphrase = &self.0.lock.passphrase;
        let Some(new) = new else {
            // The hash last: until it is gone there is a lock, and a passphrase that opens it.
            let was = self.config(|config| config.lock.on);
            self.config_mut(|config| config.lock.on = false)?;
            if let Err(error) = passphrase.remove().await {
                self.config_mut(|config| config.lock.on = was)?;
                return Err(error.into());
            }
            self.happened(Happened::Removed);
            return Ok(self.lock_state());
        };
        passphrase.set(new).await?;
        self.happened(Happened::Set(self.now()));
        // A passphrase that ends with the program is not waited for by the next one.
        let (on, name) = (passphrase.durable(), passphrase.name().to_owned());
        self.config_mut(|config| {
            config.lock.on = on;
            config.lock.name = Some(name);
        })?;
        Ok(self.lock_state())
    }

    /// Looks at a passphrase; whoever calls has the turn. It is counted first, so that nothing that
    /// happens meanwhile makes up for it.
    async fn check(&self, given: Zeroizing<String>) -> Result<()> {
        let lock = &self.0.lock;
        let now = self.now();
        let before = *held(&lock.attempts);
        if before.wait(now).is_some() {
            return Err(EngineError::TooSoon);
        }
        self.count(before.one_more(now));
        match lock.passphrase.check(given).await {
            Ok(Checked::Right) => {
                self.count(Attempts::default());
                Ok(())
            }
            Ok(Checked::Wrong) => {
                self.tell_lock();
                Err(EngineError::Passphrase)
            }
            // Nobody gave a wrong one.
            Ok(Checked::Lost) => {
                self.count(before);
                let problem = if lock.passphrase.durable() {
                    LockProblem::Lost
                } else {
                    LockProblem::NoKeyStore
                };
                self.happened(Happened::Unchecked(problem));
                Err(EngineError::Unchecked)
            }
            Err(error) => {
                self.count(before);
                self.happened(Happened::Unchecked(LockProblem::NoKeyStore));
                Err(error.into())
            }
        }
    }

    fn count(&self, attempts: Attempts) {
        *held(&self.0.lock.attempts) = attempts;
        self.config_kept_or_not(|config| config.lock.attempts = attempts.keep());
    }

    /// Before anything is opened that only the key store can open, and before another passphrase is
    /// set: a key store that could not say at the start whether there is one says it now.
    pub(super) async fn ask_for_passphrase(&self) -> Result<(), SecretsError> {
        let lock = &self.0.lock;
        if !*held(&lock.unasked) {
            return Ok(());
        }
        let found = lock.passphrase.is_set().await?;
        *held(&lock.unasked) = false;
        if found && lock.stage() == Stage::Off {
            self.happened(Happened::Closed);
        }
        Ok(())
    }

    /// Everything that the lock guarded is gone: so are the passphrase and the count.
    pub(super) async fn lock_is_over(&self) -> Result<()> {
        let removed = self.0.lock.passphrase.remove().await;
        *held(&self.0.lock.attempts) = Attempts::default();
        self.happened(Happened::Removed);
        Ok(removed?)
    }

    /// Whoever starts over has the turn: no passphrase is looked at meanwhile.
    pub(super) async fn lock_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.lock.turn.lock().await
    }

    /// Somebody is there.
    pub(super) fn used(&self) {
        self.0.used.send_replace(self.now());
    }

    fn now(&self) -> Timestamp {
        self.0.options.clock.now()
    }
}
