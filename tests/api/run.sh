#!/bin/sh
# Holds a running server to its own /openapi.json: run.sh VENV URL EXAMPLES [TOKEN]. Installs schemathesis, with all it needs at the
# versions of requirements.txt, into VENV where it is missing.
set -eu
here=$(dirname "$0")
venv=$1 url=$2 examples=$3 token=${4:-none}

# A changed list is a new installation; whoever comes second waits for the first.
mkdir -p "$venv"
(
    flock 9
    if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
        python3 -m venv --clear "$venv/bin-of-tests"
        "$venv/bin-of-tests/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"
        cp "$here/requirements.txt" "$venv/requirements.txt"
    fi
) 9>"$venv/lock"

# It leaves notes of its own where it runs.
cd "$venv"

# A stream of changes never ends, and a first load is a long binary: both have tests of their own.
exec "$venv/bin-of-tests/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$url/openapi.json" \
    -H "Authorization: Bearer $token" --phases examples,fuzzing --max-examples "$examples" --no-color \
    --exclude-path /api/v1/stream --exclude-path /api/v1/sync/bootstrap \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance
