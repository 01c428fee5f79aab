//! The rows as they stand in the file.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use lookback_domain::{
    CredentialId, Environment, KeyId, OrgId, OwnQuota, Preference, Provider, Region, Role, TeamId,
};
use lookback_store::{
    Action, Actor, AuditEntry, AuditId, Credential, CredentialPlace, KeptPreferences, Key, KeyDigest,
    MasterKeyId, Once, Org, Sealed, Seals, Team, Token,
};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// Bytes as text. The text does not print itself, since it may be the digest of a key.
#[derive(Clone, PartialEq)]
pub struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> std::fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = BASE64_STANDARD.decode(String::deserialize(deserializer)?).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom(format_args!("expected {N} bytes in base64")))
    }
}

/// What an action is called.
#[derive(Debug, Clone, Copy)]
pub struct ActionName(Action);

impl Serialize for ActionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for ActionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Declares rows that have the fields of a type of the store, under the same names.
macro_rules! rows {
    ($($line:ident for $type:ident { $($field:ident: $as:ty,)+ })+) => {$(
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $line { $($field: $as,)+ }

        impl From<$type> for $line {
            fn from(row: $type) -> Self {
                let $type { $($field,)+ } = row;
                Self { $($field: $field.into(),)+ }
            }
        }

        impl From<$line> for $type {
            fn from(line: $line) -> Self {
                let $line { $($field,)+ } = line;
                Self { $($field: $field.into(),)+ }
            }
        }
    )+};
}

rows! {
    OrgLine for Org { id: OrgId, name: String, created_at: Timestamp, }
    TeamLine for Team {
        id: TeamId,
        org_id: OrgId,
        name: String,
        region: Region,
        integration_team_id: Option<String>,
        created_at: Timestamp,
    }
    KeyLine for Key {
        id: KeyId,
        org_id: OrgId,
        label: String,
        digest: Bytes<32>,
        role: Role,
        bindings: BTreeSet<TeamId>,
        creator: Actor,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
        last_used_at: Option<Timestamp>,
    }
    CredentialLine for Credential {
        id: CredentialId,
        place: PlaceLine,
        client_id: Option<String>,
        client_secret_hash: Option<String>,
        details_hash: Option<String>,
        seals: SealsLine,
        redirect_url_override: Option<String>,
        quota: Option<OwnQuota>,
        created_at: Timestamp,
        updated_at: Timestamp,
    }
    PlaceLine for CredentialPlace { team_id: TeamId, environment: Environment, provider: Provider, }
    EntryLine for AuditEntry {
        id: AuditId,
        org_id: OrgId,
        team_id: Option<TeamId>,
        actor: Actor,
        action: ActionName,
        before: Option<Value>,
        after: Option<Value>,
        acknowledgement: Option<Value>,
    }
    TokenLine for Token { once: OnceLine, org_id: OrgId, at: Timestamp, id: Uuid, created: Option<Value>, }
    OnceLine for Once { key_id: KeyId, token: String, fingerprint: Bytes<32>, }
}

/// What is sealed of an application.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealsLine {
    client_secret: Option<SealedLine>,
    details: Option<SealedLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedLine {
    key_id: String,
    nonce: Bytes<12>,
    ciphertext: Ciphertext,
}

#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[derive(Clone)]
struct Ciphertext(Vec<u8>);

/// What a team has stored in one of its environments.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferencesLine {
    team_id: TeamId,
    environment: Environment,
    providers: BTreeMap<Provider, (Preference, Timestamp)>,
}

impl From<KeptPreferences> for PreferencesLine {
    fn from(row: KeptPreferences) -> Self {
        let KeptPreferences { team_id, environment, providers } = row;
        Self { team_id, environment, providers }
    }
}

impl From<PreferencesLine> for KeptPreferences {
    fn from(line: PreferencesLine) -> Self {
        let PreferencesLine { team_id, environment, providers } = line;
        Self { team_id, environment, providers }
    }
}

impl From<Seals> for SealsLine {
    fn from(seals: Seals) -> Self {
        let Seals { client_secret, details } = seals;
        Self { client_secret: client_secret.map(Into::into), details: details.map(Into::into) }
    }
}

impl From<SealsLine> for Seals {
    fn from(line: SealsLine) -> Self {
        let SealsLine { client_secret, details } = line;
        Self { client_secret: client_secret.map(Into::into), details: details.map(Into::into) }
    }
}

impl From<Sealed> for SealedLine {
    fn from(sealed: Sealed) -> Self {
        let Sealed { key_id, nonce, ciphertext } = sealed;
        Self { key_id: key_id.0, nonce: nonce.into(), ciphertext: Ciphertext(ciphertext) }
    }
}

impl From<SealedLine> for Sealed {
    fn from(line: SealedLine) -> Self {
        let SealedLine { key_id, nonce, ciphertext } = line;
        Self { key_id: MasterKeyId(key_id), nonce: nonce.into(), ciphertext: ciphertext.0 }
    }
}

impl std::fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl From<Ciphertext> for String {
    fn from(ciphertext: Ciphertext) -> Self {
        BASE64_STANDARD.encode(ciphertext.0)
    }
}

impl TryFrom<String> for Ciphertext {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        BASE64_STANDARD.decode(text).map(Self)
    }
}

impl<const N: usize> From<[u8; N]> for Bytes<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<Bytes<N>> for [u8; N] {
    fn from(bytes: Bytes<N>) -> Self {
        bytes.0
    }
}

impl From<KeyDigest> for Bytes<32> {
    fn from(digest: KeyDigest) -> Self {
        Self(digest.0)
    }
}

impl From<Bytes<32>> for KeyDigest {
    fn from(bytes: Bytes<32>) -> Self {
        Self(bytes.0)
    }
}

impl From<Action> for ActionName {
    fn from(action: Action) -> Self {
        Self(action)
    }
}

impl From<ActionName> for Action {
    fn from(name: ActionName) -> Self {
        name.0
    }
}
