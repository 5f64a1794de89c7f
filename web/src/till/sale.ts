// The states of the till, and what changes them. A sale goes: cart, payments, to the node, receipt. The receipt exists only once
// the node has said that the sale is on disk.
import { computed, effect, signal } from "@preact/signals";
import { ask } from "../session/session-state";
import { call, send, type Problem, type Schemas } from "../lib/client";
import { add, change, emptyCart, remove, saleBody, settled, totalMinor, trainingBody, type Cart, type Line, type Payment } from "./cart";
import type { Product } from "./catalogue";
import { keep } from "./kept-cart";
import { uuid7 } from "../lib/ids";
import { shopCurrency } from "./till-state";

const TRAINING = "comptoir.training";
/** Whether somebody practises in this tab. */
export const training = signal(sessionStorage.getItem(TRAINING) === "on");

function nextCart(): Cart {
  return { ...emptyCart(shopCurrency.value), ...(training.value ? { isTraining: true } : {}) };
}

/** Begins or ends practising; never with something in the cart. */
export function practise(isOn: boolean): void {
  if (cart.value.lines.length > 0 || cart.value.sent) return;
  training.value = isOn;
  sessionStorage.setItem(TRAINING, isOn ? "on" : "off");
  done.value = undefined;
  become(nextCart());
}

export const cart = signal<Cart>(nextCart());
/** The line that keys act on: the last one touched. */
export const selected = signal<string | undefined>(undefined);
/** What the till last did, for the one line that says it aloud. */
export const said = signal<{ id: string; name?: string; quantity?: string } | undefined>(undefined);
export const sending = signal(false);
export const failure = signal<Problem | undefined>(undefined);
export const held = signal<Schemas["SavedForm"][]>([]);
/** The sale that was just recorded; the receipt shows it. */
export const done = signal<{ id: string; givenMinor: number; changeMinor: number } | undefined>(undefined);
export const total = computed(() => totalMinor(cart.value));

function become(next: Cart): void {
  cart.value = next;
  keep(next);
}

export function restore(kept: Cart): void {
  // A cart that was begun while somebody practised stays one.
  if (kept.lines.length > 0) training.value = kept.isTraining === true;
  cart.value = kept.lines.length > 0 ? kept : nextCart();
}

// An empty cart is in the shop's currency as soon as the node has said which that is.
effect(() => {
  const fresh = nextCart();
  const { lines, sent } = cart.peek();
  if (lines.length === 0 && !sent) cart.value = fresh;
});

export function sell(product: Product, quantity = "1"): void {
  if (cart.value.sent) return;
  done.value = undefined;
  failure.value = undefined;
  become(add(cart.value, product, quantity));
  const line = cart.value.lines.find((one) => one.product === product.id && one.unitPrice === (product.price ?? "0"));
  selected.value = line?.key;
  said.value = { id: uuid7(), name: product.name, quantity: line?.quantity ?? quantity };
}

export function edit(key: string, fields: Partial<Line>): void {
  if (!cart.value.sent) become(change(cart.value, key, fields));
}

/** Puts a line in the place of the one with its key. */
export function replace(line: Line): void {
  if (!cart.value.sent) become({ ...cart.value, lines: cart.value.lines.map((one) => (one.key === line.key ? line : one)) });
}

export function drop(key: string): void {
  if (cart.value.sent) return;
  become(remove(cart.value, key));
  selected.value = cart.value.lines[cart.value.lines.length - 1]?.key;
}

export function clear(): void {
  if (cart.value.sent) return;
  become(nextCart());
  selected.value = undefined;
}

/** Sends the sale. The payments are kept first: after a kill in between, the next start sends the same sale again. */
export async function pay(payments: Payment[]): Promise<boolean> {
  if (sending.value || cart.value.lines.length === 0) return false;
  become({ ...cart.value, sent: payments });
  return sendAgain();
}

/** Sends what was paid, once more if need be: the node records an id once. */
export async function sendAgain(): Promise<boolean> {
  const paid = cart.value;
  if (!paid.sent) return false;
  sending.value = true;
  failure.value = undefined;
  const payments = settled(totalMinor(paid), paid.sent);
  const answer = paid.isTraining
    ? await send<Schemas["AppendResponse"]>("post", "/api/v1/events", trainingBody(paid, payments))
    : await send<Schemas["AppendResponse"]>("post", "/api/v1/sales", saleBody(paid, payments));
  sending.value = false;
  if (!answer.ok) {
    failure.value = answer.problem;
    // The session ended or was locked: the next person opens it, and the till sends the same sale again.
    if (answer.problem.status === 401) void ask();
    // A refusal recorded nothing: the cart can be changed again. Without an answer nobody knows, so it must stay as it is.
    if (answer.problem.status >= 400 && answer.problem.status < 500 && ![401, 408, 429].includes(answer.problem.status)) {
      const { sent: _, ...open } = paid;
      become(open);
    }
    return false;
  }
  const given = paid.sent.reduce((sum, payment) => sum + payment.amountMinor, 0);
  done.value = { id: paid.id, givenMinor: given, changeMinor: Math.max(0, given - totalMinor(paid)) };
  selected.value = undefined;
  become(nextCart());
  return true;
}

/** Puts the cart aside at the node, where every till of the shop finds it. */
export async function hold(label: string): Promise<boolean> {
  const { lines, currency, sent } = cart.value;
  if (lines.length === 0 || sent || training.value) return false;
  const id = uuid7();
  const body = { entity_type: "SALE", action: "SALE_RECORDED", held: { label, currency, lines } };
  const saved = await send<Schemas["SavedForm"]>("put", `/api/v1/saved-forms/${id}`, body, { "if-none-match": "*" });
  if (!saved.ok) {
    failure.value = saved.problem;
    return false;
  }
  become(nextCart());
  selected.value = undefined;
  void loadHeld();
  return true;
}

export interface HeldCart {
  label: string;
  currency: string;
  lines: Line[];
}

export function heldCart(form: Schemas["SavedForm"]): HeldCart | undefined {
  const body = form.body as { held?: HeldCart };
  return body.held && Array.isArray(body.held.lines) ? body.held : undefined;
}

export async function loadHeld(): Promise<void> {
  const page = await call("get", "/api/v1/saved-forms", { query: { limit: 1_000 } });
  if (page.ok) held.value = page.data.rows.filter((form) => heldCart(form) !== undefined);
}

/** Takes a cart back. It is kept here before it is removed there; where another till was faster, the copy here is given up. */
export async function recall(form: Schemas["SavedForm"]): Promise<boolean> {
  const taken = heldCart(form);
  if (!taken || cart.value.lines.length > 0) return false;
  become({ id: uuid7(), currency: taken.currency, lines: taken.lines });
  const removed = await send("delete", `/api/v1/saved-forms/${form.id}`, undefined, { "if-match": form.etag });
  if (!removed.ok) {
    failure.value = removed.problem;
    // Without an answer the cart stays: twice in sight is better than not at all.
    if (removed.problem.status > 0) become(nextCart());
  }
  await loadHeld();
  return removed.ok;
}
