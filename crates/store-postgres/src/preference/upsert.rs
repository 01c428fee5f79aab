//! Upserts, which share a transaction.
//!
//! What one of them is refused writes nothing, and where the transaction fails through one of them the others are
//! done without it: so each has what a savepoint would give it, and all have the price of a few statements.

use std::collections::{BTreeMap, BTreeSet};

use lookback_domain::{Preference, Provider, Raised, TeamId};
use lookback_store::{AuditEntry, Author, Error, Kept, Result, Scope, TeamPreferences, Trail};

use super::read::{Place, kept_of, preferences, refuse};
use super::store::Changed;
use super::{LOCK, missing};
use crate::audit;
use crate::batch::Asked;
use crate::failure::{Outcome, is_of_one};
use crate::session::Session;
use crate::transaction::Transactions;

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
    let mut held = kept_of(session, LOCK, &places).await?.into_iter();
    let (mut answers, mut changes) = (Vec::with_capacity(group.len()), Changes::default());
    for Asked { question: upsert, .. } in group {
        let found = upsert.teams.iter().zip(held.by_ref());
        let found: Vec<_> =
            found.map(|(&team, kept)| kept.filter(|_| upsert.scope.visible.sees(team))).collect();
        let unknown = missing(&upsert.teams, found.iter().map(Option::is_some));
        answers.push(if unknown.is_empty() {
            Ok(changes.add(upsert, found.into_iter().flatten()))
        } else {
            Err(Error::UnknownTeams(unknown))
        });
    }
    changes.write(session).await?;
    Ok(answers)
}

/// What is to be written, and what the audit log says.
#[derive(Default)]
struct Changes {
    changed: Changed,
    entries: Vec<AuditEntry>,
}

impl Changes {
    /// Adds what an upsert changes of what its teams have, and answers what they have then.
    fn add(&mut self, upsert: &Upsert, held: impl Iterator<Item = Kept>) -> Vec<TeamPreferences> {
        let Upsert { scope, teams, changes, raised, by } = upsert;
        let mut trail = Trail::new(scope.org_id, by);
        let change = |(&team, mut kept): (&TeamId, Kept)| {
            trail.preferences_set(team, scope.environment, &kept.preferences(), changes, raised);
            if kept.set(changes, by.at) {
                self.changed.add(team, scope.environment, &kept);
            }
            preferences((team, kept))
        };
        let then = teams.iter().zip(held).map(change).collect();
        self.entries.extend(trail.into_entries());
        then
    }

    async fn write(self, session: &Session) -> Outcome<()> {
        self.changed.store(session).await?;
        audit::record_all(session, &self.entries).await
    }
}
