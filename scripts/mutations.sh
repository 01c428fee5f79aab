#!/usr/bin/env bash
# Builds the engine once with each named fault and expects the test named beside it to fail.
set -u
cd "$(dirname "$0")/.."
survivors=0
while read -r fault suite test; do
  [ -n "$fault" ] || continue
  target="--test $suite"
  [ "$suite" = lib ] && target=--lib
  # shellcheck disable=SC2086 # two words on purpose
  output=$(LOOKBACK_MUTATION=$fault cargo test -q --locked -p lookback-engine --features mutations $target "$test" 2>&1)
  if grep -q "test result: FAILED" <<<"$output"; then
    echo "killed    $fault by $test"
  else
    echo "SURVIVED  $fault: $test passed, or did not build"
    survivors=$((survivors + 1))
  fi
done <<'FAULTS'
expire-from-send       quota   no_window_is_exceeded_by_what_we_know_of_it
forget-boundary        quota   no_window_is_exceeded_by_what_we_know_of_it
forget-unacknowledged  quota   no_window_is_exceeded_by_what_we_know_of_it
reset-once-per-call    lib     windows_that_passed_unseen_hold_only_what_was_in_flight
no-epsilon             engine  a_clock_that_is_off_causes_no_refusal
ignore-headers         engine  usage_headers_reveal_somebody_else_before_a_refusal_does
no-app-reserve         engine  strava_history_takes_all_that_polls_leave_and_polls_are_on_time
no-user-reserve        engine  user_windows_leave_each_users_polls_their_room
starve-polls           engine  strava_history_takes_all_that_polls_leave_and_polls_are_on_time
stretch-silently       engine  polls_are_stretched_as_far_as_is_reported_and_no_further
welcome-at-once        engine  who_joins_beside_history_takes_nothing_that_was_kept_for_others
faster-at-once         engine  polls_go_faster_only_once_there_is_room_for_it
FAULTS
[ "$survivors" -eq 0 ]
