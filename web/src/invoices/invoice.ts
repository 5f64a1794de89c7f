// An invoice while it is written, as values. It is a cart with a client and a day; the node numbers it provisionally, central for good.
import type { Schemas } from "../lib/client";
import { emptyCart, lineMinor, totalMinor, type Cart } from "../till/cart";

export type InvoiceRow = Schemas["NodeInvoiceRow"];

export interface InvoiceDraft {
  cart: Cart;
  client?: { id: string; name: string };
  /** `YYYY-MM-DD`, or empty. */
  dueOn: string;
}

export interface InvoicedLine {
  product: string;
  description?: string;
  quantity: string;
  unit_price: string;
  discount_minor?: number;
  vat_rate?: string;
}
export interface InvoicePayload {
  client: string;
  currency: string;
  total_minor: number;
  lines: InvoicedLine[];
  due_on?: string;
  price_basis?: "gross" | "net";
  provisional_reference?: string;
}
export type InvoiceEvent = Omit<Schemas["Event"], "payload"> & { payload: InvoicePayload };

export function newDraft(currency: string): InvoiceDraft {
  return { cart: emptyCart(currency), dueOn: "" };
}

/** What is printed until central gives the number: the day when the invoice was begun, which its id says, and four characters of
    that id. The same at each attempt, so that a retry is the same event. */
export function provisionalReference(id: string): string {
  const begun = new Date(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `PROV-${begun.getFullYear()}${two(begun.getMonth() + 1)}${two(begun.getDate())}-${id.slice(-4).toUpperCase()}`;
}

export function isComplete({ cart, client }: InvoiceDraft): boolean {
  return client !== undefined && cart.lines.length > 0 && cart.lines.every((line) => lineMinor(line, cart.currency) >= 0);
}

/** The body of `POST /api/v1/invoices`. */
export function invoiceBody(draft: InvoiceDraft): Record<string, unknown> {
  const { cart, client, dueOn } = draft;
  return {
    id: cart.id,
    client: client!.id,
    currency: cart.currency,
    total_minor: totalMinor(cart),
    ...(dueOn ? { due_on: dueOn } : {}),
    provisional_reference: provisionalReference(cart.id),
    lines: cart.lines.map((line) => ({
      product: line.product,
      description: line.name.slice(0, 200),
      quantity: line.quantity,
      unit_price: line.unitPrice,
      ...(line.discountMinor > 0 ? { discount_minor: line.discountMinor } : {}),
      ...(line.vatRate ? { vat_rate: line.vatRate } : {}),
    })),
  };
}

/** Whether central has numbered it. */
export function isOfficial(row: InvoiceRow): boolean {
  return row.version > 0 && row.reference !== "";
}

/** Newest first: what waits here, then by central's order. */
export function newestFirst(rows: readonly InvoiceRow[]): InvoiceRow[] {
  return [...rows].sort((one, other) => (isOfficial(one) === isOfficial(other) ? other.version - one.version || other.id.localeCompare(one.id) : isOfficial(one) ? 1 : -1));
}
