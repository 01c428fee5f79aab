//! The audit log, and tokens of creations.

use std::sync::Arc;

use jiff::SignedDuration;
use lookback_domain::{Provider, Raised, Region};
use serde_json::json;

use super::refused;
use crate::testing::samples::{
    at, by, by_at, days, given, key, key_id, only, org_id, preference, scope, team, team_id,
};
use crate::{
    Action, Actor, AuditFilter, Created, Error, Key, KeyGuard, ONCE_KEPT, Once, Selection, Store, Team,
    TeamPatch,
};

/// Who, what, before and after; what was exceeded beside it. What changes nothing is no entry.
pub async fn a_change_is_recorded_with_what_was_before_and_after(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let who = Actor::Key(key_id(7));
    let set = async |n, second| {
        let changes = [(Provider::Oura, preference(n, &[]))].into();
        let raised = [(Provider::Oura, Raised { days: days(n), default: days(180) })].into();
        let by = by_at(who, at(second));
        store.upsert_preferences(&scope(1), &[team_id(1)], &changes, &raised, &by).await.unwrap();
    };
    set(200, 10).await;
    set(200, 11).await;
    set(300, 12).await;
    let filter = AuditFilter { action: Some(Action::PreferencesSet), ..AuditFilter::all() };
    let entries = store.audit(org_id(1), &filter, None, 9).await.unwrap();
    let shown: Vec<_> = entries.iter().map(|entry| (entry.id.at(), &entry.before, &entry.after)).collect();
    let oura = |days| Some(json!({ "environment": "production", "providers": { "oura": days } }));
    let (none, first, second) =
        (oura(json!(null)), oura(json!({ "default": 200 })), oura(json!({ "default": 300 })));
    assert_eq!(shown, [(at(12), &first, &second), (at(10), &none, &first)]);
    assert!(entries.iter().all(|entry| entry.actor == who && entry.team_id == Some(team_id(1))));
    let exceeded = json!({ "oura": { "days": 300, "default": 180 } });
    assert_eq!(entries[0].acknowledgement, Some(exceeded));

    let patch = TeamPatch { name: Some("team 1".to_owned()), integration_team_id: None };
    store.patch_team(org_id(1), team_id(1), patch, &by()).await.unwrap();
    let all = Selection::Page { after: None, limit: 9 };
    store.delete_preferences(&scope(1), all, Some(&[Provider::Polar]), &by()).await.unwrap();
    assert_eq!(store.audit(org_id(1), &AuditFilter::all(), None, 9).await.unwrap().len(), 4);
}

/// The newest first, page by page, of these teams, by these people, in this time.
pub async fn entries_are_listed_as_far_as_the_filter_admits_them(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[9]).await;
    for n in 1..=4 {
        let actor = if n % 2 == 0 { Actor::CommandLine } else { Actor::Key(key_id(n)) };
        store.create_team(team(n, 1, Region::Us), None, &by_at(actor, at(n.into()))).await.unwrap();
    }
    let created = AuditFilter { action: Some(Action::TeamCreated), ..AuditFilter::all() };
    let listed = async |filter: &AuditFilter, before, limit| {
        let found = store.audit(org_id(1), filter, before, limit).await.unwrap();
        found.into_iter().map(|entry| (entry.id, entry.team_id.unwrap())).collect::<Vec<_>>()
    };
    let teams = |found: &[(_, _)]| found.iter().map(|&(_, team)| team).collect::<Vec<_>>();
    let first = listed(&created, None, 2).await;
    assert_eq!(teams(&first), [4, 3].map(team_id));
    assert_eq!(teams(&listed(&created, Some(first[1].0), 9).await), [2, 1].map(team_id));
    let seen = AuditFilter { visible: only(&[2, 3, 9]), ..AuditFilter::all() };
    assert_eq!(teams(&listed(&seen, None, 9).await), [3, 2].map(team_id));
    let unseen = AuditFilter { team: Some(team_id(1)), ..seen };
    assert_eq!(listed(&unseen, None, 9).await, []);
    let by_one = AuditFilter { actor: Some(Actor::Key(key_id(3))), ..AuditFilter::all() };
    assert_eq!(teams(&listed(&by_one, None, 9).await), [team_id(3)]);
    let timed = AuditFilter { from: Some(at(2)), until: Some(at(4)), ..AuditFilter::all() };
    assert_eq!(teams(&listed(&timed, None, 9).await), [3, 2].map(team_id));
    refused!(store.audit(org_id(8), &created, None, 9).await, Error::UnknownOrg(_));
}

/// A part at a time, the oldest of them; a deleted organisation leaves nothing.
pub async fn what_is_old_is_forgotten(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    for n in 1..=4 {
        store
            .create_team(team(n, 1, Region::Us), None, &by_at(Actor::CommandLine, at(n.into())))
            .await
            .unwrap();
    }
    assert_eq!(store.purge_audit(at(3), 2).await.unwrap(), 2);
    assert_eq!(store.purge_audit(at(3), 2).await.unwrap(), 1);
    assert_eq!(store.purge_audit(at(3), 2).await.unwrap(), 0);
    let left = store.audit(org_id(1), &AuditFilter::all(), None, 9).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.id.at()).collect::<Vec<_>>(), [at(4), at(3)]);
    store.delete_org(org_id(1), 99).await.unwrap();
    given(&*store, 1, &[]).await;
    assert_eq!(store.audit(org_id(1), &AuditFilter::all(), None, 9).await.unwrap().len(), 1);
}

/// For a day, whatever became of it; each key has its own tokens, and a refusal keeps none.
pub async fn a_creation_with_a_token_happens_once(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    let once = |key, fingerprint| {
        Some(Once { key_id: key_id(key), token: "t".to_owned(), fingerprint: [fingerprint; 32] })
    };
    let create = async |n, once, second| {
        store.create_team(team(n, 1, Region::Us), once, &by_at(Actor::CommandLine, at(second))).await
    };
    store.create_team(team(9, 1, Region::Us), None, &by()).await.unwrap();
    refused!(create(9, once(1, 1), 0).await, Error::Taken(_));
    let first = team(1, 1, Region::Us);
    assert_eq!(create(1, once(1, 1), 0).await.unwrap(), Created::Done(first.clone()));
    store.delete_team(org_id(1), team_id(1), &by()).await.unwrap();
    assert_eq!(create(2, once(1, 1), 60).await.unwrap(), Created::Replay(first));
    assert_eq!(create(2, once(1, 2), 60).await.unwrap(), Created::Mismatch);
    assert_eq!(create(3, once(2, 2), 60).await.unwrap(), Created::Done(team(3, 1, Region::Us)));
    let teams: Vec<Team> = store.teams(org_id(1), &crate::TeamFilter::all(), None, 9).await.unwrap();
    assert_eq!(teams, [team(3, 1, Region::Us), team(9, 1, Region::Us)]);
    let a_day = ONCE_KEPT.as_secs();
    assert_eq!(create(2, once(1, 1), a_day).await.unwrap(), Created::Done(team(2, 1, Region::Us)));
    assert_eq!(store.purge_once(at(61) + SignedDuration::ZERO, 9).await.unwrap(), 1);
}

/// Since a key is shown once, a repetition names it and nothing else.
pub async fn a_key_is_created_once_and_not_shown_again(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    let once =
        |fingerprint| Some(Once { key_id: key_id(9), token: "t".to_owned(), fingerprint: [fingerprint; 32] });
    assert_eq!(store.create_key(key(1, 1), once(1), &by()).await.unwrap(), Created::Done(key(1, 1)));
    let again = Key { id: key_id(2), ..key(2, 1) };
    assert_eq!(
        store.create_key(again.clone(), once(1), &by()).await.unwrap(),
        Created::Conflict(key_id(1).0)
    );
    assert_eq!(store.create_key(again, once(2), &by()).await.unwrap(), Created::Mismatch);
    store.delete_key(org_id(1), key_id(1), &KeyGuard::none(), &by()).await.unwrap();
}
