//! One master key.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use lookback_store::MasterKeyId;
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// 256 bits that others are sealed under. It does not print itself.
pub struct MasterKey {
    /// What tells it from others; a digest, from which nothing follows.
    pub(crate) id: MasterKeyId,
    pub(crate) cipher: LessSafeKey,
    bits: Zeroizing<[u8; 32]>,
}

/// A text that is no master key. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a master key is 32 random bytes in base64, such as `openssl rand -base64 32` prints")]
pub struct InvalidKey;

/// Bytes of the digest that make an id.
const ID_BYTES: usize = 8;

impl MasterKey {
    /// The key made of 256 bits, which have to be random.
    pub fn from_bits(bits: Zeroizing<[u8; 32]>) -> Self {
        let digest = Sha256::new().chain_update(b"lookback master key\0").chain_update(&bits[..]).finalize();
        let id = digest.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect();
        let unbound = UnboundKey::new(&AES_256_GCM, &bits[..]).expect("the key has the length it must have");
        Self { id: MasterKeyId(id), cipher: LessSafeKey::new(unbound), bits }
    }

    /// The key that is written so.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.trim()).map_err(|_| InvalidKey)?);
        let bits = <[u8; 32]>::try_from(&bytes[..]).map_err(|_| InvalidKey)?;
        Ok(Self::from_bits(Zeroizing::new(bits)))
    }

    /// What tells it from others.
    pub fn id(&self) -> &MasterKeyId {
        &self.id
    }

    /// As it is written.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_STANDARD.encode(&self.bits[..]))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, …)", self.id)
    }
}
