//! What goes wrong below, as the contract tells it.

use thiserror::Error;
use tidings_cache::CacheError;
use tidings_contract::{ApiError, ErrorCode};
use tidings_supabase::Class;

use crate::config::ConfigError;
use crate::secrets::SecretsError;

/// Any failure of the engine.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The cache.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// Auth, PostgREST or Storage.
    #[error(transparent)]
    Server(#[from] tidings_supabase::Error),
    /// The configuration file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key store.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The key store does not say what opens a workspace.
    #[error(
        "What opens this workspace cannot be had: {0}. What is kept on this computer stays as it \
         is. Unlock the key store, then open the workspace again."
    )]
    Locked(SecretsError),
    /// The lock is closed.
    #[error("Tidings is locked.")]
    LockClosed,
    /// Not the passphrase of the lock.
    #[error("This is not the passphrase.")]
    Passphrase,
    /// Too many wrong passphrases.
    #[error("Those were too many wrong passphrases. Wait a moment, then try again.")]
    TooSoon,
    /// There is nothing to check a passphrase against.
    #[error(
        "The passphrase cannot be checked: what it is checked against is in the system's key store, \
         which does not have it."
    )]
    Unchecked,
    /// The key store has forgotten what opens a local workspace.
    #[error(
        "The key of the local workspace is not in the key store any more, so its messages cannot \
         be read. They stay as they are on this computer, and open again when the key is back. To \
         start afresh, remove the workspace from this computer."
    )]
    LostKey,
    /// A file for the user could not be written.
    #[error("{path} could not be written: {source}")]
    File {
        /// Which one.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The embedded server.
    #[error("the local workspace could not start: {0}")]
    Local(String),
    /// The realtime client.
    #[error("the realtime connection could not be set up: {0}")]
    Realtime(String),
    /// The caller's arguments.
    #[error("{0}")]
    Invalid(String),
    /// Something ended before its end; it says what is there.
    #[error("{0}")]
    Stopped(String),
    /// Something named by the caller is not there.
    #[error("{0}")]
    NotFound(String),
    /// Another program uses the directory.
    #[error(
        "Tidings is running already with its data in {}. Nothing was touched; use that one, or end it and start again.", .0.display()
    )]
    InUse(std::path::PathBuf),
    /// No workspace is open.
    #[error("No workspace is open.")]
    NoWorkspace,
    /// Somebody else signed in where an account's messages are kept already.
    #[error(
        "This workspace keeps the messages of another account. To use this account as well, add \
         the project once more."
    )]
    OtherAccount,
    /// What cannot be queued, and the project did not answer.
    #[error("This needs a connection, and the project did not answer. {0}")]
    NeedsConnection(&'static str),
    /// A voice message that names no file of its own project.
    #[error("This message names no file of its project.")]
    NoFile,
    /// The file is not there, or not for this user.
    #[error("The file of this voice message is not in the project, or not for you to hear.")]
    FileGone,
    /// More than is played.
    #[error("The file of this voice message is too large to be played: 25 MiB is the most.")]
    FileTooLarge,
    /// It says to be a voice message, and is something else.
    #[error("The file of this voice message is no audio, so it is not played.")]
    NotAudio,
    /// The project does not have the members part.
    #[error("Sessions cannot be shared on this project: its owner has not installed that part.")]
    NotShared,
    /// Somebody else's session.
    #[error("Only the owner of this session may do that. Nothing was changed.")]
    NotOwner,
    /// No invitation has this code.
    #[error("There is no invitation with this code. Check it, or ask for a new one.")]
    InviteUnknown,
    /// The code was redeemed.
    #[error("This invitation was redeemed already. Ask for a new one.")]
    InviteUsed,
    /// The code came too late.
    #[error("The time of this invitation is over. Ask for a new one.")]
    InviteExpired,
    /// The key is not one for clients.
    #[error("{0}")]
    Key(String),
    /// The caller gave up waiting.
    #[error("It was cancelled.")]
    Cancelled,
    /// A thread of the program died.
    #[error("a task of the program ended unexpectedly: {0}")]
    Task(String),
}

/// Result of the engine.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Cache(cache) => cache_code(cache),
            EngineError::Server(server) => server_code(server),
            EngineError::Config(_)
            | EngineError::Secrets(_)
            | EngineError::Locked(_)
            | EngineError::LostKey
            | EngineError::File { .. }
            | EngineError::InUse(_)
            | EngineError::Stopped(_)
            | EngineError::Unchecked => ErrorCode::Storage,
            EngineError::Local(_) | EngineError::Realtime(_) | EngineError::Task(_) => {
                ErrorCode::Internal
            }
            EngineError::Invalid(_) | EngineError::NoFile => ErrorCode::Invalid,
            EngineError::NotFound(_) | EngineError::FileGone => ErrorCode::NotFound,
            EngineError::OtherAccount | EngineError::FileTooLarge | EngineError::NotAudio => {
                ErrorCode::Refused
            }
            EngineError::NeedsConnection(_) => ErrorCode::Offline,
            EngineError::NotShared => ErrorCode::NotShared,
            EngineError::NotOwner => ErrorCode::NotOwner,
            EngineError::InviteUnknown => ErrorCode::InviteUnknown,
            EngineError::InviteUsed => ErrorCode::InviteUsed,
            EngineError::InviteExpired => ErrorCode::InviteExpired,
            EngineError::NoWorkspace => ErrorCode::NoWorkspace,
            EngineError::Key(_) => ErrorCode::Key,
            EngineError::LockClosed => ErrorCode::Locked,
            EngineError::Passphrase => ErrorCode::Passphrase,
            EngineError::TooSoon => ErrorCode::TooSoon,
            EngineError::Cancelled => ErrorCode::Cancelled,
        };
        Self::new(code, error.to_string())
    }
}

fn cache_code(error: &CacheError) -> ErrorCode {
    match error {
        CacheError::EmptyMessage
        | CacheError::MessageTooLong { .. }
        | CacheError::ReadOnlySession
        | CacheError::ReaderOnly
        | CacheError::UnsentWork { .. }
        | CacheError::SessionExists
        | CacheError::BadQuery(_) => ErrorCode::Invalid,
        CacheError::OwnerOnly => ErrorCode::NotOwner,
        CacheError::NotFound(_) => ErrorCode::NotFound,
        CacheError::NoAccount => ErrorCode::SignedOut,
        _ => ErrorCode::Storage,
    }
}

fn server_code(error: &tidings_supabase::Error) -> ErrorCode {
    let wrong = [
        "invalid_credentials",
        "otp_expired",
        "reauthentication_not_valid",
        "mfa_verification_failed",
        "mfa_challenge_expired",
    ];
    if error.code().is_some_and(|code| wrong.contains(&code)) {
        return ErrorCode::Credentials;
    }
    if error.code() == Some("reauthentication_needed") {
        return ErrorCode::Reauthentication;
    }
    match error.class() {
        Class::Network | Class::Transient { .. } => ErrorCode::Offline,
        Class::Permanent => ErrorCode::Refused,
        Class::SignedOut => ErrorCode::SignedOut,
    }
}
