//! Codes that change with the time (RFC 6238): six digits, thirty seconds, HMAC-SHA-1, which
//! is what authenticator apps take for granted.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use tidings_model::Timestamp;
use url::Url;

use crate::options::Secret;

/// Seconds that one code is good for.
pub const PERIOD: i64 = 30;
/// As many steps early or late a code may be (RFC 6238, section 5.2).
const SKEW: i64 = 1;
const DIGITS: usize = 6;
/// The size of the key (RFC 4226, section 4, R6: 160 bits).
const KEY: usize = 20;

/// A new key in base32, as people type it.
pub(super) fn new_secret() -> Secret {
    let mut key = [0_u8; KEY];
    rand::fill(&mut key);
    Secret::new(BASE32_NOPAD.encode(&key))
}

/// The address that an authenticator app reads.
pub(super) fn uri(secret: &Secret, issuer: &str, account: &str) -> Secret {
    // A scheme without a special meaning: its path is taken as it is, percent-encoded.
    let Ok(mut url) = Url::parse("otpauth://totp/") else {
        return Secret::new(String::new());
    };
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().push(&format!("{issuer}:{account}"));
    }
    url.query_pairs_mut()
        .append_pair("algorithm", "SHA1")
        .append_pair("digits", &DIGITS.to_string())
        .append_pair("issuer", issuer)
        .append_pair("period", &PERIOD.to_string())
        .append_pair("secret", secret.reveal());
    // Apps read a plus sign in the query as such.
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
    Secret::new(url)
}

/// The step that `code` belongs to, when it is a code of about now and of none before or at
/// the step `after`: a code is good once.
pub(super) fn step_of(
    secret: &Secret,
    code: &str,
    now: Timestamp,
    after: Option<i64>,
) -> Option<i64> {
    let key = BASE32_NOPAD.decode(secret.reveal().as_bytes()).ok()?;
    let current = now.as_micros().div_euclid(PERIOD * 1_000_000);
    let mut found = None;
    for step in current - SKEW..=current + SKEW {
        let right = bool::from(code_at(&key, step)?.as_bytes().ct_eq(code.as_bytes()));
        if right && after.is_none_or(|after| step > after) {
            found = Some(step);
        }
    }
    found
}

/// The code that an app with this secret shows at a time; `None` when it is no secret.
pub fn code(secret: &str, at: Timestamp) -> Option<String> {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    code_at(&key, at.as_micros().div_euclid(PERIOD * 1_000_000))
}

/// The code of a step: the dynamic truncation of RFC 4226, section 5.3.
fn code_at(key: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last()? & 0x0f);
    let part: [u8; 4] = hash.get(offset..offset + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(part) & 0x7fff_ffff) % 1_000_000;
    Some(format!("{number:0DIGITS$}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B.
    const RFC: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B has eight digits; the last six are the code of six.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let secret = BASE32_NOPAD.encode(RFC);
            assert_eq!(super::code(&secret, at(seconds)).unwrap(), code);
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_late_and_once() {
        let secret = Secret::new(BASE32_NOPAD.encode(RFC));
        let step = 1_111_111_109 / PERIOD;
        let taken = |seconds, after| step_of(&secret, "081804", at(seconds), after);
        for late in [-PERIOD, 0, PERIOD] {
            assert_eq!(taken(1_111_111_109 + late, None), Some(step), "{late}");
        }
        for far in [-2 * PERIOD, 2 * PERIOD] {
            assert_eq!(taken(1_111_111_109 + far, None), None, "{far}");
        }
        assert_eq!(taken(1_111_111_109, Some(step - 1)), Some(step));
        assert_eq!(taken(1_111_111_109, Some(step)), None);
        assert_eq!(step_of(&secret, "81804", at(1_111_111_109), None), None);
        assert_eq!(step_of(&secret, "", at(1_111_111_109), None), None);
    }

    #[test]
    fn the_address_names_issuer_and_account_and_holds_the_secret() {
        let secret = new_secret();
        assert_eq!(secret.reveal().len(), 32);
        assert_ne!(secret, new_secret());
        let uri = uri(&secret, "My project", "alice+x@example.com");
        let url = Url::parse(uri.reveal()).unwrap();
        assert_eq!((url.scheme(), url.host_str()), ("otpauth", Some("totp")));
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        assert!(pairs.contains(&("secret".to_owned(), secret.reveal().to_owned())));
        assert!(pairs.contains(&("issuer".to_owned(), "My project".to_owned())));
        assert_eq!(url.path(), "/My%20project:alice+x@example.com");
        assert!(uri.reveal().contains("issuer=My%20project&"));
        assert!(!format!("{uri:?} {secret:?}").contains(secret.reveal()));
    }
}
