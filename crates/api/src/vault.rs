//! Sealing what must not be kept in clear.

use lookback_store::{CredentialPlace, Sealed};

/// What is sealed of an OAuth application; a sealed value cannot be passed off as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedField {
    /// The client secret.
    ClientSecret,
    /// What the provider wants besides.
    Details,
}

/// Seals secrets under the deployment's master key. Handed in: this crate holds no key.
pub trait Vault: Send + Sync + 'static {
    /// Seals `clear` for its place.
    ///
    /// Errors: the operating system gives no randomness.
    fn seal(&self, place: &CredentialPlace, field: SealedField, clear: &[u8]) -> std::io::Result<Sealed>;
}
