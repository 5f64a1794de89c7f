// A stop of a driver: a delivery as central knows it, with what its note asks for, and what this screen knows of its validation.
// No rules: who was first is decided by central, what a person has to give is set by head office.
import { compareQuantities, scaled, unscaled } from "../lib/decimal";

/** What head office may ask a driver for. Without any, one button validates. */
export const PROOFS = ["qr", "name", "signature", "photo", "position"] as const;
export type Proof = (typeof PROOFS)[number];

export interface StopLine {
  product: string;
  name: string;
  quantity: string;
}

export interface Validation {
  eventId: string;
  by: string | undefined;
  at: string | undefined;
  place: string | undefined;
}

/** What became of the validation that was made here. */
export type Own = "waiting" | "confirmed" | "outdone" | "review";

export interface Stop {
  id: string;
  reference: string;
  client: string;
  qr: string | undefined;
  assignedTo: string | undefined;
  validation: Validation | undefined;
  own: Own | undefined;
  address: string | undefined;
  date: string | undefined;
  rank: number | undefined;
  site: string | undefined;
  cancelled: boolean;
  comment: string | undefined;
  lines: StopLine[];
  proofs: Proof[];
}

/** A delivery in the names of either API. */
export interface DeliveryFacts {
  id: string;
  reference: string | null | undefined;
  client: string | null | undefined;
  qr: string | null | undefined;
  assignedTo: string | null | undefined;
  validation: { event_id: string; user?: string | null; at?: string | null; place?: string | null } | null | undefined;
  own: Own | undefined;
}

type Fields = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : undefined);

/** What head office asks for: the note's own list, else the company's. */
export function proofsOf(note: Fields | undefined, setting: Fields | undefined): Proof[] {
  const list = note?.["proofs"] ?? setting?.["proofs"];
  return Array.isArray(list) ? PROOFS.filter((proof) => list.includes(proof)) : [];
}

function linesOf(note: Fields | undefined): StopLine[] {
  const list = note?.["lines"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((line: Fields | null) => {
    const product = text(line?.["product"]);
    const quantity = text(String(line?.["quantity"] ?? ""));
    return product && quantity && scaled(quantity, 4) !== undefined ? [{ product, quantity, name: text(line?.["name"]) ?? product }] : [];
  });
}

export function stopOf(delivery: DeliveryFacts, note: Fields | undefined, setting: Fields | undefined): Stop {
  const first = delivery.validation;
  const rank = note?.["stop"];
  return {
    id: delivery.id,
    reference: delivery.reference || delivery.id,
    client: delivery.client || "",
    qr: delivery.qr || undefined,
    assignedTo: delivery.assignedTo || undefined,
    validation: first ? { eventId: first.event_id, by: first.user ?? undefined, at: first.at ?? undefined, place: first.place ?? undefined } : undefined,
    own: delivery.own,
    address: text(note?.["address"]),
    date: text(note?.["date"]),
    rank: typeof rank === "number" ? rank : undefined,
    site: text(note?.["site"]),
    cancelled: note?.["cancelled"] === true,
    comment: text(note?.["comment"]),
    lines: linesOf(note),
    proofs: proofsOf(note, setting),
  };
}

/** The day of a moment, as the notes write it: 2026-03-05. */
export function dayOf(moment: Date): string {
  const pad = (number: number): string => String(number).padStart(2, "0");
  return `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())}`;
}

export interface Round {
  todo: Stop[];
  later: Stop[];
  done: Stop[];
}

/** The stops of a day in the order of the tour. What is overdue is of today; what was validated on another day is left out. */
export function round(stops: Stop[], now: Date): Round {
  const today = dayOf(now);
  const order = (one: Stop, other: Stop): number =>
    (one.date ?? today).localeCompare(other.date ?? today) || (one.rank ?? 1e6) - (other.rank ?? 1e6) || one.reference.localeCompare(other.reference);
  const isDone = (stop: Stop): boolean => stop.validation !== undefined || stop.own !== undefined;
  const open = stops.filter((stop) => !isDone(stop)).sort(order);
  const done = stops.filter((stop) => isDone(stop) && (stop.own === "waiting" || !stop.validation?.at || dayOf(new Date(stop.validation.at)) === today));
  return {
    todo: open.filter((stop) => (stop.date ?? today) <= today),
    later: open.filter((stop) => (stop.date ?? today) > today),
    done: done.sort((one, other) => (other.validation?.at ?? "").localeCompare(one.validation?.at ?? "")),
  };
}

const plain = (code: string): string => code.replace(/[\s-]/g, "").toLowerCase();
/** How many characters of a code are printed under it for people. */
export const SHORT_CODE = 6;

/** The stop of a code. A scanned one fits whole; a typed one may be the printed number, the code, or its last six characters. */
export function byCode(stops: Stop[], code: string, how: "scanned" | "typed"): Stop | undefined {
  const exact = stops.find((stop) => stop.qr === code);
  if (exact || how === "scanned") return exact;
  const typed = plain(code);
  if (!typed) return undefined;
  const whole = stops.find((stop) => plain(stop.reference) === typed || (stop.qr && plain(stop.qr) === typed));
  if (whole || typed.length < SHORT_CODE) return whole;
  const ending = stops.filter((stop) => stop.qr && plain(stop.qr).endsWith(typed));
  return ending.length === 1 ? ending[0] : undefined;
}

export interface Me {
  user: string | undefined;
  site: string | undefined;
}

/** Why a stop cannot be validated as it is, the hardest reason first. */
export type Refusal = "validated" | "cancelled" | "other-site" | "other-driver";

export function refusal(stop: Stop, me: Me): Refusal | undefined {
  if (stop.validation || stop.own) return "validated";
  if (stop.cancelled) return "cancelled";
  if (stop.site && me.site && stop.site !== me.site) return "other-site";
  if (stop.assignedTo && me.user && stop.assignedTo !== me.user) return "other-driver";
  return undefined;
}

export type LineState = "delivered" | "refused" | "damaged" | "missing";

export interface LineEntry {
  state: LineState;
  /** How much of the line is not delivered. */
  quantity: string;
  reason: string;
}

/** What a person gives at the door. */
export interface Entry {
  code: { text: string; how: "scanned" | "typed" } | undefined;
  receivedBy: string;
  signature: Blob | undefined;
  photo: Blob | undefined;
  position: { latitude: string; longitude: string } | undefined;
  lines: LineEntry[];
  comment: string;
}

export function emptyEntry(stop: Stop): Entry {
  const lines = stop.lines.map((line): LineEntry => ({ state: "delivered", quantity: line.quantity, reason: "" }));
  return { code: undefined, receivedBy: "", signature: undefined, photo: undefined, position: undefined, lines, comment: "" };
}

/** Whether what is not delivered of a line is more than nothing, at most the line, and has a reason. */
export function lineError(line: StopLine, entry: LineEntry): "quantity" | "reason" | undefined {
  if (entry.state === "delivered") return undefined;
  const part = scaled(entry.quantity, 4);
  if (part === undefined || part <= 0n || compareQuantities(entry.quantity, line.quantity) > 0) return "quantity";
  return entry.reason.trim() ? undefined : "reason";
}

/** What head office asks for and is not there yet. */
export function missingProofs(stop: Stop, entry: Entry): Proof[] {
  const has: Record<Proof, boolean> = {
    qr: entry.code !== undefined,
    name: entry.receivedBy.trim() !== "",
    signature: entry.signature !== undefined,
    photo: entry.photo !== undefined,
    position: entry.position !== undefined,
  };
  return stop.proofs.filter((proof) => !has[proof]);
}

export interface FileNames {
  signature: string | undefined;
  photo: string | undefined;
}

/** The event's payload: a row of the mobile document's validations. Where no code was read, `code_entry` says so. */
export function payloadOf(stop: Stop, entry: Entry, files: FileNames, now: Date): Record<string, unknown> {
  const lines = stop.lines.map((line, at) => {
    const { state, quantity, reason } = entry.lines[at]!;
    const part = (text: string): bigint => scaled(text, 4) ?? 0n;
    const delivered = state === "delivered" ? line.quantity : unscaled(part(line.quantity) - part(quantity), 4);
    return { product: line.product, quantity: line.quantity, delivered, ...(state === "delivered" ? {} : { [state]: unscaled(part(quantity), 4), reason: reason.trim() }) };
  });
  const missing = missingProofs(stop, entry);
  return {
    delivery_id: stop.id,
    qr_scanned: entry.code?.how === "scanned" ? entry.code.text : (stop.qr ?? ""),
    code_entry: entry.code?.how ?? "none",
    validated_at: now.toISOString(),
    latitude: entry.position?.latitude ?? null,
    longitude: entry.position?.longitude ?? null,
    signature_hash: files.signature ?? null,
    photo_hash: files.photo ?? null,
    ...(entry.receivedBy.trim() ? { received_by: entry.receivedBy.trim() } : {}),
    ...(lines.length > 0 ? { lines } : {}),
    ...(missing.length > 0 ? { missing_proofs: missing } : {}),
    ...(entry.comment.trim() ? { comment: entry.comment.trim() } : {}),
  };
}

/** Whether everything was handed over. */
export function isWhole(entry: Entry): boolean {
  return entry.lines.every((line) => line.state === "delivered");
}
