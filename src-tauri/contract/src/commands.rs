//! Every command, its arguments and the type of its reply.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use ts_rs::{Config, ExportError, TS, TypeVisitor};

#[allow(
    clippy::wildcard_imports,
    reason = "this table names every type of the contract"
)]
use crate::*;

/// A command's arguments, and through them its name and the type of its reply.
pub trait Call: DeserializeOwned + Serialize + Into<Command> {
    /// Name on the wire.
    const NAME: &'static str;
    /// What a success answers.
    type Reply: Serialize + DeserializeOwned + TS + 'static;
}

/// Arguments of a command that takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Nothing {}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:literal = $variant:ident -> $reply:ty;)+) => {
        /// A command as it stands on the wire: `{"command": name, "args": {…}}`.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(tag = "command", content = "args", deny_unknown_fields)]
        pub enum Command {
            $($(#[$doc])* #[serde(rename = $name)] $variant($variant),)+
        }

        impl Command {
            /// Name on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// Every command's name, in the order of the table.
            pub const NAMES: &'static [&'static str] = &[$($name,)+];
        }

        $(
            impl Call for $variant {
                const NAME: &'static str = $name;
                type Reply = $reply;
            }
            impl From<$variant> for Command {
                fn from(arguments: $variant) -> Self { Self::$variant(arguments) }
            }
        )+

        /// Exports every type of the contract as TypeScript into the directory of `config`,
        /// and answers the text of the map from command name to arguments and reply.
        pub fn export_types(config: &Config) -> Result<String, ExportError> {
            let mut imports = std::collections::BTreeSet::new();
            let mut map = String::from("export interface Commands {\n");
            $(
                <$variant as TS>::export_all(config)?;
                imports.insert(<$variant as TS>::ident(config));
                imports.extend(export_named::<$reply>(config)?);
                map.push_str(&format!(
                    "  {}: {{ args: {}; reply: {} }};\n",
                    $name,
                    <$variant as TS>::name(config),
                    <$reply as TS>::name(config),
                ));
            )+
            map.push_str("}\n\nexport type CommandName = keyof Commands;\n");
            let imports: String = imports
                .iter()
                .map(|name| format!("import type {{ {name} }} from \"./{name}\";\n"))
                .collect();
            Ok(format!("{imports}\n{map}"))
        }
    };
}

/// Exports a reply's type, and answers the types that its name mentions: a reply such as
/// `Vec<SessionRow>` has no file of its own, its parts have.
fn export_named<T: TS + 'static + ?Sized>(config: &Config) -> Result<Vec<String>, ExportError> {
    struct Parts<'a> {
        config: &'a Config,
        names: Vec<String>,
        outcome: Result<(), ExportError>,
    }
    impl TypeVisitor for Parts<'_> {
        fn visit<U: TS + 'static + ?Sized>(&mut self) {
            if U::output_path().is_some() && self.outcome.is_ok() {
                self.names.push(U::ident(self.config));
                self.outcome = U::export_all(self.config);
            }
        }
    }
    let mut parts = Parts {
        config,
        names: Vec::new(),
        outcome: Ok(()),
    };
    parts.visit::<T>();
    T::visit_generics(&mut parts);
    parts.outcome.map(|()| parts.names)
}

commands! {
    /// Everything that a window needs to draw its first screen.
    "snapshot" = GetSnapshot -> Snapshot;
    /// Opens the embedded local workspace, making it on first use.
    "start_local" = StartLocal -> WorkspaceInfo;
    /// Looks at a project before it is added: answers, key, tables, policies, realtime, parts, clock.
    "check_project" = CheckProject -> ProjectCheck;
    /// Adds a Supabase project and opens it, signed out.
    "add_workspace" = AddWorkspace -> WorkspaceInfo;
    /// Brings another workspace to the front.
    "select_workspace" = SelectWorkspace -> WorkspaceInfo;
    /// Removes a workspace, its cache and its secrets from this computer.
    "remove_workspace" = RemoveWorkspace -> Nothing;
    /// Signs in with mail address and password.
    "sign_in" = SignIn -> SignInState;
    /// Makes an account.
    "sign_up" = SignUp -> SignUpOutcome;
    /// Has a code to sign in with sent by mail.
    "request_code" = RequestCode -> Nothing;
    /// Has the code that confirms a new account sent once more.
    "resend_code" = ResendCode -> Nothing;
    /// Has a code to set a new password with sent by mail.
    "reset_password" = ResetPassword -> Nothing;
    /// Signs in with a code from a mail.
    "verify_code" = VerifyCode -> SignInState;
    /// Asks the project which providers one can sign in with.
    "sign_in_options" = GetSignInOptions -> SignInOptions;
    /// Opens the browser to sign in with a provider, and waits until it comes back.
    "sign_in_with_provider" = SignInWithProvider -> SignInState;
    /// Ends the wait for the browser.
    "cancel_sign_in" = CancelSignIn -> Nothing;
    /// Shows a code of a second factor: goes on with a sign-in, or proves a factor just made.
    "verify_factor" = VerifyFactor -> SignInState;
    /// The second factors of one's own account.
    "factors" = ListFactors -> Vec<FactorRow>;
    /// Makes a second factor; it counts once a code of it was shown.
    "enrol_factor" = EnrolFactor -> Enrolment;
    /// Removes a second factor.
    "remove_factor" = RemoveFactor -> Nothing;
    /// Changes one's own name, which presence and later messages carry.
    "set_name" = SetName -> Account;
    /// Changes one's own password.
    "set_password" = SetPassword -> Nothing;
    /// Has the code sent that a project may ask for before it changes the password.
    "request_password_code" = RequestPasswordCode -> Nothing;
    /// Signs out on this device, or everywhere. What is cached stays readable.
    "sign_out" = SignOut -> Nothing;
    /// How the lock stands. Answered while it is closed, too.
    "lock_state" = GetLockState -> LockState;
    /// Opens the lock. Answered while it is closed.
    "unlock" = Unlock -> LockState;
    /// Closes the lock: until a passphrase opens it, no other command is carried out.
    "lock" = LockNow -> LockState;
    /// Sets, changes or takes away the passphrase of the lock.
    "set_passphrase" = SetPassphrase -> LockState;
    /// Tells that somebody uses the window: the lock does not close by itself, and presence is not away.
    "report_use" = ReportUse -> Nothing;
    /// What `start_over` would remove. Answered while the lock is closed.
    "left_behind" = GetLeftBehind -> LeftBehind;
    /// The way out of a lock whose passphrase is lost: removes everything from this computer. Answered
    /// while the lock is closed, and only then.
    "start_over" = StartOver -> Nothing;
    /// Reads the settings.
    "settings" = GetSettings -> Settings;
    /// Changes settings; applied at once.
    "set_settings" = SetSettings -> Settings;
    /// Connects now, whatever the back-off says.
    "connect" = Connect -> Nothing;
    /// Disconnects until told to connect.
    "disconnect" = Disconnect -> Nothing;
    /// Stops fetching older messages, or lets it go on; kept over restarts, until none are missing.
    "pause_download" = PauseDownload -> Nothing;
    /// What the connection is doing, for the diagnostics view.
    "diagnostics" = GetDiagnostics -> Diagnostics;
    /// The last frames of the connection, redacted, while the log is switched on.
    "frame_log" = GetFrameLog -> FrameLog;
    /// Writes the frame log into a file of its own among the user's downloads.
    "save_frame_log" = SaveFrameLog -> SavedFile;
    /// Opens a web or mail address outside the program.
    "open_link" = OpenLink -> Nothing;
    /// Shows a test notification.
    "test_notification" = TestNotification -> NotificationReport;
    /// Asks what the desktop offers, and whether it lets notifications through.
    "desktop" = GetDesktop -> Desktop;
    /// Opens the system's own settings of notifications.
    "open_notification_settings" = OpenNotificationSettings -> Nothing;
    /// Has the program start with the desktop, or not.
    "set_autostart" = SetAutostart -> Nothing;
    /// Keeps a file as the sound of notifications, and chooses it.
    "choose_sound" = ChooseSound -> Settings;
    /// Mutes all alerts for a time, or has them told again.
    "mute_alerts" = MuteAlerts -> AlertsMuted;
    /// Holds alerts and messages for a time, and tells them together at its end, or now.
    "pause_notifications" = PauseNotifications -> NotificationsPaused;
    /// Chooses one's own presence.
    "set_presence" = SetPresence -> Nothing;

    /// All sessions, pinned first, then by last activity.
    "sessions" = ListSessions -> Vec<SessionRow>;
    /// Makes a session the open one: its presence and typing are joined.
    "open_session" = OpenSession -> OpenedSession;
    /// Leaves the open session.
    "close_session" = CloseSession -> Nothing;
    /// One page of a session's messages.
    "messages" = GetMessages -> MessagePage;
    /// Finds the message that a day begins with.
    "find_date" = FindDate -> DateFound;
    /// Makes a session.
    "create_session" = CreateSession -> SessionRow;
    /// Changes title or status of a session.
    "update_session" = UpdateSession -> SessionRow;
    /// Deletes a session and its messages on the server.
    "delete_session" = DeleteSession -> Nothing;
    /// Writes a message; it is kept before it is sent.
    "send_message" = SendMessage -> MessageRow;
    /// Changes the text of one's own message.
    "edit_message" = EditMessage -> MessageRow;
    /// Deletes a message: one's own, or any in a session of one's own that is shared.
    "delete_message" = DeleteMessage -> Nothing;
    /// Tries a failed message, edit or deletion again.
    "retry_message" = RetryMessage -> Nothing;
    /// Gives up a failed or queued change. What it would have changed comes back.
    "discard_message" = DiscardMessage -> Nothing;
    /// Has a change of the outbox sent that failed, or that waits for a word because it is old.
    "retry_change" = RetryChange -> Nothing;
    /// Gives a change of the outbox up. What it would have changed comes back.
    "discard_change" = DiscardChange -> Nothing;
    /// The word on all changes that wait for one because they are old.
    "answer_held" = AnswerHeld -> Nothing;
    /// Tells that everything up to a message has been seen.
    "mark_read" = MarkRead -> Nothing;
    /// Keeps what is being written in a session.
    "set_draft" = SetDraft -> Nothing;
    /// Tells the others in the open session that one is writing.
    "typing" = Typing -> Nothing;
    /// Pins or unpins a session on this device.
    "pin_session" = PinSession -> Nothing;
    /// Says which messages of a session notify on this device.
    "notify_session" = NotifySession -> Nothing;
    /// Everything that waits to be sent, and what failed.
    "outbox" = ListOutbox -> Vec<OutboxRow>;
    /// The file of a voice message: kept from the last time that it was heard, or fetched from the
    /// project's Storage.
    "voice_file" = GetVoiceFile -> VoiceFile;
    /// Searches all messages kept on this device.
    "search" = Search -> SearchReply;
    /// What may have been meant by a search that found nothing.
    "suggest" = Suggest -> Suggestion;
    /// What is known of a session: sync state, gaps, sizes.
    "details" = GetDetails -> SessionDetails;
    /// Who takes part in a session, and who of them is there.
    "participants" = ListParticipants -> Vec<Participant>;
    /// Makes an invitation to a session of one's own, and tells its code.
    "create_invite" = CreateInvite -> Invite;
    /// The invitations to a session that nobody has redeemed and that still hold.
    "invites" = ListInvites -> Vec<InviteRow>;
    /// Withdraws an invitation.
    "withdraw_invite" = WithdrawInvite -> Nothing;
    /// Redeems an invitation: the session appears. Repeating it changes nothing.
    "redeem_invite" = RedeemInvite -> SessionRow;
    /// Changes what somebody may do in a session of one's own.
    "set_member_role" = SetMemberRole -> Nothing;
    /// Removes somebody from a session of one's own.
    "remove_member" = RemoveMember -> Nothing;
    /// Leaves a session of somebody else. What is kept of it stays readable.
    "leave_session" = LeaveSession -> Nothing;

    /// What the workspace takes on this computer, by session.
    "storage" = GetStorage -> Storage;
    /// What the price history takes on this computer, level by level.
    "price_storage" = GetPriceStorage -> PriceStorage;
    /// Says what a retention would remove from this computer.
    "preview_retention" = PreviewRetention -> RemovedHere;
    /// Takes a session's messages off this computer. The project keeps them.
    "remove_from_device" = RemoveFromDevice -> RemovedHere;
    /// Writes what is kept of one session, or of all, into a file among the user's downloads.
    "export" = Export -> ExportedFile;
    /// Takes an exported file, handed over in pieces, into the local workspace.
    "import" = Import -> ImportReply;

    /// The watched symbols with their latest quotes, in order.
    "watch_list" = GetWatchList -> Vec<QuoteRow>;
    /// Chooses the watched symbols and their order.
    "set_watch_list" = SetWatchList -> Vec<QuoteRow>;
    /// Every symbol that the project has a price for.
    "symbols" = ListSymbols -> Vec<QuoteRow>;
    /// Prices of one symbol over a range, thinned to a number of points.
    "price_history" = GetPriceHistory -> PriceHistory;

    /// All alert rules with their state.
    "rules" = ListRules -> Vec<RuleRow>;
    /// Makes or changes a rule.
    "save_rule" = SaveRule -> RuleRow;
    /// Deletes a rule. Its firings stay in the history.
    "delete_rule" = DeleteRule -> Nothing;
    /// Switches a rule on or off.
    "enable_rule" = EnableRule -> RuleRow;
    /// Has a rule's firings wait to be told, or no longer wait.
    "snooze_rule" = SnoozeRule -> RuleRow;
    /// Mutes a rule: it fires and is noted, and tells nothing.
    "mute_rule" = MuteRule -> RuleRow;
    /// Writes all rules into a file among the user's downloads.
    "export_rules" = ExportRules -> ExportedRules;
    /// Takes a file of rules, handed over in pieces; rules that are here stay as they are.
    "import_rules" = ImportRules -> ImportRulesReply;
    /// Says what a rule would do, before it is made, and what it would have done.
    "preview_rule" = PreviewRule -> RulePreview;
    /// The history of firings, newest first: all, or those of one symbol.
    "firings" = ListFirings -> Vec<FiringRow>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_command_reads_from_its_wire_form() {
        let command: Command =
            serde_json::from_str(r#"{"command":"set_draft","args":{"session":"s","text":"t"}}"#)
                .unwrap();
        assert_eq!(command.name(), "set_draft");
    }

    #[test]
    fn signing_out_concerns_this_device_unless_it_says_otherwise() {
        for (args, scope) in [
            ("{}", SignOutScope::ThisDevice),
            (r#"{"scope":"this_device"}"#, SignOutScope::ThisDevice),
            (r#"{"scope":"everywhere"}"#, SignOutScope::Everywhere),
        ] {
            let read: SignOut = serde_json::from_str(args).unwrap();
            assert_eq!(read.scope, scope, "{args}");
        }
    }

    #[test]
    fn codes_and_passwords_are_not_printed() {
        for text in [
            r#"{"command":"sign_in","args":{"email":"a","password":"602214"}}"#,
            r#"{"command":"sign_up","args":{"email":"a","password":"602214"}}"#,
            r#"{"command":"verify_code","args":{"email":"a","code":"602214","purpose":"recovery"}}"#,
            r#"{"command":"verify_factor","args":{"factor":"f","code":"602214"}}"#,
            r#"{"command":"redeem_invite","args":{"code":"602214"}}"#,
            r#"{"command":"set_password","args":{"password":"602214"}}"#,
            r#"{"command":"unlock","args":{"passphrase":"602214"}}"#,
            r#"{"command":"set_passphrase","args":{"current":"602214","passphrase":"602214"}}"#,
            r#"{"command":"set_password","args":{"password":"x","code":"602214"}}"#,
        ] {
            let command: Command = serde_json::from_str(text).unwrap();
            assert!(!format!("{command:?}").contains("602214"), "{text}");
        }
        let reply = Enrolment {
            factor: "f".to_owned(),
            secret: "602214".to_owned(),
            qr_size: 1,
            qr_path: "602214".to_owned(),
        };
        assert!(!format!("{reply:?}").contains("602214"));
        let reply = Invite {
            id: "i".to_owned(),
            role: GuestRole::Member,
            code: "602214".to_owned(),
            expires_at: 0,
        };
        assert!(!format!("{reply:?}").contains("602214"));
    }

    #[test]
    fn an_unknown_command_or_argument_is_refused() {
        for text in [
            r#"{"command":"drop_everything","args":{}}"#,
            r#"{"command":"set_draft","args":{"session":"s","text":"t","x":1}}"#,
            r#"{"command":"set_draft","args":{"session":"s"}}"#,
        ] {
            assert!(serde_json::from_str::<Command>(text).is_err(), "{text}");
        }
    }
}
