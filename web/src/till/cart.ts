// What is being sold, as values: every change makes a new cart, so that it can be shown, kept and compared.
import { addQuantities, amountOf, share, taxInside } from "../lib/decimal";
import { uuid7 } from "../lib/ids";
import type { Schemas } from "../lib/client";
import type { Product } from "./catalogue";

export interface Line {
  key: string;
  product: string;
  name: string;
  /** A decimal. */
  quantity: string;
  /** A decimal, tax included. A sale keeps the price that it was begun with. */
  unitPrice: string;
  vatRate: string | undefined;
  discountMinor: number;
  /** Where a person changed the price: the product's own, and why. */
  listPrice?: string;
  priceReason?: string;
}

export interface Cart {
  /** The id of the sale's event: a retry after a lost answer is the same sale. */
  id: string;
  currency: string;
  lines: Line[];
  /** Whether somebody practises: it becomes no sale. */
  isTraining?: boolean;
  /** Set while the sale is on its way to the node: from then on nothing changes any more. */
  sent?: Payment[];
}

export interface Payment {
  method: Method;
  amountMinor: number;
}

export type Method = "cash" | "card" | "cheque" | "account";

export function emptyCart(currency: string): Cart {
  return { id: uuid7(), currency, lines: [] };
}

/** One more of a product: a line that has it grows, unless it has a discount or another price. */
export function add(cart: Cart, product: Product, quantity: string): Cart {
  const unitPrice = product.price ?? "0";
  const same = cart.lines.find((line) => line.product === product.id && line.unitPrice === unitPrice && line.discountMinor === 0 && !line.priceReason);
  if (same) return change(cart, same.key, { quantity: addQuantities(same.quantity, quantity) });
  const line = { key: uuid7(), product: product.id, name: product.name, quantity, unitPrice, vatRate: product.vatRate, discountMinor: 0 };
  const currency = cart.lines.length === 0 ? (product.currency ?? cart.currency) : cart.currency;
  return { ...cart, currency, lines: [...cart.lines, line] };
}

export function change(cart: Cart, key: string, fields: Partial<Line>): Cart {
  return { ...cart, lines: cart.lines.map((line) => (line.key === key ? { ...line, ...fields } : line)) };
}

export function remove(cart: Cart, key: string): Cart {
  return { ...cart, lines: cart.lines.filter((line) => line.key !== key) };
}

export function lineMinor(line: Line, currency: string): number {
  return amountOf(line.quantity, line.unitPrice, currency) - line.discountMinor;
}

export function totalMinor(cart: Cart): number {
  return cart.lines.reduce((sum, line) => sum + lineMinor(line, cart.currency), 0);
}

/** The tax inside the total, for each rate in the cart. */
export function taxes(lines: { amountMinor: number; vatRate: string | undefined }[]): { rate: string; minor: number }[] {
  const byRate = new Map<string, number>();
  for (const { vatRate, amountMinor } of lines) {
    if (vatRate) byRate.set(vatRate, (byRate.get(vatRate) ?? 0) + amountMinor);
  }
  return [...byRate].map(([rate, gross]) => ({ rate, minor: taxInside(gross, rate) })).sort((a, b) => Number(b.rate) - Number(a.rate));
}

/** What was given back is a negative payment, so that the payments add up to the total. */
export function settled(total: number, payments: Payment[]): Payment[] {
  const paid = payments.reduce((sum, payment) => sum + payment.amountMinor, 0);
  return paid > total ? [...payments, { method: "cash", amountMinor: total - paid }] : payments;
}

type SaleBody = Record<string, unknown>;

/** The body of `POST /api/v1/sales`. */
export function saleBody(cart: Cart, payments: Payment[]): SaleBody {
  return {
    id: cart.id,
    ...(cart.lines.some((line) => line.priceReason) ? { schema_version: 2 } : {}),
    currency: cart.currency,
    total_minor: totalMinor(cart),
    lines: cart.lines.map((line) => ({
      product: line.product,
      description: line.name.slice(0, 200),
      quantity: line.quantity,
      unit_price: line.unitPrice,
      ...(line.discountMinor > 0 ? { discount_minor: line.discountMinor } : {}),
      ...(line.vatRate ? { vat_rate: line.vatRate } : {}),
      ...(line.priceReason ? { price_reason: line.priceReason, ...(line.listPrice ? { list_price: line.listPrice } : {}) } : {}),
    })),
    payments: payments.map(({ method, amountMinor }) => ({ method, amount_minor: amountMinor })),
  };
}

/** The body of `POST /api/v1/events` for a cart of somebody who practises. */
export function trainingBody(cart: Cart, payments: Payment[]): SaleBody {
  const lines = cart.lines.map(({ priceReason: _, listPrice: __, ...line }) => line);
  const { id, ...payload } = saleBody({ ...cart, lines }, payments);
  return { id, entity_type: "TRAINING", entity_id: id, action: "TRAINING_SALE_RECORDED", payload };
}

/** A sale or refund as the log has it. */
export interface SoldLine {
  product: string;
  description?: string;
  quantity: string;
  unit_price: string;
  discount_minor?: number;
  vat_rate?: string;
  list_price?: string;
  price_reason?: string;
}
export interface SoldPayload {
  currency: string;
  total_minor: number;
  lines: SoldLine[];
  payments?: { method: string; amount_minor: number }[];
  original?: string;
  reason?: string;
}
export type SoldEvent = Omit<Schemas["Event"], "payload"> & { payload: SoldPayload };

export function soldMinor(line: SoldLine, currency: string): number {
  return amountOf(line.quantity, line.unit_price, currency) - (line.discount_minor ?? 0);
}

/** A line of a refund: its part of the discount, so that all parts together give back the whole one. */
export function refundLine(sold: SoldLine, before: string, quantity: string): SoldLine {
  const { description, vat_rate, product, unit_price } = sold;
  const discount = sold.discount_minor ?? 0;
  const part = share(discount, addQuantities(before, quantity), sold.quantity) - share(discount, before, sold.quantity);
  return {
    product,
    quantity,
    unit_price,
    ...(description ? { description } : {}),
    ...(part > 0 ? { discount_minor: part } : {}),
    ...(vat_rate ? { vat_rate } : {}),
  };
}
