"""Credentials and existing ids, which generated requests cannot know.

Every request gets the credential of its path. Every second valid request gets, if there is one, an id, a body or an ETag
of the test's data (COMPTOIR_API_KNOWN), so that paths exist and lists have rows. Invalid requests stay as generated. At the end
COMPTOIR_API_STATUSES lists how often each operation answered with each status.
"""

import atexit
import collections
import itertools
import json
import os
import threading
import time
import uuid

import requests
import schemathesis

KNOWN = json.load(open(os.environ["COMPTOIR_API_KNOWN"], encoding="utf-8"))
STATUSES = collections.defaultdict(collections.Counter)
LOCK = threading.Lock()
TURNS = collections.defaultdict(itertools.count)
# Bodies of these paths are forms.
FORMS = ("/setup",)
# Only nodes may use these paths.
OF_NODES = ("/api/v1/sync/", "/api/v1/nodes/{id}/certificate")


def name(case):
    return f"{case.method.lower()} {case.path}"


def turn(key):
    with LOCK:
        return next(TURNS[key])


def one_of(key, pool):
    return pool[turn(key) % len(pool)]


def known(operation, path, kind):
    """By operation first, since a deleted entity cannot be read."""
    return KNOWN[kind].get(operation) or KNOWN[kind].get(path)


def is_good(case):
    """Whether the request is meant to be valid, with a documented method."""
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive and case.method.lower() == case.operation.method


@schemathesis.auth(refresh_interval=None)
class Credential:
    def get(self, case, context):
        of_path = KNOWN.get("tokens", {}).get(case.path)
        return of_path or (KNOWN["node_key"] if case.path.startswith(OF_NODES) else KNOWN["token"])

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def use_existing_data(case):
    operation = name(case)
    place = known(operation, case.path, "places")
    if place:
        case.path_parameters = {**(case.path_parameters or {}), **one_of(operation, place)}
    body = known(operation, case.path, "bodies")
    if body and case.method.lower() != "get":
        body = one_of(operation + " body", body)
        case.media_type = "application/octet-stream" if isinstance(body, str) else "application/json"
        case.body = body.encode() if isinstance(body, str) else body
        if case.path in FORMS:
            case.media_type = "application/x-www-form-urlencoded"
    query = known(operation, case.path, "queries")
    if query is not None:
        case.query = dict(one_of(operation + " query", query))
    if case.method.lower() == "put" and case.path in KNOWN["paired"]:
        pair = one_of(operation + " pair", KNOWN["paired"][case.path])
        case.path_parameters, case.body, case.media_type = pair["place"], pair["body"].encode(), "application/octet-stream"


def etag_of(case):
    """The ETag of a read before the request. At a node the tag changes once more with central's decision, so this waits for it."""
    place = case.formatted_path
    for behind in ("/resolve", "/preview", "/submit"):
        place = place.removesuffix(behind)
    for _ in range(100):
        read = requests.get(KNOWN["url"] + place, headers={"Authorization": f"Bearer {KNOWN['token']}"}, timeout=30)
        if b'"is_synced":false' not in read.content:
            break
        time.sleep(0.1)
    return read.headers.get("ETag")


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = dict(case.headers or {})
    if is_good(case) and turn(name(case) + " good") % 2 == 0:
        use_existing_data(case)
        headers.pop("If-None-Match", None)
        if case.method.lower() != "get":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if any(parameter.name == "If-Match" for parameter in case.operation.headers):
            etag = etag_of(case)
            headers.pop("If-Match", None)
            if etag:
                headers["If-Match"] = etag
    case.headers = headers


@schemathesis.hook
def after_call(context, case, response):
    with LOCK:
        STATUSES[name(case)][response.status_code] += 1


@atexit.register
def write_statuses():
    with open(os.environ["COMPTOIR_API_STATUSES"], "w", encoding="utf-8") as out:
        json.dump({operation: dict(statuses) for operation, statuses in STATUSES.items()}, out, sort_keys=True)
