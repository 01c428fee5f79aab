//! What holds while others use the store at the same time.

use std::sync::Arc;

use lookback_domain::{Region, TeamId};
use tokio::task::JoinSet;

use super::refused;
use crate::testing::samples::{UNRAISED, by, given, org, org_id, round, scope, team, team_id};
use crate::{Error, Selection, Store, Team, TeamPatch};

/// The teams that every writer writes, in one request.
const TEAMS: [u8; 3] = [1, 2, 3];

fn writer(store: Arc<dyn Store>, rounds: std::ops::Range<i64>) -> impl Future<Output = ()> {
    let teams: [TeamId; 3] = TEAMS.map(team_id);
    async move {
        for n in rounds {
            let answer =
                store.upsert_preferences(&scope(1), &teams, &round(n), &UNRAISED, &by()).await.unwrap();
            assert!(answer.iter().all(|entry| entry.providers == round(n)), "an upsert saw another's values");
        }
    }
}

/// The answer shows what this upsert wrote, not what another did, and one of them is last for all teams.
pub async fn upserts_at_the_same_time_are_each_whole(store: Arc<dyn Store>) {
    given(&*store, 1, &TEAMS).await;
    let mut writers: JoinSet<()> = (0..8).map(|n| writer(Arc::clone(&store), n * 10..n * 10 + 10)).collect();
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let last = store.preferences(&scope(1), Selection::Teams(&TEAMS.map(team_id))).await.unwrap();
    let n = i64::from(last[0].providers.values().next().unwrap().default);
    assert_eq!(n % 10, 9, "a writer's last round is not what it left");
    assert!(last.iter().all(|entry| entry.providers == round(n)));
}

/// In one answer all the teams of a request are of the same round.
pub async fn a_read_sees_all_of_an_upsert_or_nothing(store: Arc<dyn Store>) {
    given(&*store, 1, &TEAMS).await;
    writer(Arc::clone(&store), 0..1).await;
    let mut writing: JoinSet<()> = [writer(Arc::clone(&store), 1..100)].into_iter().collect();
    let teams = TEAMS.map(team_id);
    let selections = [Selection::Teams(&teams), Selection::Page { after: None, limit: usize::MAX }];
    while writing.try_join_next().map(Result::unwrap).is_none() {
        for selection in selections {
            let seen = store.preferences(&scope(1), selection).await.unwrap();
            let n = i64::from(seen[0].providers.values().next().unwrap().default);
            assert!(seen.iter().all(|entry| entry.providers == round(n)), "half an upsert: {seen:?}");
        }
    }
}

/// The others are told that it is taken.
pub async fn one_of_many_creations_of_an_id_succeeds(store: Arc<dyn Store>) {
    let create = |store: Arc<dyn Store>| async move { store.create_org(org(1), vec![], vec![], &by()).await };
    let attempts: JoinSet<_> = (0..16).map(|_| create(Arc::clone(&store))).collect();
    let (created, refused): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(created.len(), 1);
    for answer in refused {
        refused!(answer, Error::Taken(_));
    }
}

/// Whether it is created with it or given it later; the others are told which one has it.
pub async fn one_of_many_teams_gets_an_integration_id(store: Arc<dyn Store>) {
    given(&*store, 1, &[0, 1, 2, 3, 4, 5, 6, 7]).await;
    let claim = |store: Arc<dyn Store>, n: u8| async move {
        let called = Some("ext".to_owned());
        if n < 8 {
            let patch = TeamPatch { integration_team_id: Some(called), ..TeamPatch::default() };
            return store.patch_team(org_id(1), team_id(n), patch, &by()).await.map(|team| team.id);
        }
        let team = Team { integration_team_id: called, ..team(n, 1, Region::Us) };
        store.create_team(team, None, &by()).await.map(|_| team_id(n))
    };
    let attempts: JoinSet<_> = (0..16).map(|n| claim(Arc::clone(&store), n)).collect();
    let (got, refused): (Vec<_>, Vec<_>) = attempts.join_all().await.into_iter().partition(Result::is_ok);
    let [Ok(first)] = got[..] else { panic!("{got:?}") };
    assert_eq!(
        store.team_by_integration_id(org_id(1), "ext").await.unwrap().map(|team| team.id),
        Some(first)
    );
    for answer in refused {
        refused!(answer, Error::IntegrationTeamIdTaken(id) if *id == first);
    }
}
