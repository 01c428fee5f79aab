//! Management keys.
//!
//! A key is 256 random bits. It is shown once, when it is made; only its SHA-256 is kept. What has that much
//! entropy cannot be guessed from a digest, so a slow hash would cost time and gain nothing.

use std::fmt;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use lookback_domain::{KeyId, OrgId};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Result;

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

/// A management key as it is kept. A key is bound to one organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Its id, by which it is listed and deleted.
    pub id: KeyId,
    /// The organisation it may manage.
    pub org_id: OrgId,
    /// What people call it.
    pub label: String,
    /// What is kept of the key; unique in the deployment.
    #[serde(skip)]
    pub digest: KeyDigest,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The keys of the organisations.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Creates a key.
    ///
    /// Errors: [`crate::Error::UnknownOrg`], [`crate::Error::Taken`] where its id or its digest is in use.
    async fn create_key(&self, key: Key) -> Result<()>;

    /// Up to `limit` keys of an organisation in the order of their ids, those after `after`.
    ///
    /// Errors: [`crate::Error::UnknownOrg`].
    async fn keys(&self, org: OrgId, after: Option<KeyId>, limit: usize) -> Result<Vec<Key>>;

    /// Deletes a key of an organisation. It is refused from the next request on.
    ///
    /// Errors: [`crate::Error::UnknownKey`], also where the key is another organisation's.
    async fn delete_key(&self, org: OrgId, id: KeyId) -> Result<()>;

    /// The key with this digest, where there is one.
    async fn key_by_digest(&self, digest: KeyDigest) -> Result<Option<Key>>;
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
