#!/bin/sh
# Checks a running server against its own /openapi.json: run.sh VENV URL EXAMPLES PHASES. Installs schemathesis into VENV if
# needed, with the versions and hashes of requirements.txt. hooks.py documents COMPTOIR_API_KNOWN and COMPTOIR_API_STATUSES.
set -eu
here=$(dirname "$0")
venv=$1 url=$2 examples=$3 phases=$4

# A changed list, or another python as in a copied target/, causes a new installation. Of two concurrent runs the second waits.
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

# schemathesis writes files into its working directory.
cd "$venv"
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1

# A stream of changes never ends, so it has separate tests.
exec "$venv/bin-of-tests/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$url/openapi.json" \
    --phases "$phases" --max-examples "$examples" --seed 1 --continue-on-failure --no-color --exclude-path /api/v1/stream \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection,ignored_auth
