//! Second factors of the account.

use qrcodegen::{QrCode, QrCodeEcc};
use tidings_contract as api;
use tidings_supabase::{AuthState, Factor, Secret};

use super::account::typed;
use crate::error::{EngineError, Result};
use crate::workspace::Core;

/// What authenticator apps show the account under.
const ISSUER: &str = "Tidings";

impl Core {
    /// How far a sign-in has come.
    pub fn sign_in_state(&self) -> api::SignInState {
        let state = self.tokens.state().borrow().clone();
        match state {
            AuthState::SecondFactor { email, factors } => api::SignInState::SecondFactor {
                email,
                factors: factors.into_iter().map(row).collect(),
            },
            AuthState::SignedIn { .. } | AuthState::SignedOut | AuthState::Expired { .. } => self
                .account()
                .map_or(api::SignInState::SignedOut, |account| {
                    api::SignInState::SignedIn { account }
                }),
        }
    }

    pub async fn verify_factor(&self, args: api::VerifyFactor) -> Result<api::SignInState> {
        let code = typed(args.code);
        self.tokens.verify_factor(&args.factor, &code).await?;
        Ok(self.sign_in_state())
    }

    pub async fn factors(&self) -> Result<Vec<api::FactorRow>> {
        let factors = self.tokens.factors().await?;
        Ok(factors.verified.into_iter().map(row).collect())
    }

    pub async fn enrol_factor(&self, args: &api::EnrolFactor) -> Result<api::Enrolment> {
        let name = args.name.trim();
        if name.is_empty() {
            return Err(EngineError::Invalid("Give it a name.".to_owned()));
        }
        let made = self.tokens.enrol(name, ISSUER).await?;
        let (qr_size, qr_path) = drawn(&made.uri).unwrap_or_default();
        Ok(api::Enrolment {
            factor: made.factor,
            secret: made.secret.expose().to_owned(),
            qr_size,
            qr_path,
        })
    }

    pub async fn remove_factor(&self, args: &api::RemoveFactor) -> Result<api::Nothing> {
        self.tokens.unenrol(&args.factor).await?;
        Ok(api::Nothing {})
    }
}

fn row(factor: Factor) -> api::FactorRow {
    api::FactorRow {
        id: factor.id,
        name: factor.name,
    }
}

/// The modules of a QR code along a side, and the dark ones as the path of an SVG; `None`
/// when the text is too long for one. The server's own image is not used: what it holds
/// would have to be trusted.
fn drawn(uri: &Secret) -> Option<(u32, String)> {
    use std::fmt::Write as _;

    let code = QrCode::encode_text(uri.expose(), QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Some((u32::try_from(code.size()).ok()?, path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_scanner_reads_the_address_from_the_picture() {
        let text = "otpauth://totp/Tidings:alice@example.com?issuer=Tidings&\
                    secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30";
        let (size, path) = drawn(&text.into()).unwrap();
        let size = usize::try_from(size).unwrap();
        // As the window draws it: four light modules around, eight pixels a module.
        let dark: HashSet<(usize, usize)> = path
            .split('M')
            .skip(1)
            .map(|module| {
                let (x, y) = module
                    .strip_suffix("h1v1h-1z")
                    .unwrap()
                    .split_once(' ')
                    .unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect();
        let pixels = (size + 8) * 8;
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, |x, y| {
            let module = (x / 8).checked_sub(4).zip((y / 8).checked_sub(4));
            if module.is_some_and(|module| dark.contains(&module)) {
                0
            } else {
                255
            }
        });
        let found = picture.detect_grids();
        assert_eq!(found.len(), 1);
        let (_, read) = found[0].decode().unwrap();
        assert_eq!(read, text);
        assert_eq!(drawn(&"x".repeat(5_000).into()), None);
    }
}
