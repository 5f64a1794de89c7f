"""What generated requests cannot know: who asks, and what is there.

Every request gets the credential that its path is for. Every second request whose data are meant to be good gets, where there is one, an id,
a body or an ETag of what the test put there (COMPTOIR_API_KNOWN), so that paths lead somewhere and lists have rows; requests whose data are
meant to be wrong stay as they were generated. At the end COMPTOIR_API_STATUSES tells how often each operation answered what.
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
# What central gives to a node and nobody else.
OF_NODES = "/api/v1/sync/"


def name(case):
    return f"{case.method.lower()} {case.path}"


def turn(key):
    with LOCK:
        return next(TURNS[key])


def one_of(key, pool):
    return pool[turn(key) % len(pool)]


def known(operation, path, kind):
    """By operation first: what is deleted is not what is read."""
    return KNOWN[kind].get(operation) or KNOWN[kind].get(path)


def is_good(case):
    """Whether its data are meant to be taken, by the method that the document has."""
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive and case.method.lower() == case.operation.method


@schemathesis.auth(refresh_interval=None)
class Credential:
    def get(self, case, context):
        return KNOWN["node_key"] if case.path.startswith(OF_NODES) else KNOWN["token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def put_what_is_there(case):
    operation = name(case)
    place = known(operation, case.path, "places")
    if place:
        case.path_parameters = {**(case.path_parameters or {}), **one_of(operation, place)}
    body = known(operation, case.path, "bodies")
    if body and case.method.lower() != "get":
        body = one_of(operation + " body", body)
        case.media_type = "application/octet-stream" if isinstance(body, str) else "application/json"
        case.body = body.encode() if isinstance(body, str) else body
    query = known(operation, case.path, "queries")
    if query is not None:
        case.query = dict(one_of(operation + " query", query))
    if case.method.lower() == "put" and case.path in KNOWN["paired"]:
        pair = one_of(operation + " pair", KNOWN["paired"][case.path])
        case.path_parameters, case.body, case.media_type = pair["place"], pair["body"].encode(), "application/octet-stream"


def etag_of(case):
    """What a person would have read before. At a node the tag moves once more when central has answered for the last edit: that is waited for."""
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
        put_what_is_there(case)
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
def tell():
    with open(os.environ["COMPTOIR_API_STATUSES"], "w", encoding="utf-8") as out:
        json.dump({operation: dict(statuses) for operation, statuses in STATUSES.items()}, out, sort_keys=True)
