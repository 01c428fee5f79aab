//! Management keys.

use std::sync::Arc;

use lookback_domain::{Region, Role};

use super::refused;
use crate::testing::samples::{
    at, by, digest, given, ids, key, key_id, only, org_id, team, team_id, team_key,
};
use crate::{AuditFilter, Error, Key, KeyFilter, KeyGuard, KeyPatch, Store};

/// From the deletion on it is refused.
pub async fn a_key_is_found_by_its_digest_until_it_is_deleted(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    store.create_key(key(1, 1), None, &by()).await.unwrap();
    store.create_key(key(2, 1), None, &by()).await.unwrap();
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
    assert_eq!(store.key_by_digest(digest(3)).await.unwrap(), None);
    store.delete_key(org_id(1), key_id(1), &KeyGuard::none(), &by()).await.unwrap();
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), None);
    assert_eq!(store.key_by_digest(digest(2)).await.unwrap(), Some(key(2, 1)));
    refused!(store.delete_key(org_id(1), key_id(1), &KeyGuard::none(), &by()).await, Error::UnknownKey(id) if *id == key_id(1));
}

/// Both are unique in the deployment.
pub async fn a_key_needs_its_org_and_an_id_and_a_digest_of_its_own(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[]).await;
    store.create_key(key(1, 1), None, &by()).await.unwrap();
    let same_id = Key { digest: digest(2), ..key(1, 2) };
    let same_digest = Key { digest: digest(1), ..key(2, 2) };
    refused!(store.create_key(key(2, 3), None, &by()).await, Error::UnknownOrg(id) if *id == org_id(3));
    refused!(store.create_key(same_id, None, &by()).await, Error::Taken(id) if *id == key_id(1).to_string());
    refused!(store.create_key(same_digest, None, &by()).await, Error::Taken(id) if *id == key_id(2).to_string());
    assert_eq!(store.keys(org_id(2), &KeyFilter::all(), None, 9).await.unwrap(), []);
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
}

/// Page by page, and only the organisation's own.
pub async fn keys_are_listed_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[]).await;
    for (n, org) in [(200, 1), (3, 1), (130, 2), (129, 1)] {
        store.create_key(key(n, org), None, &by()).await.unwrap();
    }
    let all = [3, 129, 200].map(|n| key(n, 1));
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), None, usize::MAX).await.unwrap(), all);
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), None, 1).await.unwrap(), all[..1]);
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), Some(key_id(3)), 1).await.unwrap(), all[1..2]);
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), Some(key_id(130)), 2).await.unwrap(), all[2..]);
    refused!(store.keys(org_id(3), &KeyFilter::all(), None, 9).await, Error::UnknownOrg(_));
}

/// It goes on working.
pub async fn a_key_of_another_org_cannot_be_deleted(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[]).await;
    store.create_key(key(1, 1), None, &by()).await.unwrap();
    for org in [2, 3] {
        refused!(store.delete_key(org_id(org), key_id(1), &KeyGuard::none(), &by()).await, Error::UnknownKey(id) if *id == key_id(1));
    }
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
}

/// A deleted team is taken from them, and a key that is left with none stays.
pub async fn a_team_admin_is_bound_to_teams_of_its_own_org(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2]).await;
    given(&*store, 2, &[3]).await;
    refused!(store.create_key(team_key(1, 1, &[1, 3, 9]), None, &by()).await,
        Error::UnknownTeams(teams) if *teams == [team_id(3), team_id(9)]);
    for (n, teams) in [(1, &[1, 2][..]), (2, &[1])] {
        store.create_key(team_key(n, 1, teams), None, &by()).await.unwrap();
        assert_eq!(store.key_by_digest(digest(n)).await.unwrap(), Some(team_key(n, 1, teams)));
    }
    store.delete_team(org_id(1), team_id(1), &by()).await.unwrap();
    let left = [team_key(1, 1, &[2]), team_key(2, 1, &[])];
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), None, 9).await.unwrap(), left);
    assert_eq!(left[1].visible(), only(&[]));
    store.create_team(team(1, 1, Region::Us), None, &by()).await.unwrap();
    assert_eq!(store.key_by_digest(digest(2)).await.unwrap(), Some(team_key(2, 1, &[])));
}

/// Page by page, by role, by team, and by what somebody sees: no `org_admin`, and no key that reaches further.
pub async fn keys_are_listed_as_far_as_the_filter_admits_them(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2, 3]).await;
    let keys =
        [key(1, 1), team_key(2, 1, &[1]), team_key(3, 1, &[1, 2]), team_key(4, 1, &[]), team_key(5, 1, &[3])];
    for key in &keys {
        store.create_key(key.clone(), None, &by()).await.unwrap();
    }
    let listed = async |filter: KeyFilter, limit| {
        let found = store.keys(org_id(1), &filter, None, limit).await.unwrap();
        found.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    let numbers = |numbers: &[u8]| numbers.iter().map(|&n| key_id(n)).collect::<Vec<_>>();
    let all = KeyFilter::all;
    assert_eq!(listed(KeyFilter { role: Some(Role::OrgAdmin), ..all() }, 9).await, numbers(&[1]));
    assert_eq!(listed(KeyFilter { role: Some(Role::TeamAdmin), ..all() }, 3).await, numbers(&[2, 3, 4]));
    assert_eq!(listed(KeyFilter { team: Some(team_id(1)), ..all() }, 9).await, numbers(&[2, 3]));
    assert_eq!(listed(KeyFilter { within: only(&[1, 2]), ..all() }, 9).await, numbers(&[2, 3]));
    assert_eq!(listed(KeyFilter { within: only(&[2, 3]), ..all() }, 9).await, numbers(&[5]));
    let mine = KeyFilter { within: only(&[1, 2]), team: Some(team_id(2)), ..all() };
    assert_eq!(listed(mine, 9).await, numbers(&[3]));
    assert_eq!(listed(KeyFilter { within: only(&[]), ..all() }, 9).await, numbers(&[]));
}

/// What is not said stays; a key out of sight is unknown.
pub async fn a_key_is_changed_in_what_is_said(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2, 3]).await;
    given(&*store, 2, &[4]).await;
    store.create_key(key(1, 1), None, &by()).await.unwrap();
    store.create_key(team_key(2, 1, &[1, 2]), None, &by()).await.unwrap();
    let patch = async |n, patch: KeyPatch, guard: &KeyGuard| {
        store.patch_key(org_id(1), key_id(n), patch, guard, &by()).await
    };
    let bound = |teams: &[u8]| KeyPatch { bindings: Some(ids(teams)), ..KeyPatch::default() };
    let any = KeyGuard::none();

    let label = KeyPatch { label: Some("new".to_owned()), ..KeyPatch::default() };
    let relabelled = Key { label: "new".to_owned(), ..team_key(2, 1, &[1, 2]) };
    assert_eq!(patch(2, label, &any).await.unwrap(), relabelled);
    let rebound = Key { bindings: ids(&[2, 3]), ..relabelled.clone() };
    assert_eq!(patch(2, bound(&[2, 3]), &any).await.unwrap(), rebound);
    let expiring = Key { expires_at: Some(at(9)), ..rebound.clone() };
    let expiry = |at| KeyPatch { expires_at: Some(at), ..KeyPatch::default() };
    assert_eq!(patch(2, expiry(Some(at(9))), &any).await.unwrap(), expiring);
    assert_eq!(patch(2, KeyPatch::default(), &any).await.unwrap(), expiring);
    assert_eq!(patch(2, expiry(None), &any).await.unwrap(), rebound);

    refused!(patch(2, bound(&[1, 4]), &any).await, Error::UnknownTeams(teams) if *teams == [team_id(4)]);
    refused!(patch(1, bound(&[1]), &any).await, Error::BoundOrgAdmin(id) if *id == key_id(1));
    let within = KeyGuard { within: only(&[1, 2]), keep_admin: false };
    refused!(patch(2, bound(&[1]), &within).await, Error::UnknownKey(_));
    refused!(patch(1, KeyPatch::default(), &within).await, Error::UnknownKey(_));
    refused!(store.delete_key(org_id(1), key_id(2), &within, &by()).await, Error::UnknownKey(_));
    refused!(
        store.patch_key(org_id(2), key_id(2), KeyPatch::default(), &any, &by()).await,
        Error::UnknownKey(_)
    );
    assert_eq!(store.key_by_digest(digest(2)).await.unwrap(), Some(rebound));
}

/// Neither by a deletion nor by an expiry, where the guard says so; keys that are expired do not count.
pub async fn the_last_admin_in_force_is_kept_where_that_is_asked(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    given(&*store, 2, &[]).await;
    let expired = Key { expires_at: Some(at(0)), ..key(2, 1) };
    let later = Key { expires_at: Some(at(1)), ..key(3, 1) };
    for key in [key(1, 1), expired, later, team_key(4, 1, &[1]), key(5, 2)] {
        store.create_key(key, None, &by()).await.unwrap();
    }
    let keep = KeyGuard { keep_admin: true, ..KeyGuard::none() };
    let delete = async |n, guard: &KeyGuard| store.delete_key(org_id(1), key_id(n), guard, &by()).await;
    let end = async |n, at| {
        let patch = KeyPatch { expires_at: Some(Some(at)), ..KeyPatch::default() };
        store.patch_key(org_id(1), key_id(n), patch, &keep, &by()).await
    };
    assert_eq!(delete(1, &keep).await.unwrap(), key(1, 1));
    refused!(delete(3, &keep).await, Error::LastAdmin);
    refused!(end(3, at(0)).await, Error::LastAdmin);
    end(3, at(7)).await.unwrap();
    delete(2, &keep).await.expect("others are in force");
    delete(4, &keep).await.expect("it is no org_admin");
    refused!(delete(3, &keep).await, Error::LastAdmin);
    delete(3, &KeyGuard::none()).await.unwrap();
    assert_eq!(store.keys(org_id(1), &KeyFilter::all(), None, 9).await.unwrap(), []);
}

/// Told late or out of order, it is the latest that stands.
pub async fn the_last_use_of_a_key_is_the_latest_that_was_told(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    store.create_key(key(1, 1), None, &by()).await.unwrap();
    let used = async |uses: &[_]| {
        store.record_key_uses(uses).await.unwrap();
        store.key_by_digest(digest(1)).await.unwrap().unwrap().last_used_at
    };
    assert_eq!(used(&[]).await, None);
    assert_eq!(used(&[(key_id(1), at(5)), (key_id(9), at(6))]).await, Some(at(5)));
    assert_eq!(used(&[(key_id(1), at(4))]).await, Some(at(5)));
    assert_eq!(used(&[(key_id(1), at(7)), (key_id(1), at(6))]).await, Some(at(7)));
    assert_eq!(
        store.audit(org_id(1), &AuditFilter::all(), None, 9).await.unwrap().len(),
        2,
        "it is no change"
    );
}
