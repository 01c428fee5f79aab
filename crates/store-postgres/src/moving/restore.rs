//! Keeping what another store has shown: a few statements for all rows of a kind, so that it takes as long to a database
//! far away as to one nearby. What they leave out is looked at row by row, to say what is wrong with it.

use std::collections::BTreeSet;

use lookback_domain::OrgId;
use lookback_store::{AuditEntry, Credential, Error, KeptPreferences, Key, Org, Row, Team, Token};
use uuid::Uuid;

use crate::column::ids_of;
use crate::failure::Outcome;
use crate::session::Session;
use crate::{audit, credential, key, once, org, preference, team};

pub(super) const TEAMS_THERE: &str = "SELECT id FROM team WHERE id = ANY($1)";
pub(super) const KEYS_THERE: &str = "SELECT id FROM management_key WHERE id = ANY($1)";
pub(super) const CREDENTIALS_THERE: &str = "SELECT id FROM credential WHERE id = ANY($1)";

/// Rows that are to be kept.
#[derive(Default)]
pub(super) struct ByKind<'a> {
    orgs: Vec<&'a Org>,
    teams: Vec<&'a Team>,
    keys: Vec<&'a Key>,
    preferences: Vec<&'a KeptPreferences>,
    credentials: Vec<&'a Credential>,
    entries: Vec<&'a AuditEntry>,
    tokens: Vec<&'a Token>,
}

impl<'a> ByKind<'a> {
    pub(super) fn of(rows: &'a [Row]) -> Self {
        let mut all = Self::default();
        for row in rows {
            match row {
                Row::Org(row) => all.orgs.push(row),
                Row::Team(row) => all.teams.push(row),
                Row::Key(row) => all.keys.push(row),
                Row::Preferences(row) => all.preferences.push(row),
                Row::Credential(row) => all.credentials.push(row),
                Row::AuditEntry(row) => all.entries.push(row),
                Row::Token(row) => all.tokens.push(row),
            }
        }
        all
    }

    /// Keeps those at whose positions nothing is, each kind after those that it refers to.
    pub(super) async fn restore(&self, session: &Session) -> Outcome<()> {
        if !self.orgs.is_empty() {
            org::insert_all(session, &self.orgs).await?;
        }
        if !self.teams.is_empty() {
            self.restore_teams(session).await?;
        }
        if !self.keys.is_empty() {
            self.restore_keys(session).await?;
        }
        if !self.preferences.is_empty() {
            preference::insert_missing(session, &self.preferences).await?;
        }
        if !self.credentials.is_empty() {
            self.restore_credentials(session).await?;
        }
        if !self.entries.is_empty() {
            hold_orgs(session, &self.entries, |entry| entry.org_id).await?;
            audit::insert_missing(session, &self.entries).await?;
        }
        if !self.tokens.is_empty() {
            hold_orgs(session, &self.tokens, |token| token.org_id).await?;
            once::insert_missing(session, &self.tokens).await?;
        }
        Ok(())
    }

    async fn restore_teams(&self, session: &Session) -> Outcome<()> {
        hold_orgs(session, &self.teams, |team| team.org_id).await?;
        let added = team::insert_all(session, &self.teams).await?;
        for team in left(session, TEAMS_THERE, &self.teams, |team| team.id.0, added).await? {
            team::insert(session, team).await?;
        }
        Ok(())
    }

    async fn restore_keys(&self, session: &Session) -> Outcome<()> {
        hold_orgs(session, &self.keys, |key| key.org_id).await?;
        let added = key::insert_all(session, &self.keys).await?;
        for key in left(session, KEYS_THERE, &self.keys, |key| key.id.0, added).await? {
            key::insert(session, key).await?;
        }
        Ok(())
    }

    async fn restore_credentials(&self, session: &Session) -> Outcome<()> {
        let added = credential::insert_all(session, &self.credentials).await?;
        for credential in left(session, CREDENTIALS_THERE, &self.credentials, |of| of.id.0, added).await? {
            credential::insert(session, credential).await?;
        }
        Ok(())
    }
}

/// Sees that the organisations of these rows stay until the transaction ends.
async fn hold_orgs<T>(session: &Session, rows: &[&T], org: fn(&T) -> OrgId) -> Outcome<()> {
    let held = org::hold_all(session, rows.iter().map(|row| org(row))).await?;
    match rows.iter().map(|row| org(row)).find(|id| !held.contains(id)) {
        Some(unknown) => Err(Error::UnknownOrg(unknown).into()),
        None => Ok(()),
    }
}

/// Those of the rows that were neither added nor are there.
async fn left<'a, T>(
    session: &Session,
    there: &str,
    rows: &[&'a T],
    id: fn(&T) -> Uuid,
    added: BTreeSet<Uuid>,
) -> Outcome<Vec<&'a T>> {
    let mut left = rows.to_vec();
    left.retain(|row| !added.contains(&id(row)));
    if !left.is_empty() {
        let ids: Vec<_> = left.iter().map(|row| id(row)).collect();
        let there = ids_of(&session.all(there, &[&ids]).await?)?;
        left.retain(|row| !there.contains(&id(row)));
    }
    Ok(left)
}
