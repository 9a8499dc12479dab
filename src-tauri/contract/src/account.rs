//! Signing in and out, codes by mail, passwords.

use std::fmt::{Debug, Formatter, Result};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Account;

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

told_by_name_alone!(SignIn, SignUp, VerifyCode, SetPassword);
