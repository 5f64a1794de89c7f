// What several screens read of the shop: products by their ids, and stock as the node knows it.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { load, products, type Product } from "../till/catalogue";
import { call } from "./client";
import { clock, decimal, moment, t } from "./i18n";
import { waitingQuantity, type StockRow } from "./stock-level";
import { live } from "./stream";

export const stock = signal<Map<string, StockRow>>(new Map());
/** Whether the whole list is here. */
export const isStockRead = signal(false);

const PAGE = 1_000;
/** Changes come in bursts. */
const SETTLED = 1_000;

let tag = "";

/** Reads stock again; a node whose first page did not change has nothing new. */
async function readStock(): Promise<void> {
  const rows = new Map<string, StockRow>();
  let cursor: string | undefined;
  do {
    const page = await call("get", "/api/v1/stock", { query: cursor ? { limit: PAGE, cursor } : { limit: PAGE } });
    if (!page.ok) return;
    if (!cursor) {
      if (page.etag !== null && page.etag === tag && isStockRead.value) return;
      tag = page.etag ?? "";
    }
    for (const row of page.data.rows) rows.set(row.product, merged(rows.get(row.product), row));
    cursor = page.data.next_cursor ?? undefined;
  } while (cursor);
  stock.value = rows;
  isStockRead.value = true;
}

/** A product may have stock of the shop and of the company: the shop's is shown. */
function merged(before: StockRow | undefined, row: StockRow): StockRow {
  return before && before.site !== null ? before : row;
}

/** Keeps products and stock as the node has them, while a screen shows them. */
export function useShopData(what: { stock: boolean }): void {
  const rows = live.value.sync?.rows;
  const { durable, acked } = live.value.marks ?? {};
  const reached = live.value.reached;
  useEffect(() => {
    if (reached === false) return;
    const timer = setTimeout(() => void load(), products.value.length > 0 ? SETTLED : 0);
    return () => clearTimeout(timer);
  }, [rows, reached]);
  useEffect(() => {
    if (!what.stock || reached === false) return;
    const timer = setTimeout(() => void readStock(), isStockRead.value ? SETTLED : 0);
    return () => clearTimeout(timer);
  }, [rows, durable, acked, reached]);
}

export function productById(id: string): Product | undefined {
  return products.value.find(({ product }) => product.id === id)?.product;
}

/** "12 (known at 14:05, 3 waiting)". Central's figure and what waits are never added up: nobody knows whether central has them. */
export function stockText(row: StockRow | undefined): string {
  if (!row || row.quantity == null) return row && row.waiting.lines > 0 ? t("stock-only-waiting", { waiting: signed(waitingQuantity(row)) }) : t("stock-unknown");
  const values = { quantity: decimal(row.quantity), at: row.known_at ? knownAt(row.known_at) : "?" };
  return row.waiting.lines > 0 ? t("stock-fact-waiting", { ...values, waiting: signed(waitingQuantity(row)) }) : t("stock-fact", values);
}

/** The time alone today, else the day too. */
export function knownAt(instant: string): string {
  return new Date(instant).toDateString() === new Date().toDateString() ? clock(instant) : moment(instant);
}

export function signed(quantity: string): string {
  return quantity.startsWith("-") ? `−${decimal(quantity.slice(1))}` : `+${decimal(quantity)}`;
}
