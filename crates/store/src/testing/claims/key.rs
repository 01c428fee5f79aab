//! Management keys.

use std::sync::Arc;

use super::refused;
use crate::testing::samples::{digest, given, key, key_id, org_id};
use crate::{Error, Key, Store};

/// From the deletion on it is refused.
pub async fn a_key_is_found_by_its_digest_until_it_is_deleted(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    store.create_key(key(1, 1)).await.unwrap();
    store.create_key(key(2, 1)).await.unwrap();
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
    assert_eq!(store.key_by_digest(digest(3)).await.unwrap(), None);
    store.delete_key(org_id(1), key_id(1)).await.unwrap();
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), None);
    assert_eq!(store.key_by_digest(digest(2)).await.unwrap(), Some(key(2, 1)));
    refused!(store.delete_key(org_id(1), key_id(1)).await, Error::UnknownKey(id) if *id == key_id(1));
}

/// Both are unique in the deployment.
pub async fn a_key_needs_its_org_and_an_id_and_a_digest_of_its_own(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[]).await;
    store.create_key(key(1, 1)).await.unwrap();
    let same_id = Key { digest: digest(2), ..key(1, 2) };
    let same_digest = Key { digest: digest(1), ..key(2, 2) };
    refused!(store.create_key(key(2, 3)).await, Error::UnknownOrg(id) if *id == org_id(3));
    refused!(store.create_key(same_id).await, Error::Taken(id) if *id == key_id(1).to_string());
    refused!(store.create_key(same_digest).await, Error::Taken(id) if *id == key_id(2).to_string());
    assert_eq!(store.keys(org_id(2), None, 9).await.unwrap(), []);
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
}

/// Page by page, and only the organisation's own.
pub async fn keys_are_listed_in_the_order_of_their_ids(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[]).await;
    for (n, org) in [(200, 1), (3, 1), (130, 2), (129, 1)] {
        store.create_key(key(n, org)).await.unwrap();
    }
    let all = [3, 129, 200].map(|n| key(n, 1));
    assert_eq!(store.keys(org_id(1), None, usize::MAX).await.unwrap(), all);
    assert_eq!(store.keys(org_id(1), None, 1).await.unwrap(), all[..1]);
    assert_eq!(store.keys(org_id(1), Some(key_id(3)), 1).await.unwrap(), all[1..2]);
    assert_eq!(store.keys(org_id(1), Some(key_id(130)), 2).await.unwrap(), all[2..]);
    refused!(store.keys(org_id(3), None, 9).await, Error::UnknownOrg(_));
}

/// It goes on working.
pub async fn a_key_of_another_org_cannot_be_deleted(store: Arc<dyn Store>) {
    given(&*store, 1, &[]).await;
    given(&*store, 2, &[]).await;
    store.create_key(key(1, 1)).await.unwrap();
    for org in [2, 3] {
        refused!(store.delete_key(org_id(org), key_id(1)).await, Error::UnknownKey(id) if *id == key_id(1));
    }
    assert_eq!(store.key_by_digest(digest(1)).await.unwrap(), Some(key(1, 1)));
}
