#!/bin/sh
# Makes the secrets that compose.yaml names, those that are not there yet.
#
# They can be read in the containers, whose users are not yours; the directory around them keeps others out.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets
# $1: the file; the rest: what prints the secret.
make() {
    file=$1
    shift
    [ -s "$file" ] || { "$@" >"$file" && chmod 444 "$file"; }
}
management_key() { printf 'mg_%s\n' "$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')"; }
database_url() { printf 'postgres://lookback:%s@database/lookback?sslmode=disable\n' "$(cat database-password)"; }
make database-password openssl rand -hex 24
make database-url database_url
make first-key management_key
# What OAuth secrets are sealed under. Keep a copy elsewhere: without it they cannot be read.
make master-key openssl rand -base64 32
