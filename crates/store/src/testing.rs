//! The in-memory model of a store, and the suite that every store passes.
//!
//! A store's tests are one call of [`conformance!`](crate::conformance): it makes a named test of each claim
//! in [`claims`], and two of the properties in [`property`], which run random operations against the store
//! and the [`Model`] and compare every answer.

use std::sync::Arc;

use crate::{Kind, Row, Store};

pub mod claims;
mod model;
mod operation;
pub mod property;
mod samples;

pub use model::Model;
pub use samples::{UNRAISED, by, numbered};

/// Everything that a store holds at this moment, read by pages of this many rows.
pub async fn dump(store: &dyn Store, page: usize) -> Vec<Row> {
    let snapshot = store.snapshot().await.expect("the store can be read");
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let mut after = None;
        loop {
            let read = snapshot.rows(kind, after.as_ref(), page).await.expect("the store can be read");
            after = read.last().map(Row::position);
            rows.extend(read);
            if after.is_none() {
                break;
            }
        }
    }
    rows
}

/// Runs one claim on a fresh store, which comes with whatever has to outlive it (such as its directory). None is for
/// where the store cannot be had on this machine, which whoever gives it has to say.
pub fn check<S: Store, G>(
    fresh: impl AsyncFnOnce() -> Option<(S, G)>,
    claim: impl AsyncFnOnce(Arc<dyn Store>),
) {
    runtime().block_on(async {
        let Some((store, _outlives)) = fresh().await else { return };
        claim(Arc::new(store)).await;
    });
}

/// More than one thread, so that what is spawned really runs at the same time.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a test cannot run without a runtime")
}

/// Makes the tests of a store: `conformance!(async || Some((store, guard)))`, where the closure gives an empty
/// store and whatever has to outlive it.
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance! { $fresh;
            org: a_text_is_kept_as_it_is_and_a_time_to_the_microsecond,
            org: orgs_are_listed_in_the_order_of_their_ids,
            org: an_org_comes_with_its_first_teams_and_keys,
            org: an_org_whose_ids_are_taken_leaves_nothing_behind,
            org: a_deleted_org_takes_all_that_is_its_own_and_nothing_else,
            org: an_unknown_org_cannot_be_deleted,
            org: a_large_org_is_deleted_a_part_at_a_time,
            team: a_team_needs_its_org_and_an_id_of_its_own,
            team: teams_are_listed_in_the_order_of_their_ids,
            team: a_deleted_team_is_forgotten,
            team: a_team_of_another_org_cannot_be_deleted,
            team: an_integration_id_is_unique_in_its_org_and_can_be_taken_away,
            team: a_patch_changes_what_it_says_and_nothing_where_it_is_refused,
            team: teams_are_listed_as_far_as_the_filter_admits_them,
            key: a_key_is_found_by_its_digest_until_it_is_deleted,
            key: a_key_needs_its_org_and_an_id_and_a_digest_of_its_own,
            key: keys_are_listed_in_the_order_of_their_ids,
            key: a_key_of_another_org_cannot_be_deleted,
            key: a_team_admin_is_bound_to_teams_of_its_own_org,
            key: keys_are_listed_as_far_as_the_filter_admits_them,
            key: a_key_is_changed_in_what_is_said,
            key: the_last_admin_in_force_is_kept_where_that_is_asked,
            key: the_last_use_of_a_key_is_the_latest_that_was_told,
            credential: an_application_takes_the_place_of_the_one_before,
            credential: applications_are_listed_in_the_order_of_their_ids,
            credential: a_deletion_says_what_became_of_each,
            credential: a_secret_is_sealed_anew_unless_it_has_changed,
            credential: the_same_secret_is_kept_under_the_key_it_comes_under,
            credential: a_repetition_shows_the_application_while_it_is_the_same,
            audit: a_change_is_recorded_with_what_was_before_and_after,
            audit: entries_are_listed_as_far_as_the_filter_admits_them,
            audit: what_is_old_is_forgotten,
            audit: a_creation_with_a_token_happens_once,
            audit: a_key_is_created_once_and_not_shown_again,
            preference: every_provider_and_resource_is_read_back,
            preference: an_upsert_replaces_a_provider_as_a_whole_and_no_other,
            preference: the_environments_of_a_team_are_apart,
            preference: teams_answer_in_the_order_asked_and_once,
            preference: teams_outside_the_scope_are_unknown_and_nothing_changes,
            preference: empty_lists_change_nothing,
            preference: pages_skip_and_repeat_nothing_while_teams_come_and_go,
            preference: a_delete_forgets_what_was_named,
            preference: a_delete_goes_page_by_page,
            moving: what_another_store_shows_is_kept_and_shown_as_it_is,
            moving: what_is_there_stays_as_it_is,
            moving: a_snapshot_does_not_see_what_comes_later,
            moving: rows_that_refer_to_nothing_or_are_like_others_are_refused,
            concurrency: upserts_at_the_same_time_are_each_whole,
            concurrency: a_read_sees_all_of_an_upsert_or_nothing,
            concurrency: one_of_many_creations_of_an_id_succeeds,
            concurrency: one_of_many_teams_gets_an_integration_id,
        }

        #[test]
        fn random_operations_answer_as_the_model_does() {
            $crate::testing::property::agrees_with_the_model($fresh);
        }

        #[test]
        fn whatever_a_store_holds_moves_to_another_and_back() {
            $crate::testing::property::moves_house($fresh);
        }

        #[test]
        fn random_operations_of_several_orgs_at_once_answer_as_the_model_does() {
            $crate::testing::property::agrees_with_the_model_at_once($fresh);
        }
    };
    ($fresh:expr; $($group:ident: $claim:ident,)+) => {
        $(#[test]
        fn $claim() {
            $crate::testing::check($fresh, $crate::testing::claims::$group::$claim);
        })+
    };
}

#[cfg(test)]
mod tests {
    use super::Model;

    crate::conformance!(async || Some((Model::new(), ())));
}
