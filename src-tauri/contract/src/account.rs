//! Signing in and out, codes by mail, second factors, providers, passwords.

use std::fmt::{Debug, Formatter, Result};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Account;

/// How far a sign-in has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SignInState {
    /// Nobody is signed in.
    SignedOut,
    /// The password or the code was right, and a code of a second factor is missing:
    /// `verify_factor` takes it, `sign_out` gives up.
    SecondFactor {
        /// Whose sign-in it is, if the account has a mail address.
        email: Option<String>,
        /// The factors; a code of any of them will do.
        factors: Vec<FactorRow>,
    },
    /// Somebody is signed in.
    SignedIn {
        /// Who.
        account: Account,
    },
}

impl SignInState {
    /// Who is signed in.
    pub const fn account(&self) -> Option<&Account> {
        match self {
            Self::SignedIn { account } => Some(account),
            Self::SignedOut | Self::SecondFactor { .. } => None,
        }
    }
}

/// A second factor of the account: an authenticator app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FactorRow {
    /// Id.
    pub id: String,
    /// What the user calls it.
    pub name: Option<String>,
}

/// Arguments of `verify_factor`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VerifyFactor {
    /// Id of the factor.
    pub factor: String,
    /// The code that the app shows, with or without spaces; goes to the Auth server and
    /// nowhere else.
    pub code: String,
}

/// Arguments of `factors`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ListFactors {}

/// Arguments of `enrol_factor`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct EnrolFactor {
    /// What to call it.
    pub name: String,
}

/// A factor that was just made; `verify_factor` proves that the app has it. This is the one
/// place where its secret is shown.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct Enrolment {
    /// Id of the factor.
    pub factor: String,
    /// The secret in base32, for an app that is typed into.
    pub secret: String,
    /// Modules along a side of the QR code; 0 when there is none.
    pub qr_size: u32,
    /// Its dark modules, as the path of an SVG with one unit a module.
    pub qr_path: String,
}

/// Arguments of `remove_factor`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RemoveFactor {
    /// Id of the factor.
    pub factor: String,
}

/// Arguments of `sign_in_options`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct GetSignInOptions {}

/// What the project offers besides mail address and password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignInOptions {
    /// Providers that are switched on, by Auth's names (`github`, `google`, …).
    pub providers: Vec<String>,
}

/// Arguments of `sign_in_with_provider`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignInWithProvider {
    /// One of `sign_in_options`.
    pub provider: String,
}

/// Arguments of `cancel_sign_in`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CancelSignIn {}

/// Arguments of `sign_in`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Mail address.
    pub email: String,
    /// Password; goes to the Auth server and nowhere else.
    pub password: String,
}

/// Arguments of `sign_up`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Mail address.
    pub email: String,
    /// Password; goes to the Auth server and nowhere else.
    pub password: String,
}

/// How a sign-up ended.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SignUpOutcome {
    /// The account exists and is signed in.
    SignedIn {
        /// Who.
        account: Account,
    },
    /// A mail with a code or a link has been sent; `verify_code` takes the code.
    ConfirmationPending {
        /// Where to.
        email: String,
    },
}

/// Arguments of `request_code`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RequestCode {
    /// Mail address of an account.
    pub email: String,
}

/// Arguments of `resend_code`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ResendCode {
    /// Mail address of an account that was made and not confirmed.
    pub email: String,
}

/// Arguments of `reset_password`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// Mail address of an account.
    pub email: String,
}

/// Arguments of `verify_code`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// Mail address that the code was sent to.
    pub email: String,
    /// The code, with or without spaces; goes to the Auth server and nowhere else.
    pub code: String,
    /// What it was asked for.
    pub purpose: CodePurpose,
}

/// What a code was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// By `request_code`.
    SignIn,
    /// By `sign_up` or `resend_code`.
    SignUp,
    /// By `reset_password`; `set_password` follows.
    Recovery,
}

/// Arguments of `set_password`.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// The new password; goes to the Auth server and nowhere else.
    pub password: String,
    /// The code that `request_password_code` has sent, with or without spaces, after the
    /// project has asked for one (`reauthentication`); goes to the Auth server and nowhere else.
    #[serde(default)]
    #[ts(optional)]
    pub code: Option<String>,
}

/// Arguments of `request_password_code`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RequestPasswordCode {}

/// Arguments of `set_name`.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetName {
    /// What the others read: one line of at most 60 characters.
    pub name: String,
}

/// Arguments of `sign_out`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    /// Where; on this device when it is absent.
    #[serde(default)]
    #[ts(as = "Option<SignOutScope>", optional)]
    pub scope: SignOutScope,
}

/// Which devices are signed out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignOutScope {
    /// This one. It works without a network.
    #[default]
    ThisDevice,
    /// All of them. It fails, and signs out none, when the server cannot be told.
    Everywhere,
}

macro_rules! told_by_name_alone {
    ($($secret:ident),+) => {
        $(
            impl Debug for $secret {
                fn fmt(&self, f: &mut Formatter<'_>) -> Result {
                    f.debug_struct(stringify!($secret)).finish_non_exhaustive()
                }
            }
        )+
    };
}

told_by_name_alone!(
    SignIn,
    SignUp,
    VerifyCode,
    VerifyFactor,
    Enrolment,
    SetPassword
);
