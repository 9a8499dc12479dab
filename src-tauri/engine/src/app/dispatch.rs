//! Every command to the one place that carries it out.

use std::sync::Arc;

use serde_json::value::RawValue;
use tidings_contract::{self as api, ApiError, Call, Command, ErrorCode};
use tidings_model::WorkspaceId;
use tidings_supabase::{Project, ProjectKey};

use super::lock::Lock;
use super::{App, check};
use crate::config::{WorkspaceConfig, WorkspacePlace};
use crate::error::{EngineError, Result};
use crate::workspace::Core;

/// Name of the local workspace in the switcher.
const LOCAL_NAME: &str = "Local workspace";

/// A command's answer. The type of the reply is the one that the contract names.
fn reply<C: Call>(result: Result<C::Reply>) -> Result<Box<RawValue>, ApiError> {
    let reply = result.map_err(ApiError::from)?;
    serde_json::value::to_raw_value(&reply)
        .map_err(|error| ApiError::new(ErrorCode::Internal, error.to_string()))
}

impl App {
    /// Carries a command of a window out: while the lock is closed, none but those of its screen. What
    /// was begun before it closed is not answered any more.
    pub async fn call(&self, command: Command) -> Result<Box<RawValue>, ApiError> {
        let concerns_lock = Lock::lets_through(&command) || matches!(command, Command::LockNow(_));
        if self.is_locked() && !Lock::lets_through(&command) {
            return Err(EngineError::LockClosed.into());
        }
        let reply = self.carry_out(command).await;
        if self.is_locked() && !concerns_lock {
            return Err(EngineError::LockClosed.into());
        }
        reply
    }

    /// Carries a command out, whether the lock is closed or not: for the program's own parts, which
    /// show nothing of what it guards.
    pub async fn carry_out(&self, command: Command) -> Result<Box<RawValue>, ApiError> {
        match command {
            Command::GetSnapshot(_) => reply::<api::GetSnapshot>(self.snapshot().await),
            Command::StartLocal(_) => reply::<api::StartLocal>(self.start_local().await),
            Command::CheckProject(args) => {
                let schema = self.0.settings.borrow().schema.clone();
                let means = check::Means {
                    http: &self.0.http,
                    sockets: self.0.options.network.sockets(),
                    clock: &*self.0.options.clock,
                    schema: &schema,
                };
                let check = Box::pin(check::run(means, &args.url, &args.key));
                reply::<api::CheckProject>(Ok(check.await))
            }
            Command::AddWorkspace(args) => {
                reply::<api::AddWorkspace>(self.add_workspace(args).await)
            }
            Command::SelectWorkspace(args) => reply::<api::SelectWorkspace>(match id(&args.id) {
                Ok(id) => self.open(id).await,
                Err(error) => Err(error),
            }),
            Command::RemoveWorkspace(args) => {
                reply::<api::RemoveWorkspace>(self.remove_workspace(&args).await)
            }
            Command::GetLockState(_) => reply::<api::GetLockState>(Ok(self.lock_state())),
            Command::Unlock(args) => reply::<api::Unlock>(self.unlock(args).await),
            Command::LockNow(_) => reply::<api::LockNow>(self.lock_now()),
            Command::SetPassphrase(args) => {
                reply::<api::SetPassphrase>(self.set_passphrase(args).await)
            }
            Command::ReportUse(_) => reply::<api::ReportUse>(Ok(self.report_use())),
            Command::GetLeftBehind(_) => reply::<api::GetLeftBehind>(Ok(self.left_behind().await)),
            Command::StartOver(_) => reply::<api::StartOver>(self.start_over().await),
            Command::GetSettings(_) => {
                reply::<api::GetSettings>(Ok(self.0.settings.borrow().clone()))
            }
            Command::SetSettings(args) => reply::<api::SetSettings>(self.set_settings(args).await),
            Command::OpenLink(args) => reply::<api::OpenLink>(self.open_link(&args)),
            Command::TestNotification(_) => {
                reply::<api::TestNotification>(Ok(self.test_notification().await))
            }
            Command::GetDesktop(_) => reply::<api::GetDesktop>(Ok(self.desktop().await)),
            Command::OpenNotificationSettings(_) => {
                reply::<api::OpenNotificationSettings>(self.open_notification_settings())
            }
            Command::SetAutostart(args) => reply::<api::SetAutostart>(self.set_autostart(&args)),
            Command::ChooseSound(args) => reply::<api::ChooseSound>(self.choose_sound(args).await),
            Command::MuteAlerts(args) => reply::<api::MuteAlerts>(self.mute_alerts(&args)),
            Command::PauseNotifications(args) => {
                reply::<api::PauseNotifications>(self.pause_notifications(&args))
            }
            Command::SaveFrameLog(_) => reply::<api::SaveFrameLog>(self.save_frame_log().await),
            Command::Export(args) => reply::<api::Export>(self.export(args).await),
            Command::Import(args) => reply::<api::Import>(self.import(args).await),
            Command::ExportRules(_) => reply::<api::ExportRules>(self.export_rules().await),
            Command::ImportRules(args) => reply::<api::ImportRules>(self.import_rules(args).await),
            command => self.call_front(command).await,
        }
    }

    /// Commands that concern the workspace in front.
    async fn call_front(&self, command: Command) -> Result<Box<RawValue>, ApiError> {
        // Also from the tray or a notification: whoever does that is there.
        if matches!(command, Command::SetPresence(_) | Command::SendMessage(_)) {
            self.used();
        }
        let core = self.front_core().await?;
        call_workspace(&core, command).await
    }

    pub(super) async fn front_core(&self) -> Result<Arc<Core>> {
        let running = self.0.running.lock().await;
        self.front(&running)
            .map(|(_, opened)| opened.workspace.core().clone())
    }

    async fn snapshot(&self) -> Result<api::Snapshot> {
        let running = self.0.running.lock().await;
        // Read before the rest: an event that the rest includes already does no harm.
        let seq = self.0.bus.last();
        let active = match self.front(&running) {
            Ok((id, opened)) => {
                let info = Self::info(&self.workspace_config(id)?, &running);
                let core = opened.workspace.core();
                Some(core.workspace_state(info, opened.secrets_in_memory).await?)
            }
            Err(_) => None,
        };
        let options = &self.0.options;
        // By itself: borrowed until the end of what follows, the settings could not be changed, and
        // the lock's state, which borrows them too, would wait behind whoever wants to change them.
        let settings = self.0.settings.borrow().clone();
        Ok(api::Snapshot {
            seq,
            workspaces: self.infos(&running),
            active,
            settings,
            version: options.version.clone(),
            platform: std::env::consts::OS.to_owned(),
            default_url: options.default_url.clone(),
            default_key: options.default_key.clone(),
            has_tray: options.host.has_tray(),
            alerts_muted_until: self.alerts_muted(),
            notifications_paused_until: self.notifications_paused(),
            lock: self.lock_state(),
        })
    }

    async fn start_local(&self) -> Result<api::WorkspaceInfo> {
        let id = self.insert_workspace(LOCAL_NAME.to_owned(), WorkspacePlace::Local)?;
        self.open(id).await
    }

    async fn add_workspace(&self, args: api::AddWorkspace) -> Result<api::WorkspaceInfo> {
        let key = ProjectKey::parse(&args.key).map_err(|e| EngineError::Key(e.to_string()))?;
        let kept_key = key.expose().to_owned();
        let project = Project::new(&args.url, key)
            .map_err(|error| EngineError::Invalid(error.to_string()))?;
        let name = args
            .name
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| name_of(project.url()));
        let place = WorkspacePlace::Project {
            url: project.url().to_string(),
            key: kept_key,
        };
        let id = self.insert_workspace(name, place)?;
        self.open(id).await
    }

    /// Adds a workspace. There is one local one: asked for again, it is that one.
    fn insert_workspace(&self, name: String, place: WorkspacePlace) -> Result<WorkspaceId> {
        let mut id = WorkspaceId::mint();
        let fresh = WorkspaceConfig {
            id,
            name,
            place,
            email: None,
            user_id: None,
            last_session: None,
        };
        self.config_mut(|config| {
            let local = |w: &&WorkspaceConfig| matches!(w.place, WorkspacePlace::Local);
            let known = config.workspaces.iter().find(local).map(|w| w.id);
            match known.filter(|_| local(&&fresh)) {
                Some(known) => id = known,
                None => config.workspaces.push(fresh),
            }
        })?;
        Ok(id)
    }

    async fn remove_workspace(&self, args: &api::RemoveWorkspace) -> Result<api::Nothing> {
        self.remove(id(&args.id)?).await?;
        Ok(api::Nothing {})
    }

    pub(super) async fn set_settings(&self, args: api::SetSettings) -> Result<api::Settings> {
        let mut settings = args.settings;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if settings.schema.is_empty() || !settings.schema.chars().all(plain) {
            return Err(EngineError::Invalid(
                "A schema is named with letters, digits and underscores.".to_owned(),
            ));
        }
        let problem = api::zoom_problem(settings.zoom);
        let problem = problem.or_else(|| settings.realtime.problem());
        let problem = problem.or_else(|| settings.retention.problem());
        let problem = problem.or_else(|| settings.price_keeping.problem());
        if let Some(problem) = problem.or_else(|| settings.quiet.problem()) {
            return Err(EngineError::Invalid(problem));
        }
        let most = api::LOCK_AFTER_MOST;
        if settings
            .lock_after
            .is_some_and(|m| !(1..=most).contains(&m))
        {
            return Err(EngineError::Invalid(format!(
                "Tidings can lock after 1 to {most} minutes without use."
            )));
        }
        tidings_alerts::Template::read(&settings.alert_message)
            .map_err(|error| EngineError::Invalid(error.to_string()))?;
        self.config_mut(|config| {
            settings.revision = config.settings.revision;
            if settings != config.settings {
                settings.revision += 1;
                config.settings = settings.clone();
            }
        })?;
        let before = self.0.settings.send_replace(settings.clone());
        self.0.bus.emit(api::Event::Settings {
            settings: settings.clone(),
        });
        if before.schema != settings.schema {
            self.reopen_projects().await;
        }
        if before.wording != settings.wording {
            self.reword().await;
        }
        Ok(settings)
    }

    /// The sentences of rules are written in another way now.
    async fn reword(&self) {
        if let Ok(core) = self.front_core().await {
            core.tell_rules().await;
        }
    }
}

#[allow(
    clippy::too_many_lines,
    reason = "one arm for each command of the table"
)]
async fn call_workspace(core: &Core, command: Command) -> Result<Box<RawValue>, ApiError> {
    match command {
        Command::SignIn(args) => reply::<api::SignIn>(core.sign_in(args).await),
        Command::SignUp(args) => reply::<api::SignUp>(core.sign_up(args).await),
        Command::RequestCode(args) => reply::<api::RequestCode>(core.request_code(&args).await),
        Command::ResendCode(args) => reply::<api::ResendCode>(core.resend_code(&args).await),
        Command::ResetPassword(args) => {
            reply::<api::ResetPassword>(core.reset_password(&args).await)
        }
        Command::VerifyCode(args) => reply::<api::VerifyCode>(core.verify_code(args).await),
        Command::GetSignInOptions(_) => {
            reply::<api::GetSignInOptions>(core.sign_in_options().await)
        }
        Command::SignInWithProvider(args) => {
            reply::<api::SignInWithProvider>(core.sign_in_with_provider(&args).await)
        }
        Command::CancelSignIn(_) => reply::<api::CancelSignIn>(Ok(core.cancel_sign_in())),
        Command::VerifyFactor(args) => reply::<api::VerifyFactor>(core.verify_factor(args).await),
        Command::ListFactors(_) => reply::<api::ListFactors>(core.factors().await),
        Command::EnrolFactor(args) => reply::<api::EnrolFactor>(core.enrol_factor(&args).await),
        Command::RemoveFactor(args) => reply::<api::RemoveFactor>(core.remove_factor(&args).await),
        Command::SetName(args) => reply::<api::SetName>(core.set_name(&args).await),
        Command::SetPassword(args) => reply::<api::SetPassword>(core.set_password(args).await),
        Command::RequestPasswordCode(_) => {
            reply::<api::RequestPasswordCode>(core.request_password_code().await)
        }
        Command::SignOut(args) => reply::<api::SignOut>(core.sign_out(&args).await),
        Command::Connect(_) => reply::<api::Connect>(Ok(core.connect())),
        Command::Disconnect(_) => reply::<api::Disconnect>(Ok(core.disconnect())),
        Command::PauseDownload(args) => {
            reply::<api::PauseDownload>(core.pause_download(&args).await)
        }
        Command::GetDiagnostics(_) => reply::<api::GetDiagnostics>(Ok(core.diagnostics())),
        Command::GetFrameLog(args) => reply::<api::GetFrameLog>(Ok(core.frame_log(&args))),
        Command::SetPresence(args) => reply::<api::SetPresence>(Ok(core.set_presence(&args).await)),
        Command::ListSessions(_) => reply::<api::ListSessions>(core.sessions().await),
        Command::OpenSession(args) => reply::<api::OpenSession>(core.open_session(args).await),
        Command::CloseSession(args) => reply::<api::CloseSession>(core.close_session(&args).await),
        Command::GetMessages(args) => reply::<api::GetMessages>(core.messages(args).await),
        Command::CreateSession(args) => {
            reply::<api::CreateSession>(core.create_session(args).await)
        }
        Command::UpdateSession(args) => {
            reply::<api::UpdateSession>(core.update_session(args).await)
        }
        Command::DeleteSession(args) => {
            reply::<api::DeleteSession>(core.delete_session(&args).await)
        }
        Command::SendMessage(args) => reply::<api::SendMessage>(core.send_message(args).await),
        Command::EditMessage(args) => reply::<api::EditMessage>(core.edit_message(args).await),
        Command::DeleteMessage(args) => {
            reply::<api::DeleteMessage>(core.delete_message(&args).await)
        }
        Command::RetryMessage(args) => reply::<api::RetryMessage>(core.retry_message(&args).await),
        Command::DiscardMessage(args) => {
            reply::<api::DiscardMessage>(core.discard_message(&args).await)
        }
        Command::RetryChange(args) => reply::<api::RetryChange>(core.retry_change(&args).await),
        Command::DiscardChange(args) => {
            reply::<api::DiscardChange>(core.discard_change(&args).await)
        }
        Command::AnswerHeld(args) => reply::<api::AnswerHeld>(core.answer_held(&args).await),
        Command::FindDate(args) => reply::<api::FindDate>(core.find_date(&args).await),
        Command::GetStorage(_) => reply::<api::GetStorage>(core.storage().await),
        Command::GetPriceStorage(_) => reply::<api::GetPriceStorage>(core.price_storage().await),
        Command::PreviewRetention(args) => {
            reply::<api::PreviewRetention>(core.preview_retention(&args).await)
        }
        Command::RemoveFromDevice(args) => {
            reply::<api::RemoveFromDevice>(core.remove_from_device(&args).await)
        }
        Command::MarkRead(args) => reply::<api::MarkRead>(core.mark_read(&args).await),
        Command::SetDraft(args) => reply::<api::SetDraft>(core.set_draft(args).await),
        Command::Typing(args) => reply::<api::Typing>(core.typing(&args).await),
        Command::PinSession(args) => reply::<api::PinSession>(core.pin_session(&args).await),
        Command::NotifySession(args) => {
            reply::<api::NotifySession>(core.notify_session(&args).await)
        }
        Command::GetVoiceFile(args) => reply::<api::GetVoiceFile>(core.get_voice_file(&args).await),
        Command::ListOutbox(_) => reply::<api::ListOutbox>(core.outbox().await),
        Command::Search(args) => reply::<api::Search>(core.search(args).await),
        Command::Suggest(args) => reply::<api::Suggest>(core.suggest(args).await),
        Command::GetDetails(args) => reply::<api::GetDetails>(core.details(&args).await),
        command @ (Command::ListParticipants(_)
        | Command::CreateInvite(_)
        | Command::ListInvites(_)
        | Command::WithdrawInvite(_)
        | Command::RedeemInvite(_)
        | Command::SetMemberRole(_)
        | Command::RemoveMember(_)
        | Command::LeaveSession(_)) => call_members(core, command).await,
        Command::GetWatchList(_) => reply::<api::GetWatchList>(core.watch_list().await),
        Command::SetWatchList(args) => reply::<api::SetWatchList>(core.set_watch_list(args).await),
        Command::ListSymbols(_) => reply::<api::ListSymbols>(core.symbols().await),
        Command::GetPriceHistory(args) => {
            reply::<api::GetPriceHistory>(core.price_history(args).await)
        }
        Command::ListRules(_) => reply::<api::ListRules>(core.rules().await),
        Command::SaveRule(args) => reply::<api::SaveRule>(core.save_rule(args).await),
        Command::DeleteRule(args) => reply::<api::DeleteRule>(core.delete_rule(&args).await),
        Command::EnableRule(args) => reply::<api::EnableRule>(core.enable_rule(&args).await),
        Command::SnoozeRule(args) => reply::<api::SnoozeRule>(core.snooze_rule(&args).await),
        Command::MuteRule(args) => reply::<api::MuteRule>(core.mute_rule(&args).await),
        Command::PreviewRule(args) => reply::<api::PreviewRule>(Ok(core.preview_rule(args).await)),
        Command::ListFirings(args) => reply::<api::ListFirings>(core.firings(args).await),
        // Those of the program itself have been carried out before.
        Command::GetSnapshot(_)
        | Command::StartLocal(_)
        | Command::CheckProject(_)
        | Command::AddWorkspace(_)
        | Command::SelectWorkspace(_)
        | Command::RemoveWorkspace(_)
        | Command::GetLockState(_)
        | Command::Unlock(_)
        | Command::LockNow(_)
        | Command::SetPassphrase(_)
        | Command::ReportUse(_)
        | Command::GetLeftBehind(_)
        | Command::StartOver(_)
        | Command::GetSettings(_)
        | Command::SetSettings(_)
        | Command::SaveFrameLog(_)
        | Command::Export(_)
        | Command::Import(_)
        | Command::ExportRules(_)
        | Command::ImportRules(_)
        | Command::OpenLink(_)
        | Command::TestNotification(_)
        | Command::GetDesktop(_)
        | Command::OpenNotificationSettings(_)
        | Command::SetAutostart(_)
        | Command::ChooseSound(_)
        | Command::MuteAlerts(_)
        | Command::PauseNotifications(_) => Err(misplaced()),
    }
}

/// Those about who takes part in sessions.
async fn call_members(core: &Core, command: Command) -> Result<Box<RawValue>, ApiError> {
    match command {
        Command::ListParticipants(args) => {
            reply::<api::ListParticipants>(core.participants(&args).await)
        }
        Command::CreateInvite(args) => reply::<api::CreateInvite>(core.create_invite(&args).await),
        Command::ListInvites(args) => reply::<api::ListInvites>(core.invites(&args).await),
        Command::WithdrawInvite(args) => {
            reply::<api::WithdrawInvite>(core.withdraw_invite(&args).await)
        }
        Command::RedeemInvite(args) => reply::<api::RedeemInvite>(core.redeem_invite(&args).await),
        Command::SetMemberRole(args) => {
            reply::<api::SetMemberRole>(core.set_member_role(&args).await)
        }
        Command::RemoveMember(args) => reply::<api::RemoveMember>(core.remove_member(&args).await),
        Command::LeaveSession(args) => reply::<api::LeaveSession>(core.leave_session(&args).await),
        _ => Err(misplaced()),
    }
}

fn misplaced() -> ApiError {
    ApiError::new(
        ErrorCode::Internal,
        "The command was taken to the wrong place.",
    )
}

/// What a project is called until the user says otherwise: its reference, which is the first
/// label of a hosted address; host and port of any other.
fn name_of(url: &url::Url) -> String {
    match (url.domain(), url.port()) {
        (Some(domain), None) => domain.split('.').next().unwrap_or(domain).to_owned(),
        _ => url.authority().to_owned(),
    }
}

fn id(text: &str) -> Result<WorkspaceId> {
    text.parse()
        .map_err(|error: tidings_model::IdError| EngineError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_project_is_named_by_its_reference_or_its_host_and_port() {
        for (address, name) in [
            ("https://abcd.supabase.co/", "abcd"),
            ("http://127.0.0.1:54321/", "127.0.0.1:54321"),
            ("http://localhost:8000/", "localhost:8000"),
            ("https://[::1]:9000/", "[::1]:9000"),
        ] {
            assert_eq!(name_of(&address.parse().unwrap()), name);
        }
    }
}
