//! Moving house.

use std::collections::BTreeSet;
use std::sync::Arc;

use lookback_domain::Region::Us;
use lookback_domain::{Provider, Region};

use super::refused;
use crate::testing::samples::{
    UNRAISED, by, content, credential_id, given, key, org, org_id, round, scope, team, team_id, team_key,
};
use crate::testing::{Model, dump};
use crate::{AuditEntry, Error, KeptPreferences, Key, Kind, Moving, Once, Row, Store, Token};

/// Two organisations with something of every kind.
async fn furnish(store: &dyn Store) {
    for n in [1, 2] {
        let teams = vec![team(n, n, Us), team(n + 10, n, Region::Eu)];
        store.create_org(org(n), teams, vec![key(n, n), team_key(n + 10, n, &[n])], &by()).await.unwrap();
        store.upsert_preferences(&scope(n), &[team_id(n)], &round(7), &UNRAISED, &by()).await.unwrap();
        let (id, content) = (credential_id(n), content("k", n));
        let (scope, author) = (scope(n), by());
        let stored = store.upsert_credential(&scope, team_id(n), Provider::Oura, id, content, None, &author);
        stored.await.unwrap();
        let once = Once { key_id: key(n, n).id, token: "a\u{1F980}".to_owned(), fingerprint: [n; 32] };
        store.create_team(team(n + 20, n, Us), Some(once), &by()).await.unwrap();
    }
}

/// Page by page, whatever the size of the pages.
pub async fn what_another_store_shows_is_kept_and_shown_as_it_is(store: Arc<dyn Store>) {
    let other = Model::new();
    furnish(&other).await;
    let rows = dump(&other, 2).await;
    let kinds: BTreeSet<_> = rows.iter().map(Row::kind).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());
    for batch in rows.chunks(3) {
        store.restore(batch.to_vec()).await.unwrap();
    }
    for page in [1, 2, 1000] {
        assert_eq!(dump(&*store, page).await, rows);
    }
    let back = Model::new();
    back.restore(dump(&*store, 5).await).await.unwrap();
    assert_eq!(dump(&back, 1000).await, rows);
    let snapshot = store.snapshot().await.unwrap();
    for kind in Kind::ALL {
        let expected = rows.iter().filter(|row| row.kind() == kind).count();
        assert_eq!(snapshot.count(kind).await.unwrap(), expected as u64, "{kind:?}");
    }
}

/// So that a move that was interrupted can be done again from its beginning.
pub async fn what_is_there_stays_as_it_is(store: Arc<dyn Store>) {
    let other = Model::new();
    furnish(&other).await;
    let rows = dump(&other, 1000).await;
    store.restore(rows[..4].to_vec()).await.unwrap();
    store.restore(rows.clone()).await.unwrap();
    store.restore(rows.clone()).await.unwrap();
    assert_eq!(dump(&*store, 1000).await, rows);
    let mut renamed = org(1);
    renamed.name = "another".to_owned();
    store.restore(vec![Row::Org(renamed)]).await.unwrap();
    assert_eq!(dump(&*store, 1000).await, rows);
}

/// All of it is from one moment, however long it takes.
pub async fn a_snapshot_does_not_see_what_comes_later(store: Arc<dyn Store>) {
    furnish(&*store).await;
    let before = dump(&*store, 1000).await;
    let snapshot = store.snapshot().await.unwrap();
    store.delete_org(org_id(1), 99).await.unwrap();
    given(&*store, 3, &[3]).await;
    let mut seen = Vec::new();
    for kind in Kind::ALL {
        seen.extend(snapshot.rows(kind, None, 1000).await.unwrap());
    }
    assert_eq!(seen, before);
    drop(snapshot);
    assert_ne!(dump(&*store, 1000).await, before);
}

/// Nothing of the rows that came with it is kept either.
pub async fn rows_that_refer_to_nothing_or_are_like_others_are_refused(store: Arc<dyn Store>) {
    furnish(&*store).await;
    let before = dump(&*store, 1000).await;
    let fine = || Row::Org(org(9));
    let restore = async |row| store.restore(vec![fine(), row]).await;
    refused!(restore(Row::Team(team(30, 8, Us))).await, Error::UnknownOrg(id) if *id == org_id(8));
    refused!(restore(Row::Key(key(30, 8))).await, Error::UnknownOrg(_));
    refused!(restore(Row::Key(team_key(30, 1, &[2]))).await, Error::UnknownTeams(_));
    refused!(restore(Row::Key(Key { digest: key(1, 1).digest, ..key(30, 1) })).await, Error::Taken(_));
    for row in before.clone() {
        let lost = match row {
            Row::Preferences(kept) => Row::Preferences(KeptPreferences { team_id: team_id(90), ..kept }),
            Row::AuditEntry(entry) => Row::AuditEntry(AuditEntry { org_id: org_id(8), ..entry }),
            Row::Token(token) => {
                let once = Once { token: "b".to_owned(), ..token.once };
                Row::Token(Token { org_id: org_id(8), once, ..token })
            }
            Row::Credential(mut credential) => {
                credential.id = credential_id(90);
                refused!(restore(Row::Credential(credential.clone())).await, Error::Taken(_));
                credential.place.team_id = team_id(90);
                Row::Credential(credential)
            }
            Row::Org(_) | Row::Team(_) | Row::Key(_) => continue,
        };
        refused!(restore(lost).await, Error::UnknownOrg(_) | Error::UnknownTeams(_));
    }
    assert_eq!(dump(&*store, 1000).await, before);
}
