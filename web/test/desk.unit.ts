// The rules of counting, of drafts and of clients that two people change, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clashes, edits, formOf, merged, type ClientForm } from "../src/clients/client";
import { provisionalReference } from "../src/invoices/invoice";
import { uuid7 } from "../src/lib/ids";
import { levelOf, waitingQuantity, type StockRow } from "../src/lib/stock-level";
import {
  changed,
  countOf,
  differences,
  freeCount,
  join,
  keepSurplus,
  progressOf,
  quantityOrZero,
  receivedSoFar,
  receptionBody,
  remainder,
  scan,
  times,
  undoneBy,
  type Count,
  type Order,
  type ReceivedEvent,
  type Scanned,
} from "../src/receptions/count";

const ORDER: Order = {
  id: "PO-1",
  name: "PO-1",
  supplier: "Blanc",
  expectedOn: undefined,
  currency: "EUR",
  lines: [
    { product: "TEA", description: "Thé", quantity: "10", unitCost: "1.25" },
    { product: "MINT", description: "Menthe", quantity: "4", unitCost: "" },
    { product: "TEA", description: "Thé", quantity: "2", unitCost: "1.25" },
  ],
};

const goods = (id: string) => ({ id, name: id });

function begun(blind = false): Count {
  return countOf(ORDER, remainder(ORDER, new Map()), blind, () => undefined);
}

function counted(scanned: Scanned): Count {
  assert.equal(scanned.kind, "counted");
  return scanned.kind === "counted" ? scanned.count : assert.fail();
}

test("a scan counts at once, and the same product accumulates on its line", () => {
  const count = counted(scan(counted(scan(begun(), goods("TEA"), "1")), goods("TEA"), "9"));
  assert.deepEqual(count.lines.map((line) => [line.product, line.expected, line.counted]), [["TEA", "12", "10"], ["MINT", "4", "0"]]);
  assert.deepEqual(progressOf(count), { done: 0, of: 2 });
  assert.equal(counted(scan(scan(freeCount(), goods("X"), "1").kind === "counted" ? counted(scan(freeCount(), goods("X"), "1")) : freeCount(), goods("X"), "2")).lines[0]?.counted, "3");
});

test("goods that are not on the order, and goods beyond it, are asked about once", () => {
  assert.equal(scan(begun(), goods("SALT"), "1").kind, "unexpected");
  const joined = counted(join(begun(), goods("SALT"), "1"));
  assert.equal(counted(scan(joined, goods("SALT"), "1")).lines[2]?.counted, "2");
  const full = counted(scan(begun(), goods("MINT"), "4"));
  const over = scan(full, goods("MINT"), "1");
  assert.equal(over.kind, "surplus");
  const kept = counted(keepSurplus(full, full.lines[1]!.key, "1"));
  assert.equal(counted(scan(kept, goods("MINT"), "1")).lines[1]?.counted, "6");
  // A blind count asks nothing that shows what was expected.
  assert.equal(counted(scan(counted(scan(begun(true), goods("MINT"), "4")), goods("MINT"), "5")).lines[1]?.counted, "9");
});

test("differences name what is damaged, missing, too much and unexpected", () => {
  let count = counted(join(counted(scan(begun(), goods("TEA"), "8")), goods("SALT"), "2"));
  count = changed(count, count.lines[0]!.key, { damaged: "1", reason: "wet" }).count;
  count = counted(keepSurplus(count, count.lines[1]!.key, "6"));
  assert.deepEqual(differences(count).map(({ kind, line, quantity }) => [line.product, kind, quantity]), [
    ["TEA", "damaged", "1"],
    ["TEA", "missing", "3"],
    ["MINT", "surplus", "2"],
    ["SALT", "unexpected", "2"],
  ]);
  const body = receptionBody(count, false) as { lines: object[]; differences: object[]; order: string };
  assert.deepEqual(body.lines, [{ product: "TEA", quantity: "8" }, { product: "MINT", quantity: "6" }, { product: "SALT", quantity: "2" }]);
  assert.deepEqual([body.order, body.differences.length], ["PO-1", 4]);
  const priced = receptionBody(count, true) as { lines: { unit_cost?: string }[]; currency?: string };
  assert.deepEqual([priced.lines[0]?.unit_cost, priced.currency], ["1.25", "EUR"]);
});

test("what is missing stays expected, and an undone reception counts for nothing", () => {
  const event = (action: string, entity: string, quantity: string, undoes?: string): ReceivedEvent =>
    ({ action, entity_id: entity, payload: { lines: [{ product: "TEA", quantity }], ...(undoes ? { undoes } : {}) } }) as unknown as ReceivedEvent;
  const log = [event("GOODS_RETURNED", "r-1", "5", "r-1"), event("GOODS_RECEIVED", "r-2", "7"), event("GOODS_RECEIVED", "r-1", "5")];
  const left = remainder(ORDER, receivedSoFar(log, undoneBy(log)));
  assert.deepEqual(left.map((line) => [line.product, line.quantity]), [["TEA", "5"], ["MINT", "4"]]);
  assert.deepEqual(remainder(ORDER, new Map([["TEA", "12"], ["MINT", "4.5"]])), []);
});

test("quantities of packs and typed quantities are exact", () => {
  assert.deepEqual([times("3", "12"), times("0.5", "0.3"), times("2", "1.25")], ["36", "0.15", "2.5"]);
  assert.deepEqual(["", "0", "1 234,5", "-1", "x"].map(quantityOrZero), ["0", "0", "1234.5", undefined, undefined]);
});

test("the provisional number is that of the invoice's id: a retry on another day is the same event", () => {
  const id = uuid7(new Date("2026-11-30T12:00:00").getTime());
  assert.match(provisionalReference(id), /^PROV-20261130-[0-9A-F]{4}$/);
  assert.equal(provisionalReference(id), provisionalReference(id));
});

test("two people's changes of a client are put together, and only what both changed is a choice", () => {
  const form = (fields: Partial<ClientForm>): ClientForm => ({ ...formOf(undefined), name: "A", city: "Brest", ...fields });
  const [before, mine, theirs] = [form({}), form({ city: "Quimper", phone: "1" }), form({ city: "Lorient", email: "a@b" })];
  assert.deepEqual(clashes(before, mine, theirs), [{ name: "city", mine: "Quimper", theirs: "Lorient" }]);
  assert.deepEqual(merged(before, mine, theirs), form({ city: "Lorient", phone: "1", email: "a@b" }));
  assert.deepEqual(edits(before, form({ city: "", note: " x " })), { city: null, note: "x" });
});

test("stock is called low, sold out or below zero by central's figure alone", () => {
  const row = (quantity: string | null, sold = "0", received = "0"): StockRow =>
    ({ quantity, waiting: { lines: 1, sold, received, refunded: "0", returned: "0", written_off: "0" } }) as unknown as StockRow;
  assert.deepEqual(["-1", "0", "5", "5.1", null].map((quantity) => levelOf(row(quantity, "99"), undefined)), ["below", "none", "low", "enough", "unknown"]);
  assert.equal(waitingQuantity(row("1", "3", "1")), "-2");
  assert.equal(waitingQuantity(row("1", "0", "1.5")), "1.5");
});
