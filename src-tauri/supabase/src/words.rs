//! The refusals of Auth that somebody at a form can do something about, in words that say what.

use crate::{ApiError, Service};

/// The codes of section 2.2 after which a sign-in by a provider begins anew.
const FLOW: [&str; 6] = [
    "flow_state_not_found",
    "flow_state_expired",
    "flow_state_already_used",
    "bad_code_verifier",
    "bad_oauth_state",
    "bad_oauth_callback",
];
const FLOW_IS_OVER: &str =
    "The sign-in in the browser took too long, or another one was begun since. Try again.";
const TOO_MANY: &str = "The project has seen too many requests and takes none for now. What you \
                        wrote is kept; it is tried again by itself.";
const PAUSED: &str = "The project is paused. It can be restored in the Supabase dashboard; what \
                      you wrote is kept.";
const NO_SIGN_UP: &str =
    "This project takes no new accounts. Sign in with one that it knows already.";

/// What to show when the browser came back with an error.
pub(crate) fn browser(code: Option<&str>, message: &str) -> String {
    match code {
        Some("access_denied") => {
            "You were not signed in: it was refused in the browser. Try again, or sign in another \
             way."
                .to_owned()
        }
        Some("signup_disabled") => NO_SIGN_UP.to_owned(),
        Some(code) if FLOW.contains(&code) => FLOW_IS_OVER.to_owned(),
        _ => format!("The sign-in in the browser failed: {message}"),
    }
}

/// What to show instead of the server's own words.
pub(crate) fn advice(error: &ApiError) -> Option<String> {
    if error.status == 540 {
        return Some(PAUSED.to_owned());
    }
    if error.service != Service::Auth {
        return (error.status == 429).then(|| TOO_MANY.to_owned());
    }
    let words = match error.code.as_deref()? {
        "invalid_credentials" => "The mail address or the password is wrong.",
        "user_already_exists" | "email_exists" => {
            "There is an account with this mail address already. Sign in with it."
        }
        "user_banned" => "This account is blocked in the project. Ask whoever runs it.",
        "otp_expired" => "This code is wrong or no longer valid. Check it, or ask for a new one.",
        "otp_disabled" => {
            "No code was sent: nobody has this mail address here, or the project sends no codes. \
             Check the address, or sign in with a password."
        }
        "over_email_send_rate_limit" => {
            "The project sends no more mails for now. Wait a minute, then ask again; if it is \
             still refused, try again in an hour."
        }
        "same_password" => "This is the password you have already. Choose another one.",
        "weak_password" => {
            return Some(format!(
                "This password is too weak. Choose another one. {}",
                error.message
            ));
        }
        "email_not_confirmed" => {
            "This mail address is not confirmed yet. Ask for a code and sign in with it."
        }
        "reauthentication_needed" => {
            "You signed in a while ago, so the project asks for a code from a mail before it \
             changes the password. The old one is still good."
        }
        "reauthentication_not_valid" => {
            "This code is wrong or no longer valid, and the password is still the old one. Check \
             the code, or ask for a new one."
        }
        "mfa_verification_failed" => {
            "This code is wrong, or was used already. Enter the one that the app shows next."
        }
        "mfa_challenge_expired" => "That took too long. Enter the code that the app shows now.",
        "mfa_factor_not_found" => "The project does not know this authenticator any more.",
        "mfa_factor_name_conflict" => {
            "You have an authenticator with this name already. Choose another name."
        }
        "too_many_enrolled_mfa_factors" => {
            "You have as many authenticators as the project allows. Remove one first."
        }
        "mfa_totp_enroll_not_enabled" | "mfa_totp_verify_not_enabled" => {
            "This project does not take codes of authenticator apps."
        }
        "insufficient_aal" => {
            "This takes a sign-in with a code of your authenticator app. Sign out, sign in with \
             one, then try again."
        }
        "over_request_rate_limit" => {
            "The project has seen too many attempts. Wait some minutes, then try again."
        }
        "signup_disabled" => NO_SIGN_UP,
        code if FLOW.contains(&code) => FLOW_IS_OVER,
        _ => return None,
    };
    Some(words.to_owned())
}
