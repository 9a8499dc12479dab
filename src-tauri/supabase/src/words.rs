//! The refusals of Auth that somebody at a form can do something about, in words that say what.

use crate::{ApiError, Service};

/// What to show instead of the server's own words.
pub(crate) fn advice(error: &ApiError) -> Option<String> {
    if error.service != Service::Auth {
        return None;
    }
    let words = match error.code.as_deref()? {
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
            "You signed in too long ago to change the password. Sign out, sign in again, then \
             change it."
        }
        _ => return None,
    };
    Some(words.to_owned())
}
