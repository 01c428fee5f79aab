//! Organisations.

use std::sync::Arc;

use jiff::Timestamp;
use lookback_domain::Region;

use super::refused;
use crate::testing::samples::{UNRAISED, by, digest, given, key, org, org_id, round, scope, team, team_id};
use crate::{AuditFilter, Error, KeyFilter, Org, Selection, Store, TeamFilter};

/// Nothing a person writes is changed, and a store is not asked for more than microseconds.
pub async fn a_text_is_kept_as_it_is_and_a_time_to_the_microsecond(store: Arc<dyn Store>) {
    let name = " Zoë's \"lab\"; -- % _ \\ \r\n 🫀 ".to_owned();
    let created_at = Timestamp::new(1_700_000_000, 123_456_789).unwrap();
    store
        .create_org(Org { id: org_id(1), name: name.clone(), created_at }, vec![], vec![], &by())
        .await
        .unwrap();
    let cut = Timestamp::new(1_700_000_000, 123_456_000).unwrap();
    assert_eq!(store.orgs(None, 9).await.unwrap(), [Org { id: org_id(1), name, created_at: cut }]);
}

/// Also page by page, from a cursor that never was, and for a page of nothing.
pub async fn orgs_are_listed_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    for n in [200, 1, 127, 128] {
        given(&*store, n, &[]).await;
    }
    assert_eq!(store.orgs(None, usize::MAX).await.unwrap(), [1, 127, 128, 200].map(org));
    assert_eq!(store.orgs(None, 2).await.unwrap(), [1, 127].map(org));
    assert_eq!(store.orgs(Some(org_id(127)), 2).await.unwrap(), [128, 200].map(org));
    assert_eq!(store.orgs(Some(org_id(150)), 2).await.unwrap(), [org(200)]);
    assert_eq!(store.orgs(Some(org_id(200)), 2).await.unwrap(), []);
    assert_eq!(store.orgs(None, 0).await.unwrap(), []);
}

/// All of it is there at once.
pub async fn an_org_comes_with_its_first_teams_and_keys(store: Arc<dyn Store>) {
    let teams = vec![team(2, 1, Region::Eu), team(1, 1, Region::Us)];
    store.create_org(org(1), teams, vec![key(1, 1)], &by()).await.unwrap();
    let listed = store.teams(org_id(1), &TeamFilter::all(), None, 9).await.unwrap();
    assert_eq!(listed, [team(1, 1, Region::Us), team(2, 1, Region::Eu)]);
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), None, 9).await.unwrap(), [key(1, 1)]);
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
}

/// The first id that is in use is named, whosoever it is.
pub async fn an_org_whose_ids_are_taken_leaves_nothing_behind(store: Arc<dyn Store>) {
    store.create_org(org(1), vec![team(1, 1, Region::Us)], vec![key(1, 1)], &by()).await.unwrap();
    let us = |n, org| team(n, org, Region::Us);
    let same_digest = crate::Key { digest: digest(1), ..key(2, 2) };
    let attempts = [
        (org(1), vec![team(2, 1, Region::Us)], vec![], org(1).id.to_string()),
        (org(2), vec![us(2, 2), us(1, 2)], vec![key(1, 2)], us(1, 2).id.to_string()),
        (org(2), vec![us(2, 2), us(2, 2)], vec![key(1, 2)], us(2, 2).id.to_string()),
        (org(2), vec![us(2, 2)], vec![key(2, 2), key(1, 2)], key(1, 2).id.to_string()),
        (org(2), vec![us(2, 2)], vec![same_digest.clone()], same_digest.id.to_string()),
    ];
    for (org, teams, keys, taken) in attempts {
        match store.create_org(org, teams, keys, &by()).await {
            Err(Error::Taken(id)) => assert_eq!(id, taken),
            other => panic!("expected {taken} to be taken, got {other:?}"),
        }
        assert_eq!(store.orgs(None, 9).await.unwrap(), [crate::testing::samples::org(1)]);
        assert_eq!(store.teams(org_id(1), &TeamFilter::all(), None, 9).await.unwrap(), [us(1, 1)]);
        assert_eq!(store.key_by_digest(digest(2)).await.unwrap(), None);
    }
    let (teams, keys) = (vec![us(2, 2)], vec![key(2, 2)]);
    store.create_org(org(2), teams, keys, &by()).await.expect("no attempt left anything behind");
}

/// Its ids are free again, and nothing of the old is found under them.
pub async fn a_deleted_org_takes_all_that_is_its_own_and_nothing_else(store: Arc<dyn Store>) {
    for n in [1, 2] {
        store.create_org(org(n), vec![team(n, n, Region::Us)], vec![key(n, n)], &by()).await.unwrap();
        store.upsert_preferences(&scope(n), &[team_id(n)], &round(7), &UNRAISED, &by()).await.unwrap();
    }
    assert!(store.delete_org(org_id(1), 99).await.unwrap());
    assert_eq!(store.orgs(None, 9).await.unwrap(), [org(2)]);
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), None);
    assert_eq!(store.key_by_digest(digest(2)).await.unwrap(), Some(key(2, 2)));
    refused!(store.teams(org_id(1), &TeamFilter::all(), None, 9).await, Error::UnknownOrg(_));
    let other = store.preferences(&scope(2), Selection::Teams(&[team_id(2)])).await.unwrap();
    assert_eq!(other[0].providers, round(7));

    store.create_org(org(1), vec![team(1, 1, Region::Us)], vec![key(1, 1)], &by()).await.unwrap();
    let again = store.preferences(&scope(1), Selection::Teams(&[team_id(1)])).await.unwrap();
    assert!(again[0].providers.is_empty());
}

/// Deleting twice says so.
pub async fn an_unknown_org_cannot_be_deleted(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    assert!(store.delete_org(org_id(1), 99).await.unwrap());
    refused!(store.delete_org(org_id(1), 99).await, Error::UnknownOrg(id) if *id == org_id(1));
}

/// Keys first, then teams, then the audit log.
pub async fn a_large_org_is_deleted_a_part_at_a_time(store: Arc<dyn Store>) {
    let teams = vec![team(1, 1, Region::Us), team(2, 1, Region::Eu)];
    store.create_org(org(1), teams, vec![key(1, 1), key(2, 1), key(3, 1)], &by()).await.unwrap();
    given(&*store, 2, &[3]).await;
    let kept = store.audit(org_id(2), &AuditFilter::all(), None, 9).await.unwrap();
    let left = async || {
        let keys = store.keys(org_id(1), &KeyFilter::all(), None, 9).await.unwrap();
        let teams = store.teams(org_id(1), &TeamFilter::all(), None, 9).await.unwrap();
        (keys.len(), teams.len(), store.audit(org_id(1), &AuditFilter::all(), None, 9).await.unwrap().len())
    };
    // The organisation's own entry of the log is one, too.
    assert_eq!(left().await, (3, 2, 6));
    let part = async || store.delete_org(org_id(1), 4).await.unwrap();
    assert!(!part().await);
    assert_eq!(left().await, (0, 1, 6));
    assert!(!part().await);
    assert_eq!(left().await, (0, 0, 3));
    assert!(part().await);
    assert_eq!(store.orgs(None, 9).await.unwrap(), [org(2)]);
    assert_eq!(store.audit(org_id(2), &AuditFilter::all(), None, 9).await.unwrap(), kept);
}
