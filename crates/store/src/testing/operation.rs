//! Operations as values, so that a random sequence of them can be run, compared and made smaller.

mod space;

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{
    CredentialId, Environment, KeyId, OrgId, OwnQuota, Preference, Provider, Raised, Region, TeamId,
};
pub(super) use space::Space;

use crate::{
    AuditEntry, AuditFilter, AuditId, Author, Created, Credential, CredentialContent, CredentialFilter,
    DeletedCredentials, Key, KeyDigest, KeyFilter, KeyGuard, KeyPatch, MasterKeyId, Once, Org, Scope, Seals,
    Selection, Store, Team, TeamFilter, TeamPatch, TeamPreferences, Visible,
};

/// One operation and who has it done.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) by: Author,
    pub(super) operation: Operation,
}

/// One call of a store.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    CreateOrg(Org, Vec<Team>, Vec<Key>),
    Org(OrgId),
    Orgs(Option<OrgId>, usize),
    RenameOrg(OrgId, String),
    DeleteOrg(OrgId, usize),
    CreateTeam(Team, Option<Once>),
    Team(OrgId, TeamId),
    TeamByIntegrationId(OrgId, String),
    Teams(OrgId, TeamFilter, Option<TeamId>, usize),
    PatchTeam(OrgId, TeamId, TeamPatch),
    DeleteTeam(OrgId, TeamId),
    CreateKey(Key, Option<Once>),
    Keys(OrgId, KeyFilter, Option<KeyId>, usize),
    PatchKey(OrgId, KeyId, KeyPatch, KeyGuard),
    DeleteKey(OrgId, KeyId, KeyGuard),
    KeyByDigest(KeyDigest),
    Preferences(Scope, Vec<TeamId>),
    Page(Scope, Option<TeamId>, usize),
    Upsert(Scope, Vec<TeamId>, BTreeMap<Provider, Preference>, BTreeMap<Provider, Raised>),
    Delete(Scope, Vec<TeamId>, Option<Vec<Provider>>),
    DeletePage(Scope, Option<TeamId>, usize, Option<Vec<Provider>>),
    UpsertCredential(Scope, TeamId, Provider, CredentialId, CredentialContent, Option<Once>),
    Credentials(Scope, CredentialFilter, Option<CredentialId>, usize),
    SetQuota(Scope, CredentialId, Option<OwnQuota>),
    DeleteCredentials(Scope, Vec<CredentialId>),
    Reseal(CredentialId, Seals, Seals),
    Audit(OrgId, AuditFilter, Option<AuditId>, usize),
    RecordKeyUses(Vec<(KeyId, Timestamp)>),
}

/// What a call answered.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Org(Org),
    Orgs(Vec<Org>),
    CreatedTeam(Created<Team>),
    Team(Option<Team>),
    Teams(Vec<Team>),
    CreatedKey(Created<Key>),
    Key(Option<Key>),
    Keys(Vec<Key>),
    Preferences(Vec<TeamPreferences>),
    End(Option<TeamId>),
    CreatedCredential(Created<Credential>),
    Credential(Credential),
    Credentials(Vec<Credential>),
    DeletedCredentials(DeletedCredentials),
    Gone(bool),
    Resealed(bool),
    Elsewhere(Vec<(OrgId, Credential)>),
    Audit(Vec<AuditEntry>),
    /// The error as it prints for a developer, which names its kind and every id of it.
    Refused(String),
}

impl Call {
    /// Calls the store.
    pub(super) async fn run(&self, store: &dyn Store) -> Answer {
        self.call(store).await.unwrap_or_else(|error| refused(&error))
    }

    async fn call(&self, store: &dyn Store) -> crate::Result<Answer> {
        use Operation as Op;
        let (by, done) = (&self.by, |()| Answer::Done);
        match self.operation.clone() {
            Op::CreateOrg(org, teams, keys) => store.create_org(org, teams, keys, by).await.map(done),
            Op::Org(org) => store.org(org).await.map(Answer::Org),
            Op::Orgs(after, limit) => store.orgs(after, limit).await.map(Answer::Orgs),
            Op::RenameOrg(org, name) => store.rename_org(org, name, by).await.map(Answer::Org),
            Op::DeleteOrg(org, rows) => store.delete_org(org, rows).await.map(Answer::Gone),
            Op::CreateTeam(team, once) => store.create_team(team, once, by).await.map(Answer::CreatedTeam),
            Op::Team(org, team) => store.team(org, team).await.map(|team| Answer::Team(Some(team))),
            Op::TeamByIntegrationId(org, id) => {
                store.team_by_integration_id(org, &id).await.map(Answer::Team)
            }
            Op::Teams(org, filter, after, limit) => {
                store.teams(org, &filter, after, limit).await.map(Answer::Teams)
            }
            Op::PatchTeam(org, team, patch) => {
                store.patch_team(org, team, patch, by).await.map(|team| Answer::Team(Some(team)))
            }
            Op::DeleteTeam(org, team) => store.delete_team(org, team, by).await.map(done),
            Op::CreateKey(key, once) => store.create_key(key, once, by).await.map(Answer::CreatedKey),
            Op::Keys(org, filter, after, limit) => {
                store.keys(org, &filter, after, limit).await.map(Answer::Keys)
            }
            Op::PatchKey(org, key, patch, guard) => {
                store.patch_key(org, key, patch, &guard, by).await.map(|key| Answer::Key(Some(key)))
            }
            Op::DeleteKey(org, key, guard) => {
                store.delete_key(org, key, &guard, by).await.map(|key| Answer::Key(Some(key)))
            }
            Op::KeyByDigest(digest) => store.key_by_digest(digest).await.map(Answer::Key),
            Op::Preferences(scope, teams) => {
                store.preferences(&scope, Selection::Teams(&teams)).await.map(Answer::Preferences)
            }
            Op::Page(scope, after, limit) => {
                store.preferences(&scope, Selection::Page { after, limit }).await.map(Answer::Preferences)
            }
            Op::Upsert(scope, teams, changes, raised) => {
                let answer = store.upsert_preferences(&scope, &teams, &changes, &raised, by).await;
                answer.map(Answer::Preferences)
            }
            Op::Delete(scope, teams, providers) => {
                let teams = Selection::Teams(&teams);
                store.delete_preferences(&scope, teams, providers.as_deref(), by).await.map(Answer::End)
            }
            Op::DeletePage(scope, after, limit, providers) => {
                let page = Selection::Page { after, limit };
                store.delete_preferences(&scope, page, providers.as_deref(), by).await.map(Answer::End)
            }
            Op::UpsertCredential(scope, team, provider, id, content, once) => {
                let answer = store.upsert_credential(&scope, team, provider, id, content, once, by).await;
                answer.map(Answer::CreatedCredential)
            }
            Op::Credentials(scope, filter, after, limit) => {
                store.credentials(&scope, &filter, after, limit).await.map(Answer::Credentials)
            }
            Op::SetQuota(scope, id, quota) => {
                store.set_credential_quota(&scope, id, quota, by).await.map(Answer::Credential)
            }
            Op::DeleteCredentials(scope, ids) => {
                store.delete_credentials(&scope, &ids, by).await.map(Answer::DeletedCredentials)
            }
            Op::Reseal(id, before, after) => {
                store.reseal_credential(id, &before, after, by).await.map(Answer::Resealed)
            }
            Op::Audit(org, filter, before, limit) => {
                store.audit(org, &filter, before, limit).await.map(Answer::Audit)
            }
            Op::RecordKeyUses(uses) => store.record_key_uses(&uses).await.map(done),
        }
    }
}

/// What tells two refusals apart. Which team it is that has an integration's id is told too.
fn refused(error: &crate::Error) -> Answer {
    Answer::Refused(format!("{error:?}"))
}

/// Everything that is in a store about these organisations.
pub(super) async fn contents(store: &dyn Store, orgs: &[OrgId]) -> Vec<Answer> {
    let (mut found, all) = (Vec::new(), usize::MAX);
    let mut keep = |answer: crate::Result<Answer>| found.push(answer.unwrap_or_else(|error| refused(&error)));
    for &org_id in orgs {
        keep(store.org(org_id).await.map(Answer::Org));
        keep(store.teams(org_id, &TeamFilter::all(), None, all).await.map(Answer::Teams));
        keep(store.keys(org_id, &KeyFilter::all(), None, all).await.map(Answer::Keys));
        keep(store.audit(org_id, &AuditFilter::all(), None, all).await.map(Answer::Audit));
        for &region in Region::ALL {
            for &environment in Environment::ALL {
                let scope = Scope { org_id, region, environment, visible: Visible::All };
                let everyone = Selection::Page { after: None, limit: all };
                keep(store.preferences(&scope, everyone).await.map(Answer::Preferences));
                let filter = CredentialFilter::default();
                keep(store.credentials(&scope, &filter, None, all).await.map(Answer::Credentials));
            }
        }
    }
    let nowhere = MasterKeyId("none".to_owned());
    let elsewhere = store.credentials_not_under(&nowhere, None, all).await.map(|mut elsewhere| {
        elsewhere.retain(|(org, _)| orgs.contains(org));
        Answer::Elsewhere(elsewhere)
    });
    keep(elsewhere);
    found
}
