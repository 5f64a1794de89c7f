#!/bin/sh
# Holds a running server to its own /openapi.json: run.sh VENV URL EXAMPLES PHASES. Installs schemathesis, with all it needs at the versions and
# hashes of requirements.txt, into VENV where it is missing. hooks.py says what COMPTOIR_API_KNOWN and COMPTOIR_API_STATUSES are for.
set -eu
here=$(dirname "$0")
venv=$1 url=$2 examples=$3 phases=$4

# A changed list is a new installation, and so is an environment of another machine's python, as in a copied target/. Two at once: the
# second waits.
mkdir -p "$venv"
(
    flock 9
    python="$venv $(python3 -c 'import sys; print(sys.executable, sys.version)')"
    if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt" || [ "$python" != "$(cat "$venv/python" 2>/dev/null)" ]; then
        python3 -m venv --clear "$venv/bin-of-tests"
        "$venv/bin-of-tests/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$here/requirements.txt"
        cp "$here/requirements.txt" "$venv/requirements.txt"
        echo "$python" >"$venv/python"
    fi
) 9>"$venv/lock"

# It leaves notes of its own where it runs.
cd "$venv"
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1

# A stream of changes never ends: it has tests of its own.
exec "$venv/bin-of-tests/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$url/openapi.json" \
    --phases "$phases" --max-examples "$examples" --seed 1 --continue-on-failure --no-color --exclude-path /api/v1/stream \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,ignored_auth
