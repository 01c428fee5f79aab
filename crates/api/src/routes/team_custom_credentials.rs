//! `/v1/org/{org_id}/team_custom_credentials/{env}/{region}`: the OAuth applications that teams bring.

pub mod delete;
pub mod details;
pub mod get;
pub mod post;
pub mod quota;

use jiff::Timestamp;
use lookback_domain::{CredentialId, TeamId};
use lookback_store::Credential;

use self::details::Details;
use crate::wire::{CredentialSource, model};

model! {
    /// An OAuth application of a team. What is secret is not shown.
    pub struct ClientFacingTeamProviderCredentials {
        /// Its id.
        pub id: CredentialId,
        /// What the provider calls it.
        pub client_id: Option<String>,
        /// The SHA-256 of its secret, to tell which one is stored.
        pub client_secret_hash: Option<String>,
        /// The provider.
        pub source: CredentialSource,
        /// Whose it is.
        pub team_id: TeamId,
        /// When it was first stored.
        pub created_at: Timestamp,
        /// When it was changed last.
        pub updated_at: Timestamp,
        /// Always null: what a provider wants besides may be secret.
        pub details: Option<Details>,
        /// Always null.
        pub app_url: Option<String>,
        /// Where the provider sends people back to.
        pub redirect_url_override: Option<String>,
    }
}

impl From<Credential> for ClientFacingTeamProviderCredentials {
    fn from(credential: Credential) -> Self {
        Self {
            id: credential.id,
            client_id: credential.client_id,
            client_secret_hash: credential.client_secret_hash,
            source: CredentialSource::Provider(credential.place.provider),
            team_id: credential.place.team_id,
            created_at: credential.created_at,
            updated_at: credential.updated_at,
            details: None,
            app_url: None,
            redirect_url_override: credential.redirect_url_override,
        }
    }
}
