//! The list of all operations, for whatever stands before a store and does the same with each.

/// Calls the macro `$with` with every operation of every trait of a store but [`Lifecycle`](crate::Lifecycle), as
/// `Trait { operation(argument: Type, …) -> Output; … } …`, where the output is what the operation gives where it
/// succeeds. Whoever calls it has `jiff` and `lookback_domain` among its dependencies.
#[macro_export]
macro_rules! operations {
    ($with:ident) => {
        $with! {
            OrgStore {
                create_org(
                    org: $crate::Org, teams: Vec<$crate::Team>, keys: Vec<$crate::Key>,
                    by: &$crate::Author
                ) -> ();
                org(id: ::lookback_domain::OrgId) -> $crate::Org;
                orgs(after: Option<::lookback_domain::OrgId>, limit: usize) -> Vec<$crate::Org>;
                rename_org(id: ::lookback_domain::OrgId, name: String, by: &$crate::Author) -> $crate::Org;
                delete_org(id: ::lookback_domain::OrgId, rows: usize) -> bool;
            }
            TeamStore {
                create_team(
                    team: $crate::Team, once: Option<$crate::Once>, by: &$crate::Author
                ) -> $crate::Created<$crate::Team>;
                team(org: ::lookback_domain::OrgId, id: ::lookback_domain::TeamId) -> $crate::Team;
                team_by_integration_id(
                    org: ::lookback_domain::OrgId, integration_team_id: &str
                ) -> Option<$crate::Team>;
                teams(
                    org: ::lookback_domain::OrgId, filter: &$crate::TeamFilter,
                    after: Option<::lookback_domain::TeamId>, limit: usize
                ) -> Vec<$crate::Team>;
                patch_team(
                    org: ::lookback_domain::OrgId, id: ::lookback_domain::TeamId,
                    patch: $crate::TeamPatch, by: &$crate::Author
                ) -> $crate::Team;
                delete_team(
                    org: ::lookback_domain::OrgId, id: ::lookback_domain::TeamId, by: &$crate::Author
                ) -> ();
            }
            KeyStore {
                create_key(
                    key: $crate::Key, once: Option<$crate::Once>, by: &$crate::Author
                ) -> $crate::Created<$crate::Key>;
                keys(
                    org: ::lookback_domain::OrgId, filter: &$crate::KeyFilter,
                    after: Option<::lookback_domain::KeyId>, limit: usize
                ) -> Vec<$crate::Key>;
                patch_key(
                    org: ::lookback_domain::OrgId, id: ::lookback_domain::KeyId, patch: $crate::KeyPatch,
                    guard: &$crate::KeyGuard, by: &$crate::Author
                ) -> $crate::Key;
                delete_key(
                    org: ::lookback_domain::OrgId, id: ::lookback_domain::KeyId, guard: &$crate::KeyGuard,
                    by: &$crate::Author
                ) -> $crate::Key;
                key_by_digest(digest: $crate::KeyDigest) -> Option<$crate::Key>;
            }
            PreferenceStore {
                preferences(
                    scope: &$crate::Scope, selection: $crate::Selection<'_>
                ) -> Vec<$crate::TeamPreferences>;
                upsert_preferences(
                    scope: &$crate::Scope,
                    teams: &[::lookback_domain::TeamId],
                    changes: &::std::collections::BTreeMap<::lookback_domain::Provider, ::lookback_domain::Preference>,
                    raised: &::std::collections::BTreeMap<::lookback_domain::Provider, ::lookback_domain::Raised>,
                    by: &$crate::Author
                ) -> Vec<$crate::TeamPreferences>;
                delete_preferences(
                    scope: &$crate::Scope,
                    selection: $crate::Selection<'_>,
                    providers: Option<&[::lookback_domain::Provider]>,
                    by: &$crate::Author
                ) -> Option<::lookback_domain::TeamId>;
            }
            CredentialStore {
                upsert_credential(
                    scope: &$crate::Scope,
                    team: ::lookback_domain::TeamId,
                    provider: ::lookback_domain::Provider,
                    id: ::lookback_domain::CredentialId,
                    content: $crate::CredentialContent,
                    once: Option<$crate::Once>, by: &$crate::Author
                ) -> $crate::Created<$crate::Credential>;
                credentials(
                    scope: &$crate::Scope,
                    filter: &$crate::CredentialFilter,
                    after: Option<::lookback_domain::CredentialId>,
                    limit: usize
                ) -> Vec<$crate::Credential>;
                set_credential_quota(
                    scope: &$crate::Scope,
                    id: ::lookback_domain::CredentialId,
                    quota: Option<::lookback_domain::OwnQuota>,
                    by: &$crate::Author
                ) -> $crate::Credential;
                delete_credentials(
                    scope: &$crate::Scope, ids: &[::lookback_domain::CredentialId], by: &$crate::Author
                ) -> $crate::DeletedCredentials;
                seal_counts() -> Vec<($crate::MasterKeyId, u64)>;
                credentials_not_under(
                    key_id: &$crate::MasterKeyId, after: Option<::lookback_domain::CredentialId>, limit: usize
                ) -> Vec<(::lookback_domain::OrgId, $crate::Credential)>;
                reseal_credential(
                    id: ::lookback_domain::CredentialId, before: &$crate::Seals, after: $crate::Seals,
                    by: &$crate::Author
                ) -> bool;
            }
            AuditStore {
                audit(
                    org: ::lookback_domain::OrgId,
                    filter: &$crate::AuditFilter,
                    before: Option<$crate::AuditId>,
                    limit: usize
                ) -> Vec<$crate::AuditEntry>;
            }
            Housekeeping {
                record_key_uses(uses: &[(::lookback_domain::KeyId, ::jiff::Timestamp)]) -> ();
                purge_audit(before: ::jiff::Timestamp, limit: usize) -> usize;
                purge_once(before: ::jiff::Timestamp, limit: usize) -> usize;
            }
            Moving {
                snapshot() -> Box<dyn $crate::Snapshot>;
                restore(rows: Vec<$crate::Row>) -> ();
            }
        }
    };
}
