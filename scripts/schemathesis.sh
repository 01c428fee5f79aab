#!/usr/bin/env bash
# Tests a running server against the OpenAPI document it serves: everything schemathesis can check but that what the
# schema allows is accepted: our own rules are not in the schema (crates/api/tests/api/our_own_rules.rs lists them).
#
#   scripts/schemathesis.sh [EXAMPLES]     up to so many examples an operation and phase; 20 if not said
#
# What it needs is installed into target/schemathesis. A run can be repeated: the cases are always the same.
set -euo pipefail
cd "$(dirname "$0")/.."
examples=${1:-20}

venv=target/schemathesis
if [ ! -x $venv/bin/st ]; then
    python3 -m venv $venv
fi
$venv/bin/pip install --quiet --disable-pip-version-check --requirement reference/schemathesis_requirements.txt

cargo build --locked --quiet --package lookback
lookback=target/debug/lookback
data=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$data"' EXIT
database=sqlite:$data/lookback.db
$lookback bootstrap --org-name Acme --team-name Running --region us --json --database "$database" >"$data/bootstrap.json"
$lookback serve --listen 127.0.0.1:0 --database "$database" --trusted-proxy 127.0.0.1/32 >"$data/ready" 2>"$data/log" &
server=$!
until grep -q 'listening on' "$data/ready"; do
    kill -0 $server || { cat "$data/log" >&2; exit 1; }
    sleep 0.1
done
url=$(sed 's/^listening on //' "$data/ready")

LOOKBACK_KNOWN=$($venv/bin/python reference/schemathesis_world.py "$url" "$data/bootstrap.json")
export LOOKBACK_KNOWN
key=$($venv/bin/python -c 'import json, sys; print(json.load(open(sys.argv[1]))["management_key"])' "$data/bootstrap.json")
export PYTHONPATH=reference
$venv/bin/st --config-file reference/schemathesis.toml run "$url/openapi.json" --header "X-Management-Key: $key" \
    --checks all --exclude-checks positive_data_acceptance --max-examples "$examples" --no-color
