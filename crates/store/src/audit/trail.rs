//! What the entries of one change say.

use std::collections::{BTreeMap, BTreeSet};

use lookback_domain::{Environment, KeyId, OrgId, Preference, Provider, Raised, TeamId};
use serde_json::{Value, json};

use super::{Action, AuditEntry, AuditId};
use crate::{Author, Credential, Key, Org, Seals, Team, kept};

/// Everything that goes with a team that is deleted.
#[derive(Debug)]
pub struct TeamContents {
    /// The team.
    pub team: Team,
    /// What it has stored.
    pub preferences: BTreeMap<(Environment, Provider), Preference>,
    /// Its OAuth applications, in the order of their places.
    pub credentials: Vec<Credential>,
    /// The keys that are bound to it.
    pub keys: BTreeSet<KeyId>,
}

/// The entries of one change, in the making.
#[derive(Debug)]
pub struct Trail<'a> {
    org_id: OrgId,
    by: &'a Author,
    entries: Vec<AuditEntry>,
}

impl<'a> Trail<'a> {
    /// No entry yet.
    pub fn new(org_id: OrgId, by: &'a Author) -> Self {
        Self { org_id, by, entries: Vec::new() }
    }

    /// The entries, in the order of their ids.
    pub fn into_entries(self) -> Vec<AuditEntry> {
        self.entries
    }

    /// An organisation came to be, or was renamed.
    pub fn org(&mut self, before: Option<&Org>, after: &Org) {
        let action = if before.is_none() { Action::OrgCreated } else { Action::OrgUpdated };
        let show = |org: &Org| json!({ "name": org.name });
        self.change(action, None, before.map(show), Some(show(after)));
    }

    /// A team came to be, or was changed.
    pub fn team(&mut self, before: Option<&Team>, after: &Team) {
        let action = if before.is_none() { Action::TeamCreated } else { Action::TeamUpdated };
        self.change(action, Some(after.id), before.map(show_team), Some(show_team(after)));
    }

    /// A team is gone, and these things with it.
    pub fn team_deleted(&mut self, gone: &TeamContents) {
        let mut before = show_team(&gone.team);
        for &environment in Environment::ALL {
            let of_environment = gone.preferences.iter().filter(|((of, _), _)| *of == environment);
            let providers: BTreeMap<_, _> =
                of_environment.map(|((_, provider), days)| (provider, days)).collect();
            if !providers.is_empty() {
                before["preferences"][environment.as_str()] = json!(providers);
            }
        }
        if !gone.credentials.is_empty() {
            before["credentials"] = gone.credentials.iter().map(show_credential).collect();
        }
        if !gone.keys.is_empty() {
            before["bound_management_keys"] = json!(gone.keys);
        }
        self.change(Action::TeamDeleted, Some(gone.team.id), Some(before), None);
    }

    /// A key was made, changed or deleted.
    pub fn key(&mut self, before: Option<&Key>, after: Option<&Key>) {
        let action = match (before, after) {
            (None, _) => Action::KeyCreated,
            (_, None) => Action::KeyDeleted,
            _ => Action::KeyUpdated,
        };
        self.change(action, None, before.map(show_key), after.map(show_key));
    }

    /// Preferences of a team were set. `raised` says which of those that were asked for exceed their defaults.
    pub fn preferences_set(
        &mut self,
        team: TeamId,
        environment: Environment,
        stored: &BTreeMap<Provider, Preference>,
        changes: &BTreeMap<Provider, Preference>,
        raised: &BTreeMap<Provider, Raised>,
    ) {
        let changed = changes.iter().filter(|&(provider, days)| stored.get(provider) != Some(days));
        let after: BTreeMap<_, _> = changed.map(|(&provider, days)| (provider, Some(days))).collect();
        let before: BTreeMap<_, _> =
            after.keys().map(|&provider| (provider, stored.get(&provider))).collect();
        let exceeded: BTreeMap<_, _> =
            raised.iter().filter(|&(provider, _)| after.contains_key(provider)).collect();
        if after.is_empty() {
            return;
        }
        let show = |providers: BTreeMap<Provider, Option<&Preference>>| json!({ "environment": environment, "providers": providers });
        self.change(Action::PreferencesSet, Some(team), Some(show(before)), Some(show(after)));
        let entry = self.entries.last_mut().expect("what was before differs from what is after");
        entry.acknowledgement = (!exceeded.is_empty()).then(|| json!(exceeded));
    }

    /// Preferences of a team were taken back.
    pub fn preferences_deleted(
        &mut self,
        team: TeamId,
        environment: Environment,
        deleted: &BTreeMap<Provider, Preference>,
    ) {
        if !deleted.is_empty() {
            let before = json!({ "environment": environment, "providers": deleted });
            self.change(Action::PreferencesDeleted, Some(team), Some(before), None);
        }
    }

    /// An OAuth application was brought, changed or deleted.
    pub fn credential(&mut self, before: Option<&Credential>, after: Option<&Credential>) {
        let action = match (before, after) {
            (None, _) => Action::CredentialCreated,
            (_, None) => Action::CredentialDeleted,
            _ => Action::CredentialUpdated,
        };
        if let (Some(before), Some(after)) = (before, after)
            && show_credential(before) == show_credential(after)
        {
            return self.resealed(before, &after.seals);
        }
        let team = before.or(after).map(|credential| credential.place.team_id);
        self.change(action, team, before.map(show_credential), after.map(show_credential));
    }

    /// An OAuth application's secrets were sealed anew.
    pub fn resealed(&mut self, credential: &Credential, after: &Seals) {
        let show = |seals: &Seals| {
            let under: BTreeSet<_> = seals.iter().map(|sealed| &sealed.key_id).collect();
            json!({ "id": credential.id, "master_keys": under })
        };
        let team = Some(credential.place.team_id);
        self.change(Action::CredentialResealed, team, Some(show(&credential.seals)), Some(show(after)));
    }

    /// Adds an entry, unless nothing has changed.
    fn change(
        &mut self,
        action: Action,
        team_id: Option<TeamId>,
        before: Option<Value>,
        after: Option<Value>,
    ) {
        if before == after {
            return;
        }
        let n = u32::try_from(self.entries.len()).expect("a change has fewer entries than there are rows");
        let (id, org_id, actor) = (AuditId(self.by.entry(n)), self.org_id, self.by.actor);
        let acknowledgement = None;
        self.entries.push(AuditEntry { id, org_id, team_id, actor, action, before, after, acknowledgement });
    }
}

fn show_team(team: &Team) -> Value {
    json!({
        "id": team.id,
        "name": team.name,
        "region": team.region,
        "integration_team_id": team.integration_team_id,
    })
}

fn show_key(key: &Key) -> Value {
    json!({
        "id": key.id,
        "label": key.label,
        "role": key.role,
        "team_ids": key.bindings,
        "expires_at": key.expires_at.map(kept),
    })
}

fn show_credential(credential: &Credential) -> Value {
    json!({
        "id": credential.id,
        "environment": credential.place.environment,
        "provider": credential.place.provider,
        "client_id": credential.client_id,
        "client_secret_hash": credential.client_secret_hash,
        "details_hash": credential.details_hash,
        "redirect_url_override": credential.redirect_url_override,
        "quota": credential.quota,
    })
}
