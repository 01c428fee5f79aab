//! The shared store keeps every promise of a store.

use lookback_store_postgres::testing::{Database, database};
use lookback_store_postgres::{Options, PostgresStore};

async fn fresh() -> Option<(PostgresStore, Database)> {
    let database = database().await?;
    let store = PostgresStore::open(database.url(), &Options::default()).await;
    Some((store.expect("nothing is in the way of a new store"), database))
}

// What it keeps so far; `lookback_store::conformance!(fresh)` is all of it.
lookback_store::conformance! { fresh;
    org: a_text_is_kept_as_it_is_and_a_time_to_the_microsecond,
    org: orgs_are_listed_in_the_order_of_their_ids,
    org: an_org_comes_with_its_first_teams_and_keys,
    org: an_org_whose_ids_are_taken_leaves_nothing_behind,
    org: a_deleted_org_takes_all_that_is_its_own_and_nothing_else,
    org: an_unknown_org_cannot_be_deleted,
    team: a_team_needs_its_org_and_an_id_of_its_own,
    team: teams_are_listed_in_the_order_of_their_ids,
    team: a_deleted_team_is_forgotten,
    team: a_team_of_another_org_cannot_be_deleted,
    key: a_key_is_found_by_its_digest_until_it_is_deleted,
    key: a_key_needs_its_org_and_an_id_and_a_digest_of_its_own,
    key: keys_are_listed_in_the_order_of_their_ids,
    key: a_key_of_another_org_cannot_be_deleted,
    preference: every_provider_and_resource_is_read_back,
    preference: an_upsert_replaces_a_provider_as_a_whole_and_no_other,
    preference: the_environments_of_a_team_are_apart,
    preference: teams_answer_in_the_order_asked_and_once,
    preference: teams_outside_the_scope_are_unknown_and_nothing_changes,
    preference: empty_lists_change_nothing,
    preference: pages_skip_and_repeat_nothing_while_teams_come_and_go,
    preference: a_delete_forgets_what_was_named,
    concurrency: upserts_at_the_same_time_are_each_whole,
    concurrency: a_read_sees_all_of_an_upsert_or_nothing,
    concurrency: one_of_many_creations_of_an_id_succeeds,
}
