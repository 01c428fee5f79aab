//! Upserts, which share a transaction.
//!
//! What one of them is refused writes nothing, and where the transaction fails through one of them the others are
//! done without it: so each has what a savepoint would give it, and all have the price of a few statements.

use std::collections::{BTreeMap, BTreeSet};

use lookback_domain::{Preference, Provider, Raised, TeamId};
use lookback_store::{AuditEntry, Author, Error, Result, Scope, TeamPreferences, Trail};

use super::read::{Place, of_teams, refuse};
use super::{lock, missing};
use crate::audit;
use crate::batch::Asked;
use crate::column::overrides_column;
use crate::failure::{Outcome, is_of_one};
use crate::session::Session;
use crate::transaction::Transactions;

pub(crate) const UPSERT: &str = "INSERT INTO preference \
     (team_id, environment, provider, default_days, overrides, updated_at_us) \
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::bigint[]) \
     ON CONFLICT (team_id, environment, provider) DO UPDATE SET default_days = excluded.default_days, \
     overrides = excluded.overrides, updated_at_us = excluded.updated_at_us";

/// Replaces, for each of the teams, each of the providers named.
#[derive(Debug)]
pub(crate) struct Upsert {
    pub(crate) scope: Scope,
    /// Each once.
    pub(crate) teams: Vec<TeamId>,
    pub(crate) changes: BTreeMap<Provider, Preference>,
    pub(crate) raised: BTreeMap<Provider, Raised>,
    pub(crate) by: Author,
}

type Waiting = Asked<Upsert, Vec<TeamPreferences>>;
type Answer = Result<Vec<TeamPreferences>>;

/// Does them in as few transactions as may be: two for the same team never share one.
pub(crate) async fn upsert_batch(transactions: Transactions, mut batch: Vec<Waiting>) {
    while !batch.is_empty() {
        let mut taken: BTreeSet<TeamId> = BTreeSet::new();
        let fits = |asked: &mut Waiting| {
            let fits = asked.question.teams.iter().all(|team| !taken.contains(team));
            // What has to wait keeps its place before those that come later for the same team.
            taken.extend(&asked.question.teams);
            fits
        };
        let group: Vec<_> = batch.extract_if(.., fits).collect();
        settle(&transactions, group).await;
    }
}

async fn settle(transactions: &Transactions, group: Vec<Waiting>) {
    match together(transactions, &group).await {
        Ok(answers) => group.into_iter().zip(answers).for_each(|(asked, answer)| asked.answer(answer)),
        Err(error) if group.len() > 1 && is_of_one(&error) => {
            for asked in group {
                let answer = together(transactions, std::slice::from_ref(&asked)).await;
                asked.answer(answer.and_then(|mut alone| alone.remove(0)));
            }
        }
        Err(error) => refuse(group, &error),
    }
}

/// The answer to each, in one transaction.
async fn together(transactions: &Transactions, group: &[Waiting]) -> Result<Vec<Answer>> {
    let upserts = |session: Session| async move { write(&session, group).await };
    transactions.write_all(group.len(), upserts).await
}

async fn write(session: &Session, group: &[Waiting]) -> Outcome<Vec<Answer>> {
    let places_of =
        |upsert: &Upsert| upsert.teams.iter().map(|&team| Place::of(&upsert.scope, team)).collect::<Vec<_>>();
    let places: Vec<_> = group.iter().flat_map(|asked| places_of(&asked.question)).collect();
    let mut locked = lock(session, &places).await?.into_iter();
    // What is read after the lock was had is what stands until the end of the transaction.
    let mut found = of_teams(session, &places).await?.into_iter();
    let (mut answers, mut changes) = (Vec::with_capacity(group.len()), Changes::default());
    for Asked { question: upsert, .. } in group {
        let count = upsert.teams.len();
        let seen = upsert
            .teams
            .iter()
            .zip(locked.by_ref())
            .map(|(&team, locked)| locked && upsert.scope.visible.sees(team));
        let unknown = missing(&upsert.teams, seen.collect::<Vec<_>>().into_iter());
        let stored: Vec<_> = found.by_ref().take(count).flatten().collect();
        answers.push(if unknown.is_empty() {
            Ok(changes.add(upsert, stored))
        } else {
            Err(Error::UnknownTeams(unknown))
        });
    }
    changes.write(session).await?;
    Ok(answers)
}

/// What is to be written: rows as the statement takes them, one array a column, and what the audit log says.
#[derive(Default)]
struct Changes {
    teams: Vec<uuid::Uuid>,
    environments: Vec<&'static str>,
    providers: Vec<&'static str>,
    days: Vec<i16>,
    overrides: Vec<Option<String>>,
    times: Vec<i64>,
    entries: Vec<AuditEntry>,
}

impl Changes {
    /// Adds what an upsert changes of what is stored, and answers what is stored then.
    fn add(&mut self, upsert: &Upsert, mut stored: Vec<TeamPreferences>) -> Vec<TeamPreferences> {
        let Upsert { scope, changes, raised, by, .. } = upsert;
        let mut trail = Trail::new(scope.org_id, by);
        for team in &mut stored {
            trail.preferences_set(team.team_id, scope.environment, &team.providers, changes, raised);
            for (&provider, preference) in changes {
                if team.providers.get(&provider) != Some(preference) {
                    self.teams.push(team.team_id.0);
                    self.environments.push(scope.environment.as_str());
                    self.providers.push(provider.as_str());
                    self.days.push(preference.default.get().cast_signed());
                    self.overrides.push(overrides_column(&preference.overrides));
                    self.times.push(by.at.as_microsecond());
                    team.providers.insert(provider, preference.clone());
                }
            }
        }
        self.entries.extend(trail.into_entries());
        stored
    }

    async fn write(self, session: &Session) -> Outcome<()> {
        let Self { teams, environments, providers, days, overrides, times, entries } = &self;
        if !teams.is_empty() {
            session.change(UPSERT, &[teams, environments, providers, days, overrides, times]).await?;
        }
        audit::record_all(session, entries).await
    }
}
