//! Management keys in clear, and what is kept of them.
//!
//! A key is 256 random bits. It is shown once, when it is made; only its SHA-256 is kept. What has that much
//! entropy cannot be guessed from a digest, so a slow hash would cost time and gain nothing.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A management key in clear. It does not print itself.
pub struct ManagementKey(String);

impl ManagementKey {
    /// The key made of 256 bits, which have to be random.
    pub fn from_bits(bits: [u8; 32]) -> Self {
        Self(format!("mg_{}", BASE64_URL_SAFE_NO_PAD.encode(bits)))
    }

    /// The key that is written so, where it is one: `mg_` and 256 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let bits = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix("mg_")?).ok()?;
        Some(Self::from_bits(bits.try_into().ok()?))
    }

    /// The key itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for ManagementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManagementKey(…)")
    }
}

/// The SHA-256 of a key as it was presented.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// The digest of what somebody presents as a key.
    pub fn of(presented: &[u8]) -> Self {
        Self(Sha256::digest(presented).into())
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_prefix_and_256_bits_and_does_not_print_itself() {
        let key = ManagementKey::from_bits([7; 32]);
        assert_eq!(key.reveal().len(), "mg_".len() + 43);
        assert!(key.reveal().starts_with("mg_"));
        assert_eq!(format!("{key:?} {:?}", key.digest()), "ManagementKey(…) KeyDigest(…)");
        assert_eq!(key.digest(), KeyDigest::of(key.reveal().as_bytes()));
        assert_ne!(key.digest(), ManagementKey::from_bits([8; 32]).digest());
    }

    #[test]
    fn what_is_written_as_a_key_is_read_as_one_and_nothing_else_is() {
        let written = ManagementKey::from_bits([0xfb; 32]);
        assert_eq!(ManagementKey::parse(written.reveal()).unwrap().reveal(), written.reveal());
        let bits = &written.reveal()[3..];
        let wrong = [
            "",
            "mg_",
            bits,
            &format!("sk_eu_{bits}"),
            &format!("mg_{bits} "),
            &format!("mg_{}", &bits[1..]),
        ];
        for wrong in wrong {
            assert!(ManagementKey::parse(wrong).is_none(), "{wrong}");
        }
    }
}
