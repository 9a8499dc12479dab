//! Workspaces, accounts, connection, settings.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Density, LanguageChoice, LockState, Machine, Motion, OutboxSummary, PriceKeeping, QuietHours,
    RealtimeSettings, Retention, SignInState, Sound, Wording,
};

/// Arguments of `snapshot`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetSnapshot {}

/// Everything that a window needs to draw its first screen.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Snapshot {
    /// Number of the last event that this snapshot includes; the next one has this plus one.
    pub seq: u64,
    /// All workspaces on this device.
    pub workspaces: Vec<WorkspaceInfo>,
    /// The workspace in front; none on the first start.
    pub active: Option<WorkspaceState>,
    /// The settings.
    pub settings: Settings,
    /// Version of the program.
    pub version: String,
    /// Operating system: `linux`, `macos` or `windows`.
    pub platform: String,
    /// Address for the connect form, from the environment.
    pub default_url: Option<String>,
    /// Publishable key for the connect form, from the environment.
    pub default_key: Option<String>,
    /// Whether the window has a tray to close to.
    pub has_tray: bool,
    /// Until when alerts are muted, in milliseconds; none: they are told.
    pub alerts_muted_until: Option<i64>,
    /// Until when notifications are paused, in milliseconds; none: they are shown.
    pub notifications_paused_until: Option<i64>,
    /// How the lock stands.
    pub lock: LockState,
}

/// One workspace of this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkspaceInfo {
    /// Id on this device.
    pub id: String,
    /// Name shown in the switcher.
    pub name: String,
    /// Whether it is the embedded one.
    pub local: bool,
    /// Address of the project; the loopback address of the moment for the local one.
    pub url: String,
    /// Mail address last signed in with.
    pub email: Option<String>,
}

/// The workspace in front.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WorkspaceState {
    /// Which one.
    pub info: WorkspaceInfo,
    /// Who is signed in, and how far.
    pub sign_in: SignInState,
    /// The connection.
    pub connection: Connection,
    /// What is fetched in the background, while something is missing on this device.
    pub download: Option<Download>,
    /// What is wrong with this computer.
    pub machine: Machine,
    /// What waits to be sent.
    pub outbox: OutboxSummary,
    /// One's own presence, as chosen.
    pub presence: OwnPresence,
    /// Whether prices come from a simulated feed.
    pub simulated_prices: bool,
    /// Time of the newest price that any symbol has, in milliseconds.
    pub prices_from: Option<i64>,
    /// Rules that are switched on.
    pub armed: u32,
    /// Session that was open last.
    pub last_session: Option<String>,
    /// Whether the project lets sessions be shared (the members part is installed).
    pub shares: bool,
    /// Set while secrets cannot be kept in the system's key store: they live in memory.
    pub secrets_in_memory: bool,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Account {
    /// The user's id in the project.
    pub user_id: String,
    /// Mail address, if the account has one.
    pub email: Option<String>,
    /// Name shown to the user: from the account's metadata, else from the address.
    pub name: String,
}

/// Why a project does not answer, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProjectTrouble {
    /// It is paused, and says so.
    Paused,
    /// There is no such host: paused for long, or deleted.
    Gone,
}

/// State of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Connection {
    /// Not connected.
    Offline {
        /// Since when, in milliseconds.
        since: i64,
        /// When the next attempt begins, in milliseconds; none after a disconnect by hand.
        retry_at: Option<i64>,
        /// Why, in one sentence.
        reason: Option<String>,
        /// What has to be set right before it can come back; none where waiting is enough.
        project: Option<ProjectTrouble>,
    },
    /// An attempt is under way.
    Connecting,
    /// Connected; what was missed is being fetched.
    CatchingUp {
        /// Rows fetched so far.
        done: u32,
        /// Rows to fetch, as far as known.
        total: u32,
    },
    /// Changes arrive as they happen, and nothing is missing.
    Live,
    /// Nobody is signed in.
    SignedOut,
    /// The project refuses, and trying again will not help.
    Refused {
        /// Why, and what to do, in one or two sentences.
        reason: String,
    },
}

/// Messages that are fetched in the background while something is missing on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Download {
    /// Messages on this device.
    pub done: u64,
    /// Messages on this device and missing ones; none while the project has not said.
    pub total: Option<u64>,
    /// Whether the user stopped it.
    pub paused: bool,
}

/// Arguments of `pause_download`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PauseDownload {
    /// Whether it shall stand still.
    pub paused: bool,
}

/// One's own presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OwnPresence {
    /// There.
    Online,
    /// There, but idle.
    Away,
    /// Seen as offline by the others.
    Invisible,
}

/// Arguments of `start_local`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct StartLocal {}

/// Arguments of `check_project`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CheckProject {
    /// Address of the project.
    pub url: String,
    /// Publishable key (or legacy anon key).
    pub key: String,
}

/// What a look at a project found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProjectCheck {
    /// The address as it will be used.
    pub url: Option<String>,
    /// Each check, in the order shown.
    pub items: Vec<CheckItem>,
    /// Whether the project can be added: it answers, takes the key and has the tables.
    pub usable: bool,
}

/// One check of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CheckItem {
    /// What was checked.
    pub check: Check,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// What was found, in one sentence.
    pub message: String,
    /// SQL that mends it, if SQL does.
    pub sql: Option<String>,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The address answers.
    Reachable,
    /// The key is of the right kind and accepted.
    Key,
    /// The tables are there.
    Tables,
    /// Row level security keeps out whoever is not signed in.
    RowSecurity,
    /// The change feed answers.
    Realtime,
    /// The change feed tells the changes of the tables.
    Publication,
    /// The optional sync part is there.
    SyncPart,
    /// The optional members part is there.
    MembersPart,
    /// The two clocks agree.
    Clock,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// As it should be.
    Ok,
    /// Works, with a restriction that the message names.
    Warning,
    /// Does not work, or must not stay as it is.
    Failed,
    /// An optional part that is not there.
    Absent,
    /// Could not be looked at: an earlier check failed, or it cannot be told before somebody signs in.
    Unknown,
}

/// Arguments of `add_workspace`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AddWorkspace {
    /// Address of the project.
    pub url: String,
    /// Publishable key (or legacy anon key). Secret keys are refused.
    pub key: String,
    /// Name for the switcher; from the address when absent.
    pub name: Option<String>,
}

/// Arguments of `select_workspace`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SelectWorkspace {
    /// Which one.
    pub id: String,
}

/// Arguments of `remove_workspace`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RemoveWorkspace {
    /// Which one.
    pub id: String,
}

/// Arguments of `settings`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetSettings {}

/// Arguments of `set_settings`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetSettings {
    /// All settings, as they shall be.
    pub settings: Settings,
}

/// What the user can choose. Every field has a default, so that an older file reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent switches, one row each in the settings"
)]
pub struct Settings {
    /// Counts changes, so that a late word of them is known as such. What a command says of it does
    /// not count.
    #[ts(type = "number")]
    pub revision: u64,
    /// Light, dark, or as the desktop says.
    pub theme: Theme,
    /// Colours of rising and falling prices.
    pub price_palette: PricePalette,
    /// How large everything in the window is, in percent of its usual size.
    pub zoom: u32,
    /// How close together rows are.
    pub density: Density,
    /// Whether what changes moves to where it comes.
    pub motion: Motion,
    /// The language of the program.
    pub language: LanguageChoice,
    /// How the window writes, as it said last: for what is written outside of it.
    pub wording: Wording,
    /// Whether `Enter` sends; otherwise `Ctrl+Enter` does.
    pub enter_sends: bool,
    /// Whether presence and typing are joined, sent and shown.
    pub presence: bool,
    /// Whether the others are told that one is writing; `presence` off: neither way.
    pub send_typing: bool,
    /// Whether a session's last activity is written to the project when one uses it.
    pub activity: bool,
    /// Whether prices and alerts are followed and shown.
    pub prices: bool,
    /// Whether voice messages are shown as such.
    pub voice: bool,
    /// Whether notifications are shown at all.
    pub notifications: bool,
    /// Whether new messages of others notify.
    pub message_notifications: bool,
    /// Whether notifications carry the text of messages.
    pub previews: bool,
    /// When alerts and messages are held back.
    pub quiet: QuietHours,
    /// What notifications sound like.
    pub sound: Sound,
    /// The text of alerts that have none of their own (`docs/alerts.md`, "Own words"); blank: what
    /// the program says by itself.
    pub alert_message: String,
    /// Whether closing the window keeps the program in the tray, where there is one.
    pub close_to_tray: bool,
    /// Minutes without use after which the lock closes by itself; none: never.
    pub lock_after: Option<u32>,
    /// Whether the lock closes when the window is closed to the tray.
    pub lock_when_hidden: bool,
    /// Database schema of the four tables.
    pub schema: String,
    /// Whether the closing-to-tray hint has been shown.
    pub tray_hint_shown: bool,
    /// How long messages are kept on this computer.
    pub retention: Retention,
    /// How long prices are kept on this computer.
    pub price_keeping: PriceKeeping,
    /// How the live connection behaves.
    pub realtime: RealtimeSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            revision: 0,
            theme: Theme::System,
            price_palette: PricePalette::Standard,
            zoom: 100,
            density: Density::Comfortable,
            motion: Motion::System,
            language: LanguageChoice::System,
            wording: Wording::default(),
            enter_sends: true,
            presence: true,
            send_typing: true,
            activity: true,
            prices: true,
            voice: true,
            notifications: true,
            message_notifications: true,
            previews: true,
            quiet: QuietHours::default(),
            sound: Sound::default(),
            alert_message: String::new(),
            close_to_tray: true,
            lock_after: Some(15),
            lock_when_hidden: false,
            schema: "public".to_owned(),
            tray_hint_shown: false,
            retention: Retention::Everything,
            price_keeping: PriceKeeping::default(),
            realtime: RealtimeSettings::default(),
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the desktop says.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Colours of rising and falling prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PricePalette {
    /// Green and red.
    Standard,
    /// Blue and orange.
    Safe,
}

/// Arguments of `connect`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Connect {}

/// Arguments of `disconnect`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Disconnect {}

/// Arguments of `open_link`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OpenLink {
    /// An `https:`, `http:` or `mailto:` address; anything else is refused.
    pub url: String,
}

/// Arguments of `test_notification`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TestNotification {}

/// What became of a test notification.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct NotificationReport {
    /// Whether the desktop accepted it.
    pub shown: bool,
    /// Why not, in one sentence.
    pub reason: Option<String>,
}

/// Arguments of `set_presence`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetPresence {
    /// As chosen.
    pub presence: OwnPresence,
}
