#!/usr/bin/env python3
"""Reads sealed records by docs/spec/record.md and docs/spec/chain.md alone, with nothing but Python's standard library.

Each line of the input is `previous chain, record`, both in hex, separated by a space; `genesis` marks the start of an epoch.
Each line of the output is the record's fields and the chain after it, as JSON.
"""

import json
import struct
import sys
import uuid

from blake3 import blake3


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError(f"byte {self.at}: {count} bytes are needed, {len(self.data) - self.at} are left")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def uuid(self):
        return str(uuid.UUID(bytes=self.take(16)))

    def text(self):
        return self.take(self.number("Q")).decode("utf-8")

    def option(self, read):
        tag = self.number("B")
        if tag > 1:
            raise ValueError(f"byte {self.at - 1}: {tag} is neither absent (0) nor present (1)")
        return read() if tag else None


def decode(record):
    r = Reader(record)
    if r.take(4) != b"CPTR" or r.number("H") != 1:
        raise ValueError("no record of format 1")
    fields = {"tenant": r.uuid(), "node": r.uuid(), "epoch": {"number": r.number("I"), "id": r.uuid()},
              "seq": r.number("Q"), "event_id": r.uuid()}
    if r.number("I") != len(record) - r.at:
        raise ValueError("the header names another length")
    fields |= {"site": r.option(r.uuid), "user": r.option(r.text), "entity_type": r.text(), "entity_id": r.text(),
               "action": r.text(), "schema_version": r.number("H"), "base_version": r.option(lambda: r.number("Q")),
               "occurred_at": r.number("q"), "time_source": ("caller", "node")[r.number("B")],
               "identity_position": r.number("Q"), "causation": r.option(r.uuid), "correlation": r.option(r.uuid),
               "payload": r.text()}
    if r.at != len(record):
        raise ValueError(f"{len(record) - r.at} bytes follow the payload")
    return fields


def genesis(record):
    """The header has tenant, node, epoch number and epoch id in the order in which they are hashed."""
    return blake3(b"comptoir/genesis/1" + record[6:58])


for line in sys.stdin:
    previous, record = line.split()
    record = bytes.fromhex(record)
    previous = genesis(record) if previous == "genesis" else bytes.fromhex(previous)
    chain = blake3(b"comptoir/record/1" + previous + record)
    print(json.dumps({"fields": decode(record), "chain": chain.hex()}))
