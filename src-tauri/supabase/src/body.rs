//! Reads the bodies of failed requests, in every shape the services use.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::AUTH_RATE_LIMIT;
use crate::http::Reply;
use crate::{ApiError, Error, Service};

/// The union of PostgREST's shape, the three shapes of Auth, that of Storage and the gateway's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    code: Value,
    error_code: Option<String>,
    error: Value,
    error_description: Option<String>,
    message: Option<String>,
    msg: Option<String>,
    details: Value,
    hint: Option<String>,
    reasons: Vec<String>,
    weak_password: WeakPassword,
    #[serde(rename = "statusCode")]
    status_code: Value,
}

#[derive(Default, Deserialize)]
struct WeakPassword {
    #[serde(default)]
    reasons: Vec<String>,
}

/// Turns an answer that is no success into an error.
pub(crate) fn failure(service: Service, reply: &Reply) -> Error {
    let status = reply.status;
    let Some(body) = parse(reply) else {
        // Servers trouble speaks HTML or nothing at all, and so does a busy gateway.
        // A bare 401 comes from a HEAD request. The rest is not Supabase.
        let plain = reply.body.is_empty() && (400..500).contains(&status);
        if status == 511 || !(status == 429 || status >= 500 || plain) {
            return Error::NotSupabase { status };
        }
        return Error::Api(ApiError {
            service,
            status,
            code: reply
                .header("x-sb-error-code")
                .or_else(|| bearer_code(reply)),
            message: "The server gave no reason.".to_owned(),
            details: None,
            hint: None,
            retry_after: retry_after(service, reply),
        });
    };
    let status = match service {
        Service::Storage => stored_status(&body.status_code).unwrap_or(status),
        Service::Auth | Service::Rest | Service::Realtime => status,
    };
    let message = body
        .message
        .or(body.msg)
        .or(body.error_description)
        .or_else(|| body.error.as_str().map(str::to_owned))
        .unwrap_or_else(|| "The server gave no reason.".to_owned());
    let code = reply
        .header("x-sb-error-code")
        .or(body.error_code)
        .or_else(|| body.code.as_str().map(str::to_owned))
        .or_else(|| body.error.as_str().map(str::to_owned))
        .filter(|code| !code.is_empty() && !code.contains(' '));
    let code = spelled_today(code, &message);
    if is_key_refusal(status, code.as_deref(), &message) {
        return Error::BadKey { message };
    }
    let reasons = [body.reasons, body.weak_password.reasons].concat();
    let details = match (reasons, body.details) {
        (reasons, _) if !reasons.is_empty() => Some(reasons.join(", ")),
        (_, Value::String(text)) => Some(text),
        (_, Value::Null) => None,
        (_, other) => Some(other.to_string()),
    };
    Error::Api(ApiError {
        service,
        status,
        code,
        message,
        details,
        hint: body.hint,
        retry_after: retry_after(service, reply),
    })
}

/// Storage answers 400 to nearly everything; what it means stands in the body, as a text.
fn stored_status(told: &Value) -> Option<u16> {
    let told = match told {
        Value::String(text) => text.parse().ok()?,
        other => u16::try_from(other.as_u64()?).ok()?,
    };
    (400..600).contains(&told).then_some(told)
}

/// A header that comes with a limit of Auth is a gateway's, and knows less of it.
fn retry_after(service: Service, reply: &Reply) -> Option<Duration> {
    let told = reply.retry_after()?;
    Some(match (service, reply.status) {
        (Service::Auth, 429) => told.max(AUTH_RATE_LIMIT),
        _ => told,
    })
}

/// Whether a service says that the bearer is refused (and not what was asked for).
pub(crate) fn refuses_token(error: &ApiError) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    match error.service {
        // Its spellings have changed: `jwt expired`, `"exp" claim timestamp check failed`.
        Service::Storage => {
            let message = error.message.to_ascii_lowercase();
            matches!(error.status, 400 | 401 | 403)
                && (code == "InvalidJWT"
                    || ["jwt", "jws", "\"exp\" claim"]
                        .iter()
                        .any(|word| message.contains(word)))
        }
        Service::Auth | Service::Rest | Service::Realtime => {
            error.status == 401 && is_token_refusal(code)
        }
    }
}

/// Whether a REST code says that the bearer is refused (and not the row).
fn is_token_refusal(code: &str) -> bool {
    matches!(code, "" | "PGRST301" | "PGRST302" | "PGRST303")
}

fn parse(reply: &Reply) -> Option<Failure> {
    // Every field is optional: an object alone proves nothing, but every captive portal
    // answers with HTML or a redirect.
    if (300..400).contains(&reply.status) {
        return None;
    }
    serde_json::from_slice::<Failure>(&reply.body).ok()
}

/// A HEAD request has no body; PostgREST then still says `Bearer error="invalid_token"`.
fn bearer_code(reply: &Reply) -> Option<String> {
    let header = reply.header("www-authenticate")?;
    header
        .contains("invalid_token")
        .then(|| "PGRST301".to_owned())
}

/// Older Auth servers spell the end of a session in words only.
fn spelled_today(code: Option<String>, message: &str) -> Option<String> {
    match code.as_deref() {
        None | Some("invalid_grant") => {}
        Some(_) => return code,
    }
    match message {
        "Invalid Refresh Token: Already Used" => Some("refresh_token_already_used".to_owned()),
        "Invalid Refresh Token: Refresh Token Not Found" => {
            Some("refresh_token_not_found".to_owned())
        }
        "Invalid Refresh Token: Session Expired" => Some("session_expired".to_owned()),
        "Invalid login credentials" => Some("invalid_credentials".to_owned()),
        "Email not confirmed" => Some("email_not_confirmed".to_owned()),
        _ => code,
    }
}

/// The gateway's refusal of the project's key carries words and no code of a service.
fn is_key_refusal(status: u16, code: Option<&str>, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    matches!(status, 401 | 403)
        && !code.is_some_and(|code| code.starts_with("PGRST") || code == "42501")
        && (message.contains("api key") || message.contains("apikey"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::Class;

    fn read(service: Service, status: u16, body: &str) -> Error {
        failure(service, &Reply::scripted(status, &[], body))
    }

    fn api(error: Error) -> ApiError {
        match error {
            Error::Api(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_three_shapes_of_auth_give_the_same_code() {
        let shapes = [
            json!({"code": "invalid_credentials", "message": "Invalid login credentials"}),
            json!({"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}),
            json!({"error": "invalid_grant", "error_description": "Invalid login credentials"}),
        ];
        for shape in shapes {
            let error = api(read(Service::Auth, 400, &shape.to_string()));
            assert_eq!(
                error.code.as_deref(),
                Some("invalid_credentials"),
                "{shape}"
            );
            assert_eq!(error.message, "Invalid login credentials", "{shape}");
        }
    }

    #[test]
    fn an_older_spelling_of_a_used_token_still_ends_the_session() {
        let body = json!({"error": "invalid_grant", "error_description": "Invalid Refresh Token: Already Used"});
        assert_eq!(
            read(Service::Auth, 400, &body.to_string()).class(),
            Class::SignedOut
        );
        let other = json!({"error": "invalid_grant", "error_description": "Something else"});
        assert_eq!(
            read(Service::Auth, 400, &other.to_string()).class(),
            Class::Permanent
        );
    }

    #[test]
    fn weak_password_keeps_its_reasons() {
        let shapes = [
            json!({"code": "weak_password", "message": "Weak", "weak_password": {"reasons": ["length", "pwned"]}}),
            json!({"code": "weak_password", "message": "Weak", "reasons": ["length", "pwned"]}),
        ];
        for shape in shapes {
            let error = api(read(Service::Auth, 422, &shape.to_string()));
            assert_eq!(error.details.as_deref(), Some("length, pwned"), "{shape}");
        }
    }

    #[test]
    fn postgrest_keeps_code_details_and_hint() {
        let body =
            json!({"code": "23505", "message": "duplicate", "details": "Key (id)", "hint": "look"});
        let error = api(read(Service::Rest, 409, &body.to_string()));
        assert_eq!(
            (
                error.code.as_deref(),
                error.details.as_deref(),
                error.hint.as_deref()
            ),
            (Some("23505"), Some("Key (id)"), Some("look"))
        );
    }

    #[test]
    fn a_refused_key_is_told_apart_from_a_refused_token() {
        let key = json!({"message": "Invalid API key", "hint": "Double check your Supabase `anon` API key."});
        assert!(matches!(
            read(Service::Rest, 401, &key.to_string()),
            Error::BadKey { .. }
        ));
        let none = json!({"message": "No API key found in request"});
        assert!(matches!(
            read(Service::Auth, 401, &none.to_string()),
            Error::BadKey { .. }
        ));
        let token = json!({"code": "PGRST303", "message": "JWT expired"});
        assert_eq!(
            read(Service::Rest, 401, &token.to_string()).code(),
            Some("PGRST303")
        );
    }

    #[test]
    fn pages_that_are_not_supabase_count_as_no_network() {
        let page = "<!doctype html><title>Sign in to the Wi-Fi</title>";
        for status in [301, 302, 307, 400, 401, 403, 404, 511] {
            let error = read(Service::Auth, status, page);
            assert_eq!(error, Error::NotSupabase { status }, "{status}");
            assert_eq!(error.class(), Class::Network);
        }
        assert_eq!(
            read(Service::Rest, 302, ""),
            Error::NotSupabase { status: 302 }
        );
    }

    #[test]
    fn a_gateway_page_is_server_trouble() {
        for status in [429, 500, 502, 503, 504, 520, 522] {
            let error = read(Service::Rest, status, "<html>Bad gateway</html>");
            assert_eq!(
                error.class(),
                Class::Transient { retry_after: None },
                "{status}"
            );
        }
    }
}
