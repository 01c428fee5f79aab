//! Preferences.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookback_domain::{Environment, Preference, Provider, Region, Resource, TeamId};

use super::unknown_teams;
use crate::testing::samples::{
    UNRAISED, by, days, given, only, org_id, preference, round, scope, team, team_id,
};
use crate::{Scope, Selection, Store, TeamPreferences};

/// All teams of a scope, as none here has more.
const ALL: Selection<'static> = Selection::Page { after: None, limit: 9 };

/// What these teams of org 1 have stored.
async fn stored(store: &dyn Store, teams: &[u8]) -> Vec<BTreeMap<Provider, Preference>> {
    let teams: Vec<TeamId> = teams.iter().map(|&n| team_id(n)).collect();
    let answer = store.preferences(&scope(1), Selection::Teams(&teams)).await.unwrap();
    assert!(answer.iter().map(|entry| entry.team_id).eq(teams));
    answer.into_iter().map(|entry| entry.providers).collect()
}

async fn upsert(store: &dyn Store, teams: &[u8], changes: &BTreeMap<Provider, Preference>) {
    let teams: Vec<TeamId> = teams.iter().map(|&n| team_id(n)).collect();
    store.upsert_preferences(&scope(1), &teams, changes, &UNRAISED, &by()).await.unwrap();
}

/// With no days and with the most; the answer of the upsert is what a read gives.
pub async fn every_provider_and_resource_is_read_back(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let overrides = |n| Resource::ALL.iter().map(|&resource| (resource, days(n))).collect();
    for (default, other) in [(0, 365), (365, 0)] {
        let wanted = Preference { default: days(default), overrides: overrides(other) };
        let changes: BTreeMap<_, _> =
            Provider::ALL.iter().map(|&provider| (provider, wanted.clone())).collect();
        let answer =
            store.upsert_preferences(&scope(1), &[team_id(1)], &changes, &UNRAISED, &by()).await.unwrap();
        assert_eq!(answer, [TeamPreferences { team_id: team_id(1), providers: changes.clone() }]);
        assert_eq!(stored(&*store, &[1]).await, [changes]);
    }
}

/// Default and overrides together.
pub async fn an_upsert_replaces_a_provider_as_a_whole_and_no_other(store: Arc<dyn Store>) {
    use Provider::{Garmin, Oura, Polar};
    given(&*store, 1, &[1, 2]).await;
    let first = [
        (Oura, preference(90, &[(Resource::Sleep, 30), (Resource::Steps, 0)])),
        (Garmin, preference(14, &[(Resource::Sleep, 7)])),
    ];
    upsert(&*store, &[1, 2], &first.clone().into()).await;
    let second = [(Oura, preference(120, &[(Resource::Activity, 1)])), (Polar, preference(0, &[]))];
    upsert(&*store, &[1], &second.clone().into()).await;
    let [_, garmin] = first.clone();
    let [oura, polar] = second;
    assert_eq!(stored(&*store, &[1, 2]).await, [[oura, garmin, polar].into(), first.into()]);
}

/// In reading, writing and deleting.
pub async fn the_environments_of_a_team_are_apart(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let sandbox = Scope { environment: Environment::Sandbox, ..scope(1) };
    let teams = [team_id(1)];
    store.upsert_preferences(&scope(1), &teams, &round(1), &UNRAISED, &by()).await.unwrap();
    let answer = store.upsert_preferences(&sandbox, &teams, &round(2), &UNRAISED, &by()).await.unwrap();
    assert_eq!(answer[0].providers, round(2));
    assert_eq!(store.preferences(&scope(1), ALL).await.unwrap()[0].providers, round(1));
    store.delete_preferences(&scope(1), ALL, None, &by()).await.unwrap();
    assert_eq!(store.preferences(&scope(1), ALL).await.unwrap()[0].providers, BTreeMap::new());
    assert_eq!(store.preferences(&sandbox, ALL).await.unwrap()[0].providers, round(2));
}

/// A repeated id stands where it was first.
pub async fn teams_answer_in_the_order_asked_and_once(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2, 3]).await;
    let asked = [3, 1, 3, 2, 1].map(team_id);
    let answer = store.upsert_preferences(&scope(1), &asked, &round(5), &UNRAISED, &by()).await.unwrap();
    let wanted = [3, 1, 2].map(|n| TeamPreferences { team_id: team_id(n), providers: round(5) });
    assert_eq!(answer, wanted);
    assert_eq!(store.preferences(&scope(1), Selection::Teams(&asked)).await.unwrap(), wanted);
}

/// Of another organisation, of another region, or of nobody: in the order asked, each once.
pub async fn teams_outside_the_scope_are_unknown_and_nothing_changes(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    given(&*store, 2, &[2]).await;
    store.create_team(team(3, 1, Region::Eu), None, &by()).await.unwrap();
    upsert(&*store, &[1], &round(5)).await;
    let asked = [9, 1, 3, 9, 2].map(team_id);
    let unknown = [9, 3, 2].map(team_id);
    let read = store.preferences(&scope(1), Selection::Teams(&asked)).await;
    assert_eq!(unknown_teams(read), unknown);
    assert_eq!(
        unknown_teams(store.upsert_preferences(&scope(1), &asked, &round(6), &UNRAISED, &by()).await),
        unknown
    );
    assert_eq!(
        unknown_teams(store.delete_preferences(&scope(1), Selection::Teams(&asked), None, &by()).await),
        unknown
    );
    let nothing = BTreeMap::new();
    assert_eq!(
        unknown_teams(store.upsert_preferences(&scope(1), &asked, &nothing, &UNRAISED, &by()).await),
        unknown
    );
    assert_eq!(
        unknown_teams(store.delete_preferences(&scope(1), Selection::Teams(&asked), Some(&[]), &by()).await),
        unknown
    );
    assert_eq!(stored(&*store, &[1]).await, [round(5)]);
    let europe = Scope { region: Region::Eu, ..scope(1) };
    let all = store.preferences(&europe, ALL).await.unwrap();
    assert_eq!(all, [TeamPreferences { team_id: team_id(3), providers: nothing }]);
}

/// They are no error either, not even in an organisation that does not exist.
pub async fn empty_lists_change_nothing(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    upsert(&*store, &[1], &round(5)).await;
    for scope in [scope(1), scope(9)] {
        assert_eq!(store.upsert_preferences(&scope, &[], &round(6), &UNRAISED, &by()).await.unwrap(), []);
        store.delete_preferences(&scope, Selection::Teams(&[]), None, &by()).await.unwrap();
        store.delete_preferences(&scope, ALL, Some(&[]), &by()).await.unwrap();
        assert_eq!(store.preferences(&scope, Selection::Teams(&[])).await.unwrap(), []);
    }
    store.delete_preferences(&scope(9), ALL, None, &by()).await.unwrap();
    assert_eq!(store.preferences(&scope(9), ALL).await.unwrap(), []);
    let answer =
        store.upsert_preferences(&scope(1), &[team_id(1)], &BTreeMap::new(), &UNRAISED, &by()).await.unwrap();
    assert_eq!(answer, [TeamPreferences { team_id: team_id(1), providers: round(5) }]);
}

/// Every team that is there from the first page to the last is listed once, also where the team that the
/// cursor names is deleted in between.
pub async fn pages_skip_and_repeat_nothing_while_teams_come_and_go(store: Arc<dyn Store>) {
    given(&*store, 1, &[10, 20, 30, 40, 200]).await;
    given(&*store, 2, &[15, 35]).await;
    store.create_team(team(16, 1, Region::Eu), None, &by()).await.unwrap();
    upsert(&*store, &[30], &round(5)).await;
    let page = async |after: Option<u8>| {
        let selection = Selection::Page { after: after.map(team_id), limit: 2 };
        let answer = store.preferences(&scope(1), selection).await.unwrap();
        answer.into_iter().map(|entry| (entry.team_id, entry.providers.len())).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [(team_id(10), 0), (team_id(20), 0)]);
    store.delete_team(org_id(1), team_id(20), &by()).await.unwrap();
    store.create_team(team(5, 1, Region::Us), None, &by()).await.unwrap();
    store.create_team(team(25, 1, Region::Us), None, &by()).await.unwrap();
    assert_eq!(page(Some(20)).await, [(team_id(25), 0), (team_id(30), 3)]);
    store.delete_team(org_id(1), team_id(40), &by()).await.unwrap();
    assert_eq!(page(Some(30)).await, [(team_id(200), 0)]);
    assert_eq!(page(Some(200)).await, []);
    let nothing = Selection::Page { after: None, limit: 0 };
    assert_eq!(store.preferences(&scope(1), nothing).await.unwrap(), []);
}

/// Of these teams or of all in the scope, these providers or all; what is not stored cannot be missing.
pub async fn a_delete_forgets_what_was_named(store: Arc<dyn Store>) {
    use Provider::{Fitbit, Garmin, Oura, Polar};
    given(&*store, 1, &[1, 2, 3]).await;
    given(&*store, 2, &[4]).await;
    upsert(&*store, &[1, 2, 3], &round(5)).await;
    store.upsert_preferences(&scope(2), &[team_id(4)], &round(5), &UNRAISED, &by()).await.unwrap();
    let left = async || {
        let stored = stored(&*store, &[1, 2, 3]).await;
        stored.into_iter().map(|providers| providers.into_keys().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let two = [2, 1, 2].map(team_id);
    store
        .delete_preferences(&scope(1), Selection::Teams(&two), Some(&[Oura, Fitbit, Oura]), &by())
        .await
        .unwrap();
    assert_eq!(left().await, [vec![Garmin, Polar], vec![Garmin, Polar], vec![Oura, Garmin, Polar]]);
    store.delete_preferences(&scope(1), ALL, Some(&[Polar]), &by()).await.unwrap();
    assert_eq!(left().await, [vec![Garmin], vec![Garmin], vec![Oura, Garmin]]);
    store.delete_preferences(&scope(1), Selection::Teams(&[team_id(1)]), None, &by()).await.unwrap();
    assert_eq!(left().await, [vec![], vec![Garmin], vec![Oura, Garmin]]);
    store.delete_preferences(&scope(1), ALL, None, &by()).await.unwrap();
    assert_eq!(left().await, [vec![], vec![], vec![]]);
    let other = store.preferences(&scope(2), Selection::Teams(&[team_id(4)])).await.unwrap();
    assert_eq!(other[0].providers, round(5));
}

/// The teams of a page and no others, whether they have something or not; where it ends is where the next one begins.
pub async fn a_delete_goes_page_by_page(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2, 3, 4, 5]).await;
    store.create_team(team(6, 1, Region::Eu), None, &by()).await.unwrap();
    upsert(&*store, &[1, 2, 4, 5], &round(5)).await;
    let page = async |after: Option<u8>, limit| {
        let page = Selection::Page { after: after.map(team_id), limit };
        let end = store.delete_preferences(&scope(1), page, None, &by()).await.unwrap();
        let left = stored(&*store, &[1, 2, 3, 4, 5]).await;
        (end, left.iter().map(|providers| providers.len()).collect::<Vec<_>>())
    };
    assert_eq!(page(Some(1), 2).await, (Some(team_id(3)), vec![3, 0, 0, 3, 3]));
    assert_eq!(page(Some(4), 2).await, (None, vec![3, 0, 0, 3, 0]));
    assert_eq!(page(None, 0).await, (None, vec![3, 0, 0, 3, 0]));
    assert_eq!(page(None, 5).await, (Some(team_id(5)), vec![0; 5]));
    assert_eq!(page(Some(5), 5).await, (None, vec![0; 5]));

    upsert(&*store, &[1, 2, 3, 4], &round(5)).await;
    let some = Scope { visible: only(&[2, 4, 6]), ..scope(1) };
    let page = Selection::Page { after: None, limit: 1 };
    assert_eq!(store.delete_preferences(&some, page, None, &by()).await.unwrap(), Some(team_id(2)));
    let rest = Selection::Page { after: Some(team_id(2)), limit: 2 };
    assert_eq!(store.delete_preferences(&some, rest, None, &by()).await.unwrap(), None);
    let left = stored(&*store, &[1, 2, 3, 4]).await;
    assert_eq!(left, [round(5), BTreeMap::new(), round(5), BTreeMap::new()]);
}
