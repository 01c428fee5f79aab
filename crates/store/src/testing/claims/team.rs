//! Teams.

use std::sync::Arc;

use lookback_domain::Region::{Eu, Us};

use super::{refused, unknown_teams};
use crate::testing::samples::{UNRAISED, by, given, org_id, round, scope, team, team_id};
use crate::{Error, Selection, Store, TeamFilter};

/// The id is unique in the deployment, not in the organisation.
pub async fn a_team_needs_its_org_and_an_id_of_its_own(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    given(&*store, 2, &[]).await;
    refused!(store.create_team(team(2, 3, Us), None, &by()).await, Error::UnknownOrg(id) if *id == org_id(3));
    refused!(store.create_team(team(1, 2, Eu), None, &by()).await, Error::Taken(id) if *id == team_id(1).to_string());
    refused!(store.create_team(team(1, 3, Us), None, &by()).await, Error::UnknownOrg(_));
    store.create_team(team(2, 2, Eu), None, &by()).await.unwrap();
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), None, 9).await.unwrap(), [team(1, 1, Us)]);
    assert_eq!(store.teams(org_id(2), &TeamFilter::all(), None, 9).await.unwrap(), [team(2, 2, Eu)]);
}

/// Of both regions together, page by page, and only the organisation's own.
pub async fn teams_are_listed_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    given(&*store, 1, &[200, 3]).await;
    given(&*store, 2, &[130, 2]).await;
    store.create_team(team(129, 1, Eu), None, &by()).await.unwrap();
    let all = [team(3, 1, Us), team(129, 1, Eu), team(200, 1, Us)];
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), None, usize::MAX).await.unwrap(), all);
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), None, 2).await.unwrap(), all[..2]);
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), Some(team_id(129)), 2).await.unwrap(), all[2..]);
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), Some(team_id(130)), 2).await.unwrap(), all[2..]);
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), None, 0).await.unwrap(), []);
    refused!(store.teams(org_id(3), &TeamFilter::all(), None, 9).await, Error::UnknownOrg(_));
    refused!(store.teams(org_id(3), &TeamFilter::all(), None, 0).await, Error::UnknownOrg(_));
}

/// A team that gets its id later has none of its preferences.
pub async fn a_deleted_team_is_forgotten(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2]).await;
    let teams = [team_id(1), team_id(2)];
    store.upsert_preferences(&scope(1), &teams, &round(7), &UNRAISED, &by()).await.unwrap();
    store.delete_team(org_id(1), team_id(1), &by()).await.unwrap();
    let asked = store.preferences(&scope(1), Selection::Teams(&teams)).await;
    assert_eq!(unknown_teams(asked), [team_id(1)]);
    refused!(store.delete_team(org_id(1), team_id(1), &by()).await, Error::UnknownTeams(_));

    store.create_team(team(1, 1, Us), None, &by()).await.unwrap();
    let again = store.preferences(&scope(1), Selection::Teams(&teams)).await.unwrap();
    assert!(again[0].providers.is_empty());
    assert_eq!(again[1].providers, round(7));
}

/// Nor can one be in the name of an organisation that does not exist.
pub async fn a_team_of_another_org_cannot_be_deleted(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    given(&*store, 2, &[]).await;
    for org in [2, 3] {
        let answer = store.delete_team(org_id(org), team_id(1), &by()).await;
        assert_eq!(unknown_teams(answer), [team_id(1)]);
    }
    assert_eq!(store.teams(org_id(1), &TeamFilter::all(), None, 9).await.unwrap(), [team(1, 1, Us)]);
}
