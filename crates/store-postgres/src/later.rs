//! What a store in PostgreSQL does not keep yet: roles, bindings and the end of keys, ids of integrations, OAuth
//! applications, the audit log, and tokens of creations. Whoever asks for it is told so.

use async_trait::async_trait;
use jiff::Timestamp;
use lookback_domain::{CredentialId, KeyId, OrgId, OwnQuota, Provider, TeamId};
use lookback_store::{
    AuditEntry, AuditFilter, AuditId, AuditStore, Author, Created, Credential, CredentialContent,
    CredentialFilter, CredentialStore, DeletedCredentials, Error, Housekeeping, MasterKeyId, Moving, Once,
    Result, Row, Scope, Seals, Snapshot,
};

use crate::PostgresStore;

pub(crate) fn later() -> Error {
    Error::unavailable("a store in PostgreSQL does not keep this yet; use the embedded store for it")
}

#[async_trait]
impl CredentialStore for PostgresStore {
    async fn upsert_credential(
        &self,
        _: &Scope,
        _: TeamId,
        _: Provider,
        _: CredentialId,
        _: CredentialContent,
        _: Option<Once>,
        _: &Author,
    ) -> Result<Created<Credential>> {
        Err(later())
    }

    async fn credentials(
        &self,
        _: &Scope,
        _: &CredentialFilter,
        _: Option<CredentialId>,
        _: usize,
    ) -> Result<Vec<Credential>> {
        Err(later())
    }

    async fn set_credential_quota(
        &self,
        _: &Scope,
        _: CredentialId,
        _: Option<OwnQuota>,
        _: &Author,
    ) -> Result<Credential> {
        Err(later())
    }

    async fn delete_credentials(
        &self,
        _: &Scope,
        _: &[CredentialId],
        _: &Author,
    ) -> Result<DeletedCredentials> {
        Err(later())
    }

    async fn seal_counts(&self) -> Result<Vec<(MasterKeyId, u64)>> {
        Err(later())
    }

    async fn credentials_not_under(
        &self,
        _: &MasterKeyId,
        _: Option<CredentialId>,
        _: usize,
    ) -> Result<Vec<(OrgId, Credential)>> {
        Err(later())
    }

    async fn reseal_credential(&self, _: CredentialId, _: &Seals, _: Seals, _: &Author) -> Result<bool> {
        Err(later())
    }
}

#[async_trait]
impl AuditStore for PostgresStore {
    async fn audit(
        &self,
        _: OrgId,
        _: &AuditFilter,
        _: Option<AuditId>,
        _: usize,
    ) -> Result<Vec<AuditEntry>> {
        Err(later())
    }
}

#[async_trait]
impl Housekeeping for PostgresStore {
    // There is nothing to note and to forget.
    async fn record_key_uses(&self, _: &[(KeyId, Timestamp)]) -> Result<()> {
        Ok(())
    }

    async fn purge_audit(&self, _: Timestamp, _: usize) -> Result<usize> {
        Ok(0)
    }

    async fn purge_once(&self, _: Timestamp, _: usize) -> Result<usize> {
        Ok(0)
    }
}

#[async_trait]
impl Moving for PostgresStore {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Err(later())
    }

    async fn restore(&self, _: Vec<Row>) -> Result<()> {
        Err(later())
    }
}
