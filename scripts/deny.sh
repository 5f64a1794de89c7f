#!/bin/sh
# Checks bans, licences and sources always, and advisories if their database can be reached.
set -eu
cargo deny --all-features check bans licenses sources
if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --all-features check advisories
else
    echo "The advisory database cannot be reached from here: advisories were NOT checked." >&2
fi
