//! `/v1/org/{org_id}`: what the methods have in common.

pub mod get;
pub mod patch;

use jiff::Timestamp;
use lookback_domain::OrgId;
use lookback_store::Org;

use crate::wire::{Nullable, model, request};

request! { path
    /// Which organisation.
    pub struct OrgPath {
        /// The organisation; it has to be the key's own.
        pub org_id: OrgId,
    }
}

model! {
    /// An organisation.
    pub struct ClientFacingOrg {
        /// Its id.
        pub id: OrgId,
        /// What people call it.
        pub name: String,
        /// Always null: organisations do not expire.
        pub expires_at: Nullable<Timestamp>,
    }
}

impl From<Org> for ClientFacingOrg {
    fn from(Org { id, name, .. }: Org) -> Self {
        Self { id, name, expires_at: Nullable(None) }
    }
}
