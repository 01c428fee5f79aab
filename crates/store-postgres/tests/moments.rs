//! What is read with several statements is of one moment.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod support;

use lookback_store::{TeamFilter, TeamPatch, TeamStore};
use lookback_store_postgres::testing::database;
use lookback_store_postgres::{Options, PostgresStore};

use support::{ORG, by, fill, team};

/// Two teams so far apart that they are read one after the other; at every moment one of both is called so.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_searched_for_a_name_sees_one_moment() {
    let Some(database) = database().await else { return };
    let store = PostgresStore::open(database.url(), &Options::default()).await.unwrap();
    fill(&store, 502).await;
    let call = async |n: u128, name: &str| {
        let patch = TeamPatch { name: Some(name.to_owned()), ..TeamPatch::default() };
        store.patch_team(ORG, team(n), patch, &by()).await.unwrap();
    };
    call(0, "wanted").await;
    let wanted = TeamFilter { search: Some("wanted".to_owned()), ..TeamFilter::all() };
    let renaming = async {
        for _ in 0..60 {
            for (n, name) in [(501, "wanted"), (0, "other"), (0, "wanted"), (501, "other")] {
                call(n, name).await;
            }
        }
    };
    tokio::pin!(renaming);
    let mut lists = 0;
    loop {
        tokio::select! {
            () = &mut renaming => break,
            found = store.teams(ORG, &wanted, None, 10) => {
                assert!(!found.unwrap().is_empty(), "nobody is called so, after {lists} lists");
                lists += 1;
            }
        }
    }
    assert!(lists > 0);
}
