//! Moving house.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use async_trait::async_trait;
use lookback_domain::OrgId;

use super::Model;
use super::state::{self, State};
use crate::moving::{KeptPreferences, Kind, Moving, Position, Row, Snapshot, Token};
use crate::{Error, Once, Result, Was};

struct Seen(BTreeMap<(Kind, Position), Row>);

#[async_trait]
impl Snapshot for Seen {
    async fn count(&self, kind: Kind) -> Result<u64> {
        Ok(self.0.keys().filter(|(of, _)| *of == kind).count() as u64)
    }

    async fn rows(&self, kind: Kind, after: Option<&Position>, limit: usize) -> Result<Vec<Row>> {
        let from = after.map_or(Unbounded, |after| Excluded((kind, after.clone())));
        let rest = self.0.range((from, Unbounded)).filter(|((of, _), _)| *of == kind);
        Ok(rest.map(|(_, row)| row.clone()).take(limit).collect())
    }
}

#[async_trait]
impl Moving for Model {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.read(|state| {
            let rows = state.rows().into_iter().map(|row| ((row.kind(), row.position()), row));
            Ok(Box::new(Seen(rows.collect())) as _)
        })
    }

    async fn restore(&self, rows: Vec<Row>) -> Result<()> {
        self.write(|state| rows.into_iter().try_for_each(|row| state.restore(row)))
    }
}

impl State {
    fn rows(&self) -> Vec<Row> {
        let mut preferences = BTreeMap::new();
        for (&(team_id, environment, provider), preference) in &self.preferences {
            let at = self.preference_times[&(team_id, environment, provider)];
            let of_place = || KeptPreferences { team_id, environment, providers: BTreeMap::new() };
            let kept = preferences.entry((team_id, environment)).or_insert_with(of_place);
            kept.providers.insert(provider, (preference.clone(), at));
        }
        let tokens = self.tokens.iter().map(|((key_id, token), was)| {
            let once = Once { key_id: *key_id, token: token.clone(), fingerprint: was.fingerprint };
            Row::Token(Token {
                once,
                org_id: was.org_id,
                at: was.at,
                id: was.was.id,
                created: was.was.created.clone(),
            })
        });
        let rows = self.orgs.values().cloned().map(Row::Org);
        let rows = rows.chain(self.teams.values().cloned().map(Row::Team));
        let rows = rows.chain(self.keys.values().cloned().map(Row::Key));
        let rows = rows.chain(preferences.into_values().map(Row::Preferences));
        let rows = rows.chain(self.credentials.values().cloned().map(Row::Credential));
        rows.chain(self.audit.values().cloned().map(Row::AuditEntry)).chain(tokens).collect()
    }

    fn restore(&mut self, row: Row) -> Result<()> {
        let position = row.position();
        if self.rows().iter().any(|other| other.kind() == row.kind() && other.position() == position) {
            return Ok(());
        }
        let known_org = |id: OrgId| self.known_org(id).map(drop);
        match row {
            Row::Org(org) => drop(self.orgs.insert(org.id, org)),
            Row::Team(team) => {
                known_org(team.org_id)?;
                self.add_team(team)?;
            }
            Row::Key(key) => {
                known_org(key.org_id)?;
                self.add_key(key)?;
            }
            Row::Preferences(KeptPreferences { team_id, environment, providers }) => {
                self.teams.get(&team_id).ok_or_else(|| Error::UnknownTeams(vec![team_id]))?;
                for (provider, (preference, at)) in providers {
                    self.preferences.insert((team_id, environment, provider), preference);
                    self.preference_times.insert((team_id, environment, provider), at);
                }
            }
            Row::Credential(credential) => {
                let team = credential.place.team_id;
                self.teams.get(&team).ok_or_else(|| Error::UnknownTeams(vec![team]))?;
                if self.credentials.values().any(|other| other.place == credential.place) {
                    return Err(Error::Taken(credential.id.to_string()));
                }
                self.credentials.insert(credential.id, credential);
            }
            Row::AuditEntry(entry) => {
                known_org(entry.org_id)?;
                self.audit.insert((entry.org_id, entry.id), entry);
            }
            Row::Token(Token { once, org_id, at, id, created }) => {
                known_org(org_id)?;
                let was = Was { id, created };
                let was = state::Token { org_id, fingerprint: once.fingerprint, at, was };
                self.tokens.insert((once.key_id, once.token), was);
            }
        }
        Ok(())
    }
}
