// What a stock row says in words. Nothing here computes stock: central does.
import type { Product } from "../till/catalogue";
import type { Schemas } from "./client";
import { addQuantities, compareQuantities } from "./decimal";

export type StockRow = Schemas["NodeStockRow"];

/** What waits here, as one signed quantity: what came in less what went out. */
export function waitingQuantity({ waiting }: StockRow): string {
  const came = addQuantities(waiting.received, waiting.refunded);
  const went = addQuantities(addQuantities(waiting.sold, waiting.returned), waiting.written_off);
  return addQuantities(came, went.startsWith("-") ? went.slice(1) : `-${went}`);
}

/** From this quantity on stock is called low, where a product names no other. */
const LOW = "5";

export type Level = "unknown" | "below" | "none" | "low" | "enough";

export function levelOf(row: StockRow | undefined, product: Product | undefined): Level {
  if (!row || row.quantity == null) return "unknown";
  const toZero = compareQuantities(row.quantity, "0");
  if (toZero < 0) return "below";
  if (toZero === 0) return "none";
  return compareQuantities(row.quantity, product?.lowStock ?? LOW) <= 0 ? "low" : "enough";
}
