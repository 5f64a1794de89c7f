// The node's products in memory, and the search over them. Ten thousand are searched at every key: the texts are prepared once.
import { signal } from "@preact/signals";
import { price as parsePrice, quantity as parseQuantity } from "../lib/decimal";
import { call, type Schemas } from "../lib/client";

export interface Product {
  id: string;
  name: string;
  /** A decimal; absent where head office gave none. */
  price: string | undefined;
  currency: string | undefined;
  vatRate: string | undefined;
  category: string | undefined;
  eans: string[];
  /** Codes of packs, each with how many are in one. */
  packs: { code: string; quantity: string }[];
  /** From this quantity on the screens call stock low. */
  lowStock: string | undefined;
  version: number;
}

export interface Indexed {
  product: Product;
  /** Code and EANs, as typed, in lower case. */
  codes: string[];
  /** All words, without accents. */
  text: string;
}

type Row = Schemas["NodeEntityRow"];

const PAGE = 1_000;
/** Results that a person looks at. */
const SHOWN = 60;

export const products = signal<Indexed[]>([]);
/** Whether the whole list is here. */
export const isComplete = signal(false);
/** Products whose price changed while the till was open, with the version in force. */
export const changedPrices = signal(0);

let byCode = new Map<string, Product>();
let byPack = new Map<string, { product: Product; quantity: string }>();
let tag = "";

/** Without accents and in lower case: "Café" is found by "cafe". */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();
}

function text(fields: Record<string, unknown>, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

export function productOf(row: Row): Product {
  const fields = row.fields as Record<string, unknown>;
  const eans = [fields["ean"], fields["eans"], fields["barcode"]].flat().filter((ean) => ean != null).map(String);
  return {
    id: row.id,
    name: text(fields, "name") ?? row.id,
    price: parsePrice(text(fields, "price") ?? ""),
    currency: text(fields, "currency"),
    vatRate: text(fields, "vat_rate"),
    category: text(fields, "category"),
    eans,
    packs: packsOf(fields["packs"]),
    lowStock: text(fields, "low_stock"),
    version: row.version,
  };
}

function packsOf(value: unknown): Product["packs"] {
  const list = Array.isArray(value) ? (value as { code?: unknown; quantity?: unknown }[]) : [];
  return list.flatMap((pack) => {
    const quantity = parseQuantity(String(pack?.quantity ?? ""));
    return quantity && pack.code ? [{ code: String(pack.code), quantity }] : [];
  });
}

export function index(list: Product[]): Indexed[] {
  return list.map((product) => ({
    product,
    codes: [product.id, ...product.eans].map((code) => code.toLowerCase()),
    text: plain([product.name, product.id, ...product.eans].join(" ")),
  }));
}

/** Reads the list again; the node answers 304 where nothing changed. */
export async function load(): Promise<boolean> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const query: { limit: number; cursor?: string } = cursor ? { limit: PAGE, cursor } : { limit: PAGE };
    const page = await call("get", "/api/v1/products", { query });
    if (!page.ok) return false;
    if (!cursor) {
      // The first page's tag is of the whole list.
      if (page.etag !== null && page.etag === tag && isComplete.value) return true;
      tag = page.etag ?? "";
    }
    rows.push(...page.data.rows);
    cursor = page.data.next_cursor ?? undefined;
    // The first page can be sold from while the rest arrives.
    if (!isComplete.value) replace(rows);
  } while (cursor);
  replace(rows);
  isComplete.value = true;
  return true;
}

function replace(rows: Row[]): void {
  const list = rows.filter((row) => !row.deleted).map(productOf);
  const before = byCode;
  if (isComplete.value) {
    const changed = list.filter((product) => {
      const old = before.get(product.id.toLowerCase());
      return old !== undefined && old.price !== product.price;
    });
    if (changed.length > 0) changedPrices.value = changed.length;
  }
  use(list);
}

/** Sells from this list. */
export function use(list: Product[]): void {
  const indexed = index(list);
  byCode = new Map(indexed.flatMap(({ product, codes }) => codes.map((code) => [code, product] as const)));
  byPack = new Map(list.flatMap((product) => product.packs.map(({ code, quantity }) => [code.toLowerCase(), { product, quantity }] as const)));
  products.value = indexed;
}

/** The product of a pack's code, and how many are in a pack. */
export function byPackCode(typed: string): { product: Product; quantity: string } | undefined {
  return byPack.get(typed.trim().toLowerCase());
}

/** The product with exactly this code or EAN. */
export function byExactCode(typed: string): Product | undefined {
  return byCode.get(typed.trim().toLowerCase());
}

/** Products that have every typed word: exact codes first, then codes and names that begin so, then the others. */
export function search(list: Indexed[], typed: string, shown: number = SHOWN): Product[] {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  if (words.length === 0) return list.slice(0, shown).map(({ product }) => product);
  const whole = words.join(" ");
  const ranks: Product[][] = [[], [], [], []];
  for (const { product, codes, text } of list) {
    if (!words.every((word) => text.includes(word))) continue;
    const rank = codes.includes(whole) ? 0 : codes.some((code) => code.startsWith(whole)) ? 1 : text.startsWith(whole) ? 2 : 3;
    if (ranks[rank]!.length < shown) ranks[rank]!.push(product);
  }
  return ranks.flat().slice(0, shown);
}
