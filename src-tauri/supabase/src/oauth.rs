//! Signing in with a provider, in a browser of the user's own: the authorization code flow
//! with a proof key (PKCE, RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::auth::session;
use crate::{Auth, Error, Secret, Session};

/// A sign-in that was begun. The verifier never leaves this program before the exchange.
#[derive(Debug)]
pub struct ProviderFlow {
    verifier: Secret,
    url: Url,
}

impl ProviderFlow {
    /// The address to open in the browser.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl Auth {
    /// Begins a sign-in with a provider that [`Settings::external`](crate::Settings) names;
    /// the browser comes back to `redirect_to`.
    pub fn begin_with_provider(&self, provider: &str, redirect_to: &Url) -> ProviderFlow {
        let verifier = random_text();
        let challenge = challenge(&verifier);
        let url = self.address(
            &["authorize"],
            &[
                ("provider", provider),
                ("redirect_to", redirect_to.as_str()),
                ("code_challenge", &challenge),
                ("code_challenge_method", "s256"),
            ],
        );
        ProviderFlow { verifier, url }
    }

    /// Exchanges the code that the browser brought back. It is used up by it.
    pub async fn exchange_code(
        &self,
        flow: &ProviderFlow,
        code: &Secret,
    ) -> Result<Session, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            auth_code: &'a str,
            code_verifier: &'a str,
        }
        let body = Body {
            auth_code: code.expose(),
            code_verifier: flow.verifier.expose(),
        };
        let mut request = self.request(Method::POST, &["token"]);
        request.query("grant_type", "pkce");
        session(&self.call(request.bearer(None).json(&body)?).await?)
    }
}

/// The method S256 of RFC 7636, section 4.2.
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

/// 256 random bits as 43 unreserved characters (RFC 7636, section 4.1).
pub(crate) fn random_text() -> Secret {
    let bytes: [u8; 32] = rand::random();
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // Appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn verifiers_are_long_and_never_the_same() {
        let (one, two) = (random_text(), random_text());
        assert_ne!(one, two);
        assert_eq!(one.expose().len(), 43);
        assert!(!format!("{one:?}").contains(one.expose()));
    }
}
