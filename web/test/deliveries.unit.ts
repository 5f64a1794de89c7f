// What a driver's screen makes of deliveries, notes and entries.
import assert from "node:assert/strict";
import { test } from "node:test";
import { byCode, emptyEntry, lineError, missingProofs, payloadOf, refusal, round, stopOf, type Entry, type Stop } from "../src/deliveries/stop";
import { enrolmentCode } from "../src/driver/identity";

const facts = { reference: undefined, client: undefined, qr: undefined, assignedTo: undefined, validation: undefined, own: undefined };
const stop = (id: string, more: Partial<Stop> = {}): Stop => ({ ...stopOf({ ...facts, id, reference: `BL-${id}`, client: "Café du Port", qr: `QR-${id}-7F3A9C` }, undefined, undefined), ...more });
const nobody = { user: undefined, site: undefined };

test("a note says what head office asks for, the company's setting otherwise, and nothing is asked for without both", () => {
  const asks = (note?: object, setting?: object): string[] => stopOf({ ...facts, id: "1" }, note as never, setting as never).proofs;
  assert.deepEqual(asks(), []);
  assert.deepEqual(asks(undefined, { proofs: ["photo", "signature"] }), ["signature", "photo"]);
  assert.deepEqual(asks({ proofs: [] }, { proofs: ["photo"] }), []);
  assert.deepEqual(asks({ proofs: ["name", "retina", 7] }), ["name"]);
});

test("a note of any shape makes a stop", () => {
  for (const lines of [undefined, null, "x", [null, {}, { product: "A" }, { product: "A", quantity: "x" }]]) assert.deepEqual(stopOf({ ...facts, id: "1" }, { lines }, undefined).lines, []);
  const { lines } = stopOf({ ...facts, id: "1" }, { lines: [{ product: "A", quantity: 2 }, { product: "B", name: "Beurre", quantity: "0.5" }] }, undefined);
  assert.deepEqual(lines, [{ product: "A", name: "A", quantity: "2" }, { product: "B", name: "Beurre", quantity: "0.5" }]);
});

test("today's stops are in the order of the tour, with what is overdue before them", () => {
  const now = new Date("2026-03-05T10:00:00");
  const validation = { eventId: "e", by: "u", at: new Date("2026-03-05T08:00:00").toISOString(), place: undefined };
  const stops = [
    stop("3", { rank: 2 }),
    stop("1", { rank: 1 }),
    stop("late", { date: "2026-03-04", rank: 9 }),
    stop("next", { date: "2026-03-06" }),
    stop("done", { validation }),
    stop("before", { validation: { ...validation, at: "2026-03-01T08:00:00Z" } }),
  ];
  const { todo, later, done } = round(stops, now);
  assert.deepEqual([todo, later, done].map((list) => list.map(({ id }) => id)), [["late", "1", "3"], ["next"], ["done"]]);
});

test("a scanned code fits whole; a typed one may be short, a number, or written otherwise", () => {
  const stops = [stop("77"), stop("78", { qr: "QR-78-AAAAAA" }), stop("79", { qr: "QR-79-AAAAAA" }), stop("80", { qr: undefined })];
  const found = (code: string, how: "scanned" | "typed"): string | undefined => byCode(stops, code, how)?.id;
  assert.equal(found("QR-77-7F3A9C", "scanned"), "77");
  assert.equal(found("7F3A9C", "scanned"), undefined, "a part of a code is none");
  assert.equal(found("7f3a9c", "typed"), "77");
  assert.equal(found("qr 77 7f3a9c", "typed"), "77");
  assert.equal(found("bl 80", "typed"), "80");
  assert.equal(found("aaaaaa", "typed"), undefined, "two deliveries end so");
  assert.equal(found("3A9C", "typed"), undefined, "too short to be sure");
  assert.equal(found("  ", "typed"), undefined);
});

test("the hardest reason not to deliver is said first", () => {
  const me = { user: "u-1", site: "s-1" };
  assert.equal(refusal(stop("1"), me), undefined);
  assert.equal(refusal(stop("1", { assignedTo: "u-1", site: "s-1" }), me), undefined);
  assert.equal(refusal(stop("1", { assignedTo: "u-2" }), me), "other-driver");
  assert.equal(refusal(stop("1", { assignedTo: "u-2" }), nobody), undefined, "a local key is nobody's");
  assert.equal(refusal(stop("1", { assignedTo: "u-2", site: "s-2" }), me), "other-site");
  assert.equal(refusal(stop("1", { cancelled: true, site: "s-2" }), me), "cancelled");
  assert.equal(refusal(stop("1", { cancelled: true, own: "waiting" }), me), "validated");
});

test("what is not delivered of a line is more than nothing, at most the line, and has a reason", () => {
  const line = { product: "A", name: "A", quantity: "3" };
  const error = (quantity: string, reason = "abîmé"): string | undefined => lineError(line, { state: "damaged", quantity, reason });
  assert.deepEqual([error("3"), error("0.5"), error("1", " ")], [undefined, undefined, "reason"]);
  for (const wrong of ["0", "-1", "3.0001", "x", ""]) assert.equal(error(wrong), "quantity", wrong);
  assert.equal(lineError(line, { state: "delivered", quantity: "x", reason: "" }), undefined);
});

test("the payload says how the code was read, what was not delivered, and which proof is missing", () => {
  const at = stop("77", { proofs: ["qr", "name", "signature"], lines: [{ product: "A", name: "A", quantity: "3" }, { product: "B", name: "B", quantity: "1" }] });
  const now = new Date("2026-03-05T10:00:00Z");
  const entry: Entry = { ...emptyEntry(at), code: { text: "7f3a9c", how: "typed" }, receivedBy: " Mme Dupont ", comment: "sans stylo", position: { latitude: "48.856600", longitude: "2.352200" } };
  entry.lines[0] = { state: "refused", quantity: "1", reason: "ouvert" };
  assert.deepEqual(missingProofs(at, entry), ["signature"]);
  assert.deepEqual(payloadOf(at, entry, { signature: undefined, photo: "ab" }, now), {
    delivery_id: "77",
    qr_scanned: "QR-77-7F3A9C",
    code_entry: "typed",
    validated_at: "2026-03-05T10:00:00.000Z",
    latitude: "48.856600",
    longitude: "2.352200",
    signature_hash: null,
    photo_hash: "ab",
    received_by: "Mme Dupont",
    lines: [
      { product: "A", quantity: "3", delivered: "2", refused: "1", reason: "ouvert" },
      { product: "B", quantity: "1", delivered: "1" },
    ],
    missing_proofs: ["signature"],
    comment: "sans stylo",
  });
  const scanned = payloadOf(at, { ...entry, code: { text: "OTHER", how: "scanned" } }, { signature: undefined, photo: undefined }, now);
  assert.equal(scanned["qr_scanned"], "OTHER", "what was scanned is what is sent");
});

test("an enrolment code is read from its QR code and from what a person pastes", () => {
  const code = "cpe_0199c0de000070008000000000000001_secret";
  assert.equal(enrolmentCode(` ${code}\n`), code);
  assert.equal(enrolmentCode(`comptoir:enrol?url=https%3A%2F%2Fcentral.example&code=${code}`), code);
  for (const wrong of ["", "QR-77", "cpl_0199_secret", "comptoir:enrol?url=x"]) assert.equal(enrolmentCode(wrong), undefined, wrong);
});
