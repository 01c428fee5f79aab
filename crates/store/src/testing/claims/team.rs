//! Teams.

use std::sync::Arc;

use lookback_domain::Region::{self, Eu, Us};

use super::{refused, unknown_teams};
use crate::testing::samples::{UNRAISED, by, given, only, org_id, round, scope, team, team_id};
use crate::{Error, Selection, Store, Team, TeamFilter, TeamPatch};

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

/// A team in the United States that another system calls so.
fn called(n: u8, org: u8, integration_id: &str) -> Team {
    Team { integration_team_id: Some(integration_id.to_owned()), ..team(n, org, Us) }
}

/// The change of what another system calls a team.
fn call(integration_id: Option<&str>) -> TeamPatch {
    TeamPatch { integration_team_id: Some(integration_id.map(str::to_owned)), ..TeamPatch::default() }
}

/// Compared as it stands. A second team is told who has it, and a taken id of the team itself comes first.
pub async fn an_integration_id_is_unique_in_its_org_and_can_be_taken_away(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    given(&*store, 2, &[]).await;
    let longest = "🜁".repeat(256);
    for (n, id) in [(2, "ext"), (3, "EXT"), (4, "ext "), (5, ""), (6, &longest)] {
        store.create_team(called(n, 1, id), None, &by()).await.unwrap();
        assert_eq!(store.team_by_integration_id(org_id(1), id).await.unwrap(), Some(called(n, 1, id)));
    }
    store.create_team(called(7, 2, "ext"), None, &by()).await.unwrap();
    refused!(store.create_team(called(8, 1, "ext"), None, &by()).await, Error::IntegrationTeamIdTaken(id) if *id == team_id(2));
    refused!(store.create_team(called(7, 1, "ext"), None, &by()).await, Error::Taken(_));
    refused!(store.team(org_id(1), team_id(8)).await, Error::UnknownTeams(_));

    store.patch_team(org_id(1), team_id(2), call(Some("ext")), &by()).await.unwrap();
    let taken = store.patch_team(org_id(1), team_id(1), call(Some("ext")), &by()).await;
    refused!(taken, Error::IntegrationTeamIdTaken(id) if *id == team_id(2));
    assert_eq!(store.patch_team(org_id(1), team_id(2), call(None), &by()).await.unwrap(), team(2, 1, Us));
    assert_eq!(store.team_by_integration_id(org_id(1), "ext").await.unwrap(), None);
    store.patch_team(org_id(1), team_id(1), call(Some("ext")), &by()).await.unwrap();
    store.delete_team(org_id(1), team_id(1), &by()).await.unwrap();
    store.create_team(called(8, 1, "ext"), None, &by()).await.unwrap();
    assert_eq!(store.team_by_integration_id(org_id(2), "ext").await.unwrap(), Some(called(7, 2, "ext")));
    assert_eq!(store.team_by_integration_id(org_id(3), "ext").await.unwrap(), None);
}

/// The answer is what is read afterwards.
pub async fn a_patch_changes_what_it_says_and_nothing_where_it_is_refused(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2]).await;
    given(&*store, 2, &[]).await;
    let (id, name) = (team_id(1), |name: &str| Some(name.to_owned()));
    let both = TeamPatch { name: name("Ärzte"), ..call(Some("ext")) };
    let renamed = TeamPatch { name: name(""), ..TeamPatch::default() };
    let mut expected = team(1, 1, Us);
    for patch in [both, TeamPatch::default(), renamed, call(None), call(Some(""))] {
        expected = patch.clone().apply(&expected);
        assert_eq!(store.patch_team(org_id(1), id, patch, &by()).await.unwrap(), expected);
        assert_eq!(store.team(org_id(1), id).await.unwrap(), expected);
    }
    let refused = TeamPatch { name: name("not this"), ..call(Some("")) };
    refused!(store.patch_team(org_id(1), team_id(2), refused, &by()).await, Error::IntegrationTeamIdTaken(_));
    for org in [2, 3] {
        let answer = store.patch_team(org_id(org), id, call(None), &by()).await;
        assert_eq!(unknown_teams(answer), [id]);
        assert_eq!(unknown_teams(store.team(org_id(org), id).await), [id]);
    }
    let all = store.teams(org_id(1), &TeamFilter::all(), None, 9).await.unwrap();
    assert_eq!(all, [expected, team(2, 1, Us)]);
}

/// Every condition counts, alone and with others, and the page is of those that pass.
pub async fn teams_are_listed_as_far_as_the_filter_admits_them(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[9]).await;
    let names: [(u8, &str, Region); 5] =
        [(1, "Ärzte", Us), (2, "ärzte 100%", Eu), (3, "plain_A", Us), (4, "Plain", Eu), (5, "", Us)];
    for (n, name, region) in names {
        store.create_team(Team { name: name.to_owned(), ..team(n, 1, region) }, None, &by()).await.unwrap();
    }
    let all = TeamFilter::all;
    let search = |part: &str| TeamFilter { search: Some(part.to_owned()), ..all() };
    let within = |regions: &[Region]| TeamFilter { regions: regions.to_vec(), ..all() };
    let expected: [(TeamFilter, &[u8]); 16] = [
        (within(&[Us]), &[1, 3, 5]),
        (within(&[Eu, Us, Eu]), &[1, 2, 3, 4, 5]),
        (search("ÄRZ"), &[1, 2]),
        (search("%"), &[2]),
        (search("_a"), &[3]),
        (search("pLAIN"), &[3, 4]),
        (search(""), &[1, 2, 3, 4, 5]),
        (search("nobody"), &[]),
        (TeamFilter { visible: only(&[4, 2, 9]), ..all() }, &[2, 4]),
        (TeamFilter { visible: only(&[]), ..all() }, &[]),
        (TeamFilter { id: Some(team_id(3)), ..all() }, &[3]),
        (TeamFilter { id: Some(team_id(9)), ..all() }, &[]),
        (TeamFilter { id: Some(team_id(3)), visible: only(&[2]), ..all() }, &[]),
        (TeamFilter { id: Some(team_id(3)), regions: vec![Eu], ..all() }, &[]),
        (TeamFilter { regions: vec![Eu], ..search("plain") }, &[4]),
        (TeamFilter { visible: only(&[1, 3, 4]), regions: vec![Us], ..search("PLAIN") }, &[3]),
    ];
    for (filter, expected) in expected {
        for (after, rows) in
            [(None, usize::MAX), (None, 1), (Some(2), 1), (Some(3), 2), (Some(5), 9), (None, 0)]
        {
            let found = store.teams(org_id(1), &filter, after.map(team_id), rows).await.unwrap();
            let found: Vec<_> = found.iter().map(|team| team.id).collect();
            let rest = expected.iter().filter(|&&n| after.is_none_or(|after| n > after));
            let rest: Vec<_> = rest.take(rows).map(|&n| team_id(n)).collect();
            assert_eq!(found, rest, "{filter:?} after {after:?}, {rows}");
        }
        refused!(store.teams(org_id(3), &filter, None, 9).await, Error::UnknownOrg(_));
    }
}
