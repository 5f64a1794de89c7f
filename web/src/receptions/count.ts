// Counting goods, as values: every scan makes a new count, so that it can be shown, saved and compared.
import type { Product } from "../till/catalogue";
import type { Schemas } from "../lib/client";
import { addQuantities, compareQuantities, price as parsePrice, quantity as parseQuantity, scaled, unscaled } from "../lib/decimal";
import { uuid7 } from "../lib/ids";

export interface CountLine {
  key: string;
  product: string;
  name: string;
  /** What is still to come by the order; absent for goods that are not on it. */
  expected?: string;
  counted: string;
  /** Came damaged and is not taken. */
  damaged: string;
  reason: string;
  lot: string;
  /** As typed; only by those who may see costs. */
  unitCost: string;
  /** A person said that the surplus is kept. */
  surplusKept?: boolean;
}

export interface Count {
  /** The id of the reception's event: a retry after a lost answer is the same reception. */
  id: string;
  order?: string;
  orderName?: string;
  supplier: string;
  /** Number of the delivery note. */
  reference: string;
  currency?: string;
  /** Whether what is expected is hidden until everything is counted. */
  blind: boolean;
  lines: CountLine[];
}

export type Difference = { kind: "damaged" | "missing" | "surplus" | "unexpected"; line: CountLine; quantity: string };

type OrderRow = Schemas["NodeEntityRow"];

export interface OrderLine {
  product: string;
  description: string;
  quantity: string;
  unitCost: string;
}

/** A purchase order as head office wrote it; what does not read is left out. */
export interface Order {
  id: string;
  name: string;
  supplier: string;
  expectedOn: string | undefined;
  currency: string | undefined;
  lines: OrderLine[];
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function orderOf(row: OrderRow): Order {
  const fields = row.fields as Record<string, unknown>;
  const lines = Array.isArray(fields["lines"]) ? (fields["lines"] as Record<string, unknown>[]) : [];
  return {
    id: row.id,
    name: textOf(fields["reference"]) || row.id,
    supplier: textOf(fields["supplier"]),
    expectedOn: textOf(fields["expected_on"]) || undefined,
    currency: /^[A-Z]{3}$/.test(textOf(fields["currency"])) ? textOf(fields["currency"]) : undefined,
    lines: lines.flatMap((line) => {
      const [product, quantity] = [textOf(line?.["product"]), parseQuantity(textOf(line?.["quantity"]))];
      return product && quantity ? [{ product, quantity, description: textOf(line["description"]), unitCost: parsePrice(textOf(line["unit_cost"])) ?? "" }] : [];
    }),
  };
}

/** A reception, or what undid one, as the log has it. */
export interface ReceivedPayload {
  lines: { product: string; quantity: string; lot?: string; unit_cost?: string }[];
  differences?: { product: string; quantity: string; kind: string; reason?: string }[];
  order?: string;
  supplier?: string;
  reference?: string;
  currency?: string;
  blind?: boolean;
  undoes?: string;
  reason?: string;
}
export type ReceivedEvent = Omit<Schemas["Event"], "payload"> & { payload: ReceivedPayload };

/** The event that undid each reception, by the reception's entity id. */
export function undoneBy(events: readonly ReceivedEvent[]): Map<string, ReceivedEvent> {
  return new Map(events.flatMap((event) => (event.payload.undoes ? [[event.payload.undoes, event] as const] : [])));
}

/** How much of each product came already: receptions less those that were undone. */
export function receivedSoFar(events: readonly ReceivedEvent[], undone: ReadonlyMap<string, ReceivedEvent>): Map<string, string> {
  const sums = new Map<string, string>();
  for (const event of events) {
    if (event.action !== "GOODS_RECEIVED" || undone.has(event.entity_id)) continue;
    for (const { product, quantity } of event.payload.lines) sums.set(product, addQuantities(sums.get(product) ?? "0", quantity));
  }
  return sums;
}

/** What is still to come of an order. Two lines of one product are one. */
export function remainder(order: Order, received: ReadonlyMap<string, string>): OrderLine[] {
  const lines = new Map<string, OrderLine>();
  for (const line of order.lines) {
    const before = lines.get(line.product);
    lines.set(line.product, before ? { ...before, quantity: addQuantities(before.quantity, line.quantity) } : line);
  }
  return [...lines.values()]
    .map((line) => ({ ...line, quantity: addQuantities(line.quantity, `-${received.get(line.product) ?? "0"}`) }))
    .filter((line) => compareQuantities(line.quantity, "0") > 0);
}

function lineOf(product: string, name: string, more: Partial<CountLine> = {}): CountLine {
  return { key: uuid7(), product, name, counted: "0", damaged: "0", reason: "", lot: "", unitCost: "", ...more };
}

export function freeCount(): Count {
  return { id: uuid7(), supplier: "", reference: "", blind: false, lines: [] };
}

export function countOf(order: Order, open: readonly OrderLine[], blind: boolean, nameOf: (product: string) => string | undefined): Count {
  return {
    id: uuid7(),
    order: order.id,
    orderName: order.name,
    supplier: order.supplier,
    reference: "",
    ...(order.currency ? { currency: order.currency } : {}),
    blind,
    lines: open.map((line) =>
      lineOf(line.product, nameOf(line.product) ?? (line.description || line.product), { expected: line.quantity, unitCost: line.unitCost }),
    ),
  };
}

export type Scanned =
  | { kind: "counted"; count: Count; line: CountLine }
  /** More than expected for the first time: a person decides once. */
  | { kind: "surplus"; line: CountLine }
  /** Not on the order: a person decides once. */
  | { kind: "unexpected" };

/** Counts goods. The same product accumulates on its line. */
export function scan(count: Count, product: Pick<Product, "id" | "name">, quantity: string): Scanned {
  const line = count.lines.find((one) => one.product === product.id);
  if (!line) return count.order === undefined ? join(count, product, quantity) : { kind: "unexpected" };
  const counted = addQuantities(line.counted, quantity);
  const isSurplus = line.expected !== undefined && compareQuantities(addQuantities(counted, line.damaged), line.expected) > 0;
  // A blind count asks nothing that would show what is expected.
  if (isSurplus && !count.blind && !line.surplusKept) return { kind: "surplus", line };
  return { kind: "counted", ...changed(count, line.key, { counted }) };
}

/** Goods that nobody expected join the count. */
export function join(count: Count, product: Pick<Product, "id" | "name">, quantity: string): Scanned {
  const line = lineOf(product.id, product.name, { counted: quantity });
  return { kind: "counted", count: { ...count, lines: [...count.lines, line] }, line };
}

export function keepSurplus(count: Count, key: string, quantity: string): Scanned {
  const line = count.lines.find((one) => one.key === key)!;
  return { kind: "counted", ...changed(count, key, { counted: addQuantities(line.counted, quantity) }) };
}

export function changed(count: Count, key: string, fields: Partial<CountLine>): { count: Count; line: CountLine } {
  const lines = count.lines.map((line) => (line.key === key ? kept({ ...line, ...fields }) : line));
  return { count: { ...count, lines }, line: lines.find((line) => line.key === key)! };
}

/** Who typed more than expected was asked by the figure itself. */
function kept(line: CountLine): CountLine {
  const isOver = line.expected !== undefined && compareQuantities(addQuantities(line.counted, line.damaged), line.expected) > 0;
  return isOver ? { ...line, surplusKept: true } : line;
}

export function withoutLine(count: Count, key: string): Count {
  return { ...count, lines: count.lines.filter((line) => line.key !== key) };
}

/** Where the count differs from the order, in the order of the lines. */
export function differences(count: Count): Difference[] {
  return count.lines.flatMap((line): Difference[] => {
    const found: Difference[] = [];
    const isThere = compareQuantities(line.counted, "0") > 0;
    const isDamaged = compareQuantities(line.damaged, "0") > 0;
    if (isDamaged) found.push({ kind: "damaged", line, quantity: line.damaged });
    if (count.order === undefined) return found;
    if (line.expected === undefined) return isThere ? [...found, { kind: "unexpected", line, quantity: line.counted }] : found;
    const over = addQuantities(addQuantities(line.counted, line.damaged), `-${line.expected}`);
    const side = compareQuantities(over, "0");
    if (side > 0) found.push({ kind: "surplus", line, quantity: over });
    if (side < 0) found.push({ kind: "missing", line, quantity: over.slice(1) });
    return found;
  });
}

export function hasGoods(count: Count): boolean {
  return count.lines.some((line) => compareQuantities(line.counted, "0") > 0);
}

/** How many of the expected lines are complete. */
export function progressOf(count: Count): { done: number; of: number } {
  const expected = count.lines.filter((line) => line.expected !== undefined);
  const done = expected.filter((line) => compareQuantities(addQuantities(line.counted, line.damaged), line.expected!) >= 0);
  return { done: done.length, of: expected.length };
}

/** The body of `POST /api/v1/receptions`. */
export function receptionBody(count: Count, withCosts: boolean): Record<string, unknown> {
  const received = count.lines.filter((line) => compareQuantities(line.counted, "0") > 0);
  const found = differences(count);
  const costs = withCosts && received.some((line) => parsePrice(line.unitCost) !== undefined);
  return {
    id: count.id,
    schema_version: 2,
    ...(count.order ? { order: count.order, blind: count.blind } : {}),
    ...(count.supplier.trim() ? { supplier: count.supplier.trim() } : {}),
    ...(count.reference.trim() ? { reference: count.reference.trim() } : {}),
    ...(costs && count.currency ? { currency: count.currency } : {}),
    lines: received.map((line) => {
      const cost = withCosts ? parsePrice(line.unitCost) : undefined;
      return { product: line.product, quantity: line.counted, ...(line.lot.trim() ? { lot: line.lot.trim() } : {}), ...(cost !== undefined ? { unit_cost: cost } : {}) };
    }),
    ...(found.length > 0
      ? { differences: found.map(({ kind, line, quantity }) => ({ product: line.product, quantity, kind, ...(line.reason.trim() ? { reason: line.reason.trim() } : {}) })) }
      : {}),
  };
}

/** A quantity as typed; empty is zero, undefined is none. */
export function quantityOrZero(text: string): string | undefined {
  const value = text.trim() === "" ? 0n : scaled(text.replace(/[\s\u00a0\u202f]/g, ""), 4);
  return value === undefined || value < 0n || value >= 10n ** 13n ? undefined : unscaled(value, 4);
}

/** So many packs of so many. */
export function times(packs: string, each: string): string {
  return unscaled(((scaled(packs, 4) ?? 0n) * (scaled(each, 4) ?? 0n)) / 10_000n, 4);
}
