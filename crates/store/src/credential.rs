//! OAuth applications that teams bring, with what is secret about them.
//!
//! A store keeps secrets sealed and cannot open them: the key they are sealed under never reaches it.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{CredentialId, Environment, OrgId, OwnQuota, Provider, TeamId};
use serde::Serialize;

use crate::{Author, Created, Once, Result, Scope, kept};

/// Names the master key that something is sealed under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MasterKeyId(pub String);

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something secret, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What it is sealed under.
    pub key_id: MasterKeyId,
    /// Used for nothing else under that key.
    pub nonce: [u8; 12],
    /// With the tag that shows it to be whole.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(under {}, …)", self.key_id)
    }
}

/// What is sealed of one OAuth application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seals {
    /// The client secret.
    pub client_secret: Option<Sealed>,
    /// What the provider wants besides, as JSON.
    pub details: Option<Sealed>,
}

impl Seals {
    /// Each that is there.
    pub fn iter(&self) -> impl Iterator<Item = &Sealed> {
        self.client_secret.iter().chain(&self.details)
    }

    /// What each that is there is sealed under.
    fn under(&self) -> impl Iterator<Item = &MasterKeyId> {
        self.iter().map(|sealed| &sealed.key_id)
    }
}

/// Which application of a team is meant: a team has one for each environment and provider.
///
/// What is sealed is bound to this place, which an application keeps as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialPlace {
    /// Whose application it is.
    pub team_id: TeamId,
    /// In which environment it is used.
    pub environment: Environment,
    /// Whom it is registered with.
    pub provider: Provider,
}

/// An OAuth application of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id; unique in the deployment.
    pub id: CredentialId,
    /// Which application of the team it is.
    pub place: CredentialPlace,
    /// What the provider calls it.
    pub client_id: Option<String>,
    /// A digest of the client secret, to tell by which one is stored.
    pub client_secret_hash: Option<String>,
    /// A digest of the details, to tell by whether they are others.
    pub details_hash: Option<String>,
    /// What is secret.
    pub seals: Seals,
    /// Where the provider sends people back to, if not to the usual place.
    pub redirect_url_override: Option<String>,
    /// What it may spend, where that is not what the catalog says.
    pub quota: Option<OwnQuota>,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When it was changed last; to seal it anew changes nothing.
    pub updated_at: Timestamp,
}

impl Credential {
    /// It with another quota, set at this time; where that is no other one, exactly what it was.
    #[must_use]
    pub fn with_quota(&self, quota: Option<OwnQuota>, at: Timestamp) -> Self {
        let updated_at = if self.quota == quota { self.updated_at } else { kept(at) };
        Self { quota, updated_at, ..self.clone() }
    }
}

/// What is to be stored of an application.
#[derive(Debug, Clone)]
pub struct CredentialContent {
    /// What the provider calls it.
    pub client_id: Option<String>,
    /// A digest of the client secret.
    pub client_secret_hash: Option<String>,
    /// A digest of the details.
    pub details_hash: Option<String>,
    /// What is secret. The digests, not these, decide whether it is something else than is stored.
    pub seals: Seals,
    /// Where the provider sends people back to.
    pub redirect_url_override: Option<String>,
}

impl CredentialContent {
    /// The application that comes of it: a new one with this id, or the one that was there. Where nothing is new it
    /// is exactly what was there, but for the seals where they are under another key: that one may be lost.
    pub fn apply(
        self,
        before: Option<&Credential>,
        id: CredentialId,
        place: CredentialPlace,
        at: Timestamp,
    ) -> Credential {
        let same = |old: &&Credential| {
            old.client_id == self.client_id
                && old.client_secret_hash == self.client_secret_hash
                && old.details_hash == self.details_hash
                && old.redirect_url_override == self.redirect_url_override
        };
        if let Some(old) = before.filter(same) {
            let seals = if self.seals.under().eq(old.seals.under()) { &old.seals } else { &self.seals };
            return Credential { seals: seals.clone(), ..old.clone() };
        }
        let Self { client_id, client_secret_hash, details_hash, seals, redirect_url_override } = self;
        Credential {
            id: before.map_or(id, |old| old.id),
            place,
            client_id,
            client_secret_hash,
            details_hash,
            seals,
            redirect_url_override,
            quota: before.and_then(|old| old.quota.clone()),
            created_at: before.map_or(at, |old| old.created_at),
            updated_at: at,
        }
    }
}

/// Which applications in a [`Scope`] are listed.
#[derive(Debug, Clone, Default)]
pub struct CredentialFilter {
    /// Only those of these teams; none named means of every team.
    pub teams: Vec<TeamId>,
    /// Only those registered with this provider.
    pub provider: Option<Provider>,
}

/// What became of the applications that were to be deleted, each once, in the order asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletedCredentials {
    /// Gone.
    pub deleted: Vec<CredentialId>,
    /// Not there, or not in the scope.
    pub not_found: Vec<CredentialId>,
}

/// The OAuth applications of teams.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// Stores an application of a team in place of the one for the same environment and provider, if there is one:
    /// that one's id, creation time and quota stay, and all of it where nothing is new but the key it is sealed under. `id` is the id of a new one.
    ///
    /// A repetition of the same `once` gives the application while it is as it was stored then, and
    /// [`Created::Conflict`] afterwards.
    ///
    /// Errors: [`crate::Error::UnknownTeams`] where the team is not in the scope, [`crate::Error::Taken`].
    #[expect(clippy::too_many_arguments, reason = "where, what, and by whom")]
    async fn upsert_credential(
        &self,
        scope: &Scope,
        team: TeamId,
        provider: Provider,
        id: CredentialId,
        content: CredentialContent,
        once: Option<Once>,
        by: &Author,
    ) -> Result<Created<Credential>>;

    /// Up to `limit` applications in the scope in the order of their ids, those after `after`.
    ///
    /// Errors: [`crate::Error::UnknownTeams`] where one is named that is not in the scope.
    async fn credentials(
        &self,
        scope: &Scope,
        filter: &CredentialFilter,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<Credential>>;

    /// Sets what an application may spend, or that it is what the catalog says, and answers it as it is then.
    ///
    /// Errors: [`crate::Error::UnknownCredential`] where it is not in the scope.
    async fn set_credential_quota(
        &self,
        scope: &Scope,
        id: CredentialId,
        quota: Option<OwnQuota>,
        by: &Author,
    ) -> Result<Credential>;

    /// Deletes these applications as far as they are in the scope.
    async fn delete_credentials(
        &self,
        scope: &Scope,
        ids: &[CredentialId],
        by: &Author,
    ) -> Result<DeletedCredentials>;

    /// How many secrets are sealed under each master key, in the whole deployment.
    async fn seal_counts(&self) -> Result<Vec<(MasterKeyId, u64)>>;

    /// Up to `limit` applications of the whole deployment that have something sealed under another master key than
    /// this, with the organisation of each, in the order of their ids, those after `after`.
    async fn credentials_not_under(
        &self,
        key_id: &MasterKeyId,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<(OrgId, Credential)>>;

    /// Puts the same secrets, sealed anew, in the place of `before`. Answers whether it did: not where something
    /// else stands there by now.
    async fn reseal_credential(
        &self,
        id: CredentialId,
        before: &Seals,
        after: Seals,
        by: &Author,
    ) -> Result<bool>;
}
