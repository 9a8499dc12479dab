//! What the program and the desktop ask of each other: links, notifications, sounds, autostart.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tidings_contract as api;
use tidings_model::{Language, Locale, RuleId, WorkspaceId};

use super::App;
use crate::error::{EngineError, Result};
use crate::host::{About, Notification, NotificationAction, Play, Pressed};
use crate::words;
use crate::workspace::Core;

/// Minutes for which a button of a notification snoozes a rule.
const SNOOZE: u32 = 15;

impl App {
    /// Someone acted on a notification. Only a click that leads somewhere brings the workspace to
    /// the front that it comes from.
    pub async fn notification_action(&self, about: About, pressed: Pressed) {
        if let Err(error) = self.act(about, pressed).await {
            self.0.bus.emit(api::Event::Notice {
                level: api::NoticeLevel::Error,
                message: error.to_string(),
            });
        }
    }

    async fn act(&self, about: About, pressed: Pressed) -> Result<()> {
        // Where it leads is shown once the lock is open.
        if self.is_locked() && !pressed.shows_window() {
            return Err(EngineError::Invalid(
                "Tidings was locked, so what was chosen in a notification was not done.".to_owned(),
            ));
        }
        let About {
            workspace,
            place,
            rule,
        } = about;
        if let (Pressed::Button(button), Some(rule)) = (&pressed, rule)
            && matches!(
                button,
                NotificationAction::Snooze | NotificationAction::Mute
            )
        {
            let core = self.core_of(workspace).await?;
            return put_off(&core, *button, rule).await;
        }
        match (pressed, place) {
            (
                Pressed::Button(NotificationAction::MarkRead),
                api::Place::Session {
                    session,
                    message: Some(message),
                },
            ) => {
                let core = self.core_of(workspace).await?;
                core.mark_read(&api::MarkRead { session, message }).await?;
            }
            (Pressed::Reply(text), api::Place::Session { session, message }) => {
                let core = self.core_of(workspace).await?;
                reply(&core, session, message, text).await?;
            }
            (_, place) => {
                if let Some(id) = workspace {
                    self.open(id).await?;
                }
                self.show(place);
            }
        }
        Ok(())
    }

    /// A workspace that is open; none: the one in front.
    async fn core_of(&self, workspace: Option<WorkspaceId>) -> Result<Arc<Core>> {
        let Some(id) = workspace else {
            return self.front_core().await;
        };
        let running = self.0.running.lock().await;
        let opened = running.workspaces.get(&id);
        opened
            .map(|opened| opened.workspace.core().clone())
            .ok_or(EngineError::NoWorkspace)
    }

    pub(super) fn open_link(&self, args: &api::OpenLink) -> Result<api::Nothing> {
        let url = url::Url::parse(&args.url)
            .map_err(|_| EngineError::Invalid("This is not an address.".to_owned()))?;
        if !matches!(url.scheme(), "https" | "http" | "mailto") {
            return Err(EngineError::Invalid(format!(
                "Addresses that begin with {}: are not opened.",
                url.scheme()
            )));
        }
        self.0
            .options
            .host
            .open_link(url.as_str())
            .map_err(EngineError::Invalid)?;
        Ok(api::Nothing {})
    }

    pub(super) async fn desktop(&self) -> api::Desktop {
        let host = &self.0.options.host;
        let able = host.notifications().await;
        let sound = self.0.settings.borrow().sound.clone();
        let (_, sound_problem) = self.0.sounds.play(&sound);
        api::Desktop {
            notifications: able.service,
            sounds: able.sounds,
            own_sound: able.own_sound,
            sound_problem,
            has_settings: able.has_settings,
            autostart: host.autostart(),
            zone: tidings_model::system_zone(),
        }
    }

    pub(super) fn open_notification_settings(&self) -> Result<api::Nothing> {
        let opened = self.0.options.host.open_notification_settings();
        opened.map_err(EngineError::Invalid)?;
        Ok(api::Nothing {})
    }

    pub(super) fn set_autostart(&self, args: &api::SetAutostart) -> Result<api::Nothing> {
        let set = self.0.options.host.set_autostart(args.on);
        set.map_err(EngineError::Invalid)?;
        Ok(api::Nothing {})
    }

    pub(super) async fn choose_sound(&self, args: api::ChooseSound) -> Result<api::Settings> {
        let bytes = STANDARD.decode(&args.data).map_err(|_| {
            EngineError::Invalid("The file did not arrive whole. Choose it again.".to_owned())
        })?;
        self.0.sounds.keep_own(&bytes)?;
        let mut settings = self.0.settings.borrow().clone();
        settings.sound = api::Sound::Own {
            name: args.name.chars().take(200).collect(),
        };
        self.set_settings(api::SetSettings { settings }).await
    }

    pub(super) async fn test_notification(&self) -> api::NotificationReport {
        let said = words::test_notification(self.language());
        let mut test = self.own_notification("test", said, api::Place::Alerts);
        test.actions = vec![NotificationAction::OpenChart];
        test.sound = self.0.sounds.play(&self.0.settings.borrow().sound).0;
        self.0.options.host.notify(test).await
    }

    /// Says, once, that the program goes on in the tray.
    pub(super) async fn tell_of_tray(&self) {
        let (told, tells) = {
            let settings = self.0.settings.borrow();
            (settings.tray_hint_shown, settings.notifications)
        };
        if told || !tells {
            return;
        }
        // Before it is: a desktop may take long, and the window be closed again meanwhile.
        self.note_tray_told(true).await;
        let said = words::in_the_tray(self.language());
        let hint = self.own_notification("tray", said, api::Place::Window);
        if !self.0.options.host.notify(hint).await.shown {
            self.note_tray_told(false).await;
        }
    }

    async fn note_tray_told(&self, told: bool) {
        let mut settings = self.0.settings.borrow().clone();
        settings.tray_hint_shown = told;
        if let Err(error) = self.set_settings(api::SetSettings { settings }).await {
            tracing::warn!(%error, "that the tray was told of was not kept");
        }
    }

    fn language(&self) -> Language {
        Locale::from(self.0.settings.borrow().wording).language
    }

    /// A notification of the program itself, without a sound.
    fn own_notification(
        &self,
        id: &str,
        (title, body): (&str, &str),
        place: api::Place,
    ) -> Notification {
        Notification {
            id: id.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
            language: self.language(),
            actions: Vec::new(),
            about: About {
                workspace: None,
                place,
                rule: None,
            },
            sound: Play::Silent,
        }
    }
}

/// Has a rule tell later, or nothing more.
async fn put_off(core: &Core, button: NotificationAction, rule: RuleId) -> Result<()> {
    let id = rule.to_string();
    if button == NotificationAction::Mute {
        core.mute_rule(&api::MuteRule { id, muted: true }).await?;
    } else {
        let snooze = api::Snooze::Minutes { minutes: SNOOZE };
        core.snooze_rule(&api::SnoozeRule { id, snooze }).await?;
    }
    core.tell_rules().await;
    Ok(())
}

/// Sends an answer that was written in a notification. One that cannot be sent is kept as the
/// session's draft.
async fn reply(core: &Core, session: String, message: Option<String>, text: String) -> Result<()> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let send = api::SendMessage {
        session: session.clone(),
        content: text.clone(),
        reply_to: None,
    };
    if let Err(error) = core.send_message(send).await {
        core.add_to_draft(&session, &text).await?;
        return Err(error);
    }
    if let Some(message) = message {
        core.mark_read(&api::MarkRead { session, message }).await?;
    }
    Ok(())
}
