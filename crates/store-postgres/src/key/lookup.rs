//! Who is calling: the keys that many requests come with at once.

use std::collections::BTreeMap;

use lookback_store::{Error, Key, KeyDigest, Result};

use super::{BY_DIGEST, read};
use crate::batch::Asked;
use crate::session::Session;
use crate::transaction::Transactions;

/// Looks up every key that is asked for, in one statement.
pub(crate) async fn by_digest(transactions: Transactions, batch: Vec<Asked<KeyDigest, Option<Key>>>) {
    let mut digests: Vec<&[u8]> = batch.iter().map(|asked| &asked.question.0[..]).collect();
    // Many requests come with the same key.
    digests.sort_unstable();
    digests.dedup();
    let digests = &digests;
    let look = |session: Session| async move {
        session.all(BY_DIGEST, &[digests]).await?.iter().map(read).collect()
    };
    let found: Result<Vec<Key>> = transactions.read(look).await;
    let found: Result<BTreeMap<_, _>> =
        found.map(|keys| keys.into_iter().map(|key| (key.digest, key)).collect());
    for asked in batch {
        let answer = found.as_ref().map(|keys| keys.get(&asked.question).cloned()).map_err(Error::clone);
        asked.answer(answer);
    }
}
