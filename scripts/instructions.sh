#!/usr/bin/env bash
# Instructions per decision, which a busy machine does not change: the bench under callgrind with two numbers
# of decisions, the difference divided. Arguments as the bench's, for example: 100000 --history
set -eu
cd "$(dirname "$0")/.."
cargo build -q --locked --release -p lookback-engine --example bench
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/bench "$@" 2>&1 |
    sed -n 's/.*Collected : //p'
}
few=$(count "$@" --decisions 1000)
many=$(count "$@" --decisions 101000)
echo "$* $(((many - few) / 100000)) instructions a decision"
