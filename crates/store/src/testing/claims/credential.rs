//! OAuth applications of teams.

use std::sync::Arc;

use lookback_domain::{OwnQuota, Provider, QuotaWindow, Unit, WindowKind};

use super::{refused, unknown_teams};
use crate::testing::samples::{
    at, by, by_at, content, credential_id, given, key_id, only, org_id, scope, sealed, team_id,
};
use crate::{
    Action, Actor, AuditFilter, Created, Credential, CredentialContent, CredentialFilter, DeletedCredentials,
    Error, MasterKeyId, Once, Scope, Seals, Store,
};

async fn put(
    store: &dyn Store,
    team: u8,
    provider: Provider,
    id: u8,
    content: CredentialContent,
) -> Credential {
    let id = credential_id(id);
    let stored = store.upsert_credential(&scope(1), team_id(team), provider, id, content, None, &by()).await;
    stored.unwrap().done()
}

/// What was there keeps its id, its creation time and its quota; nothing new changes nothing.
pub async fn an_application_takes_the_place_of_the_one_before(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let first = put(&*store, 1, Provider::Oura, 1, content("one", 1)).await;
    let window = QuotaWindow {
        limit: 200,
        limit_per_user: 0,
        seconds: 900,
        kind: WindowKind::Aligned,
        unit: Unit::Requests,
    };
    let quota = Some(OwnQuota { windows: vec![window], user_windows: vec![] });
    let later = by_at(Actor::Key(key_id(1)), at(9));
    let raised = store.set_credential_quota(&scope(1), first.id, quota.clone(), &later).await.unwrap();
    assert_eq!(raised, Credential { quota: quota.clone(), updated_at: at(9), ..first.clone() });

    let again = CredentialContent { seals: content("one", 7).seals, ..content("one", 1) };
    assert_eq!(put(&*store, 1, Provider::Oura, 2, again).await, raised, "the digests are the same");
    let second = put(&*store, 1, Provider::Oura, 2, content("one", 2)).await;
    let kept = (second.id, second.created_at, second.quota.clone());
    assert_eq!(kept, (first.id, first.created_at, quota));
    assert_eq!(second.seals, content("one", 2).seals);
    let all = store.credentials(&scope(1), &CredentialFilter::default(), None, 9).await.unwrap();
    assert_eq!(all, [second]);
    let nobody = store.set_credential_quota(&scope(2), first.id, None, &by()).await;
    refused!(nobody, Error::UnknownCredential(id) if *id == first.id);
}

/// Page by page, of these teams, of this provider, and only in the scope.
pub async fn applications_are_listed_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2]).await;
    given(&*store, 2, &[3]).await;
    for (id, team, provider) in [(9, 1, Provider::Oura), (3, 2, Provider::Oura), (5, 1, Provider::Strava)] {
        put(&*store, team, provider, id, content("one", id)).await;
    }
    let listed = async |scope: Scope, filter: CredentialFilter, after: Option<u8>, limit| {
        let found = store.credentials(&scope, &filter, after.map(credential_id), limit).await.unwrap();
        found.into_iter().map(|found| found.id).collect::<Vec<_>>()
    };
    let all = CredentialFilter::default;
    let numbers = |numbers: &[u8]| numbers.iter().map(|&n| credential_id(n)).collect::<Vec<_>>();
    assert_eq!(listed(scope(1), all(), None, 9).await, numbers(&[3, 5, 9]));
    assert_eq!(listed(scope(1), all(), Some(3), 1).await, numbers(&[5]));
    let of_team = CredentialFilter { teams: vec![team_id(1)], ..all() };
    assert_eq!(listed(scope(1), of_team, None, 9).await, numbers(&[5, 9]));
    let of_oura = CredentialFilter { provider: Some(Provider::Oura), ..all() };
    assert_eq!(listed(scope(1), of_oura, None, 9).await, numbers(&[3, 9]));
    let mine = Scope { visible: only(&[2]), ..scope(1) };
    assert_eq!(listed(mine.clone(), all(), None, 9).await, numbers(&[3]));
    assert_eq!(listed(scope(2), all(), None, 9).await, numbers(&[]));
    let theirs = CredentialFilter { teams: [1, 3, 2].map(team_id).to_vec(), ..all() };
    assert_eq!(unknown_teams(store.credentials(&mine, &theirs, None, 9).await), [1, 3].map(team_id));
    let (team, content) = (team_id(1), content("one", 1));
    let nobody =
        store.upsert_credential(&mine, team, Provider::Oura, credential_id(1), content, None, &by()).await;
    assert_eq!(unknown_teams(nobody), [team_id(1)]);
}

/// Each once, in the order asked; what is out of the scope is not found, and stays.
pub async fn a_deletion_says_what_became_of_each(store: Arc<dyn Store>) {
    given(&*store, 1, &[1, 2]).await;
    for (id, team) in [(1, 1), (2, 2)] {
        put(&*store, team, Provider::Oura, id, content("one", id)).await;
    }
    let mine = Scope { visible: only(&[1]), ..scope(1) };
    let asked = [9, 1, 2, 1].map(credential_id);
    let answer = store.delete_credentials(&mine, &asked, &by()).await.unwrap();
    let (deleted, not_found) = (vec![credential_id(1)], [9, 2].map(credential_id).to_vec());
    assert_eq!(answer, DeletedCredentials { deleted, not_found });
    let left = store.credentials(&scope(1), &CredentialFilter::default(), None, 9).await.unwrap();
    assert_eq!(left.iter().map(|left| left.id).collect::<Vec<_>>(), [credential_id(2)]);
    store.delete_team(org_id(1), team_id(2), &by()).await.unwrap();
    assert_eq!(store.seal_counts().await.unwrap(), []);
}

/// Only in the place of what it was sealed from; to seal it anew is no change of the application.
pub async fn a_secret_is_sealed_anew_unless_it_has_changed(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let stored = put(&*store, 1, Provider::Oura, 1, content("one", 1)).await;
    let key = |name: &str| MasterKeyId(name.to_owned());
    let others = async |name: &str| store.credentials_not_under(&key(name), None, 9).await.unwrap();
    assert_eq!(others("two").await, [(org_id(1), stored.clone())]);
    assert_eq!(others("one").await, []);
    let anew = Seals { client_secret: Some(sealed("two", 2)), details: None };
    let wrong = Seals { client_secret: Some(sealed("one", 9)), details: None };
    let reseal = async |before: &Seals| store.reseal_credential(stored.id, before, anew.clone(), &by()).await;
    assert!(!reseal(&wrong).await.unwrap());
    assert!(reseal(&stored.seals).await.unwrap());
    assert!(!reseal(&stored.seals).await.unwrap(), "it was done before");
    assert_eq!(store.seal_counts().await.unwrap(), [(key("two"), 1)]);
    assert_eq!(others("one").await, [(org_id(1), Credential { seals: anew.clone(), ..stored.clone() })]);
}

/// Whose master key was lost, and stores the same secret again, has it under the key that there is; nothing else changes.
pub async fn the_same_secret_is_kept_under_the_key_it_comes_under(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let first = put(&*store, 1, Provider::Oura, 1, content("lost", 1)).await;
    let anew = CredentialContent { seals: content("present", 7).seals, ..content("lost", 1) };
    let later = by_at(Actor::Key(key_id(1)), at(9));
    let (team, id) = (team_id(1), credential_id(2));
    let stored = store
        .upsert_credential(&scope(1), team, Provider::Oura, id, anew.clone(), None, &later)
        .await
        .unwrap();
    let expected = Credential { seals: anew.seals, ..first };
    assert_eq!(stored.done(), expected);
    assert_eq!(
        store.credentials(&scope(1), &CredentialFilter::default(), None, 9).await.unwrap(),
        [expected]
    );
    assert_eq!(store.seal_counts().await.unwrap(), [(MasterKeyId("present".to_owned()), 1)]);
    let entries = store.audit(org_id(1), &AuditFilter::all(), None, 9).await.unwrap();
    let resealed = entries.iter().find(|entry| entry.action == Action::CredentialResealed).unwrap();
    assert_eq!(resealed.before.as_ref().unwrap()["master_keys"], serde_json::json!(["lost"]));
    assert_eq!(resealed.after.as_ref().unwrap()["master_keys"], serde_json::json!(["present"]));
}

/// While it is as it was stored then; afterwards there is nothing that could be shown again.
pub async fn a_repetition_shows_the_application_while_it_is_the_same(store: Arc<dyn Store>) {
    given(&*store, 1, &[1]).await;
    let once =
        |fingerprint| Once { key_id: key_id(1), token: "token".to_owned(), fingerprint: [fingerprint; 32] };
    let upsert = async |fingerprint| {
        let (team, id, once) = (team_id(1), credential_id(1), Some(once(fingerprint)));
        store
            .upsert_credential(&scope(1), team, Provider::Oura, id, content("one", 1), once, &by())
            .await
            .unwrap()
    };
    let Created::Done(stored) = upsert(1).await else { panic!("it was not asked before") };
    assert_eq!(upsert(1).await, Created::Replay(stored.clone()));
    assert_eq!(upsert(2).await, Created::Mismatch);
    let later = by_at(Actor::CommandLine, at(5));
    let (team, id, other) = (team_id(1), credential_id(2), content("one", 2));
    store.upsert_credential(&scope(1), team, Provider::Oura, id, other, None, &later).await.unwrap();
    assert_eq!(upsert(1).await, Created::Conflict(stored.id.0));
}
