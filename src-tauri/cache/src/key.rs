//! The key of an encrypted cache.

use std::fmt;

use rusqlite::Connection;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::CacheError;

/// What follows `PRAGMA key` where a cache of this version is opened past the program.
pub const FORM: &str = Form::Sha256.pragma();

/// What tells that a page of the file is what was written. The file itself does not say which: its
/// first page can be read with the right one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Of every file that is new: with the instructions that processors have for it, it costs half
    /// of the other.
    Sha256,
    /// SQLCipher's own choice, of files from before.
    Sha512,
}

impl Form {
    /// All of them, the likely one first.
    pub(crate) const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    const fn pragma(self) -> &'static str {
        match self {
            Self::Sha256 => "PRAGMA cipher_hmac_algorithm = HMAC_SHA256",
            Self::Sha512 => "PRAGMA cipher_hmac_algorithm = HMAC_SHA512",
        }
    }
}

/// 32 random bytes that encrypt a cache. Wiped from memory when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// A new key from the operating system's random numbers.
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes);
        Self(bytes)
    }

    /// Reads what [`Self::to_hex`] wrote.
    pub fn from_hex(hex: &str) -> Result<Self, CacheError> {
        let hex = hex.trim().as_bytes();
        if hex.len() != 64 {
            return Err(CacheError::BadKey);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let (Some(high), Some(low)) = (nibble(pair[0]), nibble(pair[1])) else {
                return Err(CacheError::BadKey);
            };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }

    /// The key as 64 hexadecimal digits, for the keyring.
    pub fn to_hex(&self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = Zeroizing::new(String::with_capacity(64));
        for byte in self.0 {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        hex
    }

    /// Gives the key to a fresh connection to a file of this form.
    pub(crate) fn unlock(&self, conn: &Connection, form: Form) -> rusqlite::Result<()> {
        let mut statement = Zeroizing::new(String::with_capacity(96));
        statement.push_str("PRAGMA key = \"x'");
        statement.push_str(&self.to_hex());
        statement.push_str("'\"");
        conn.execute_batch(&statement)?;
        conn.execute_batch(form.pragma())
    }

    /// A text by which the right key is told from a wrong one without opening the cache.
    pub(crate) fn fingerprint(&self) -> String {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        hash.update(b"tidings cache key\0");
        hash.update(self.0);
        Self(hash.finalize().into()).to_hex().to_string()
    }

    /// Whether a text is a fingerprint at all, of whichever key.
    pub(crate) fn is_fingerprint(text: &[u8]) -> bool {
        text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheKey(…)")
    }
}
