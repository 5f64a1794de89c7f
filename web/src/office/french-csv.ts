// A table that a French spreadsheet opens by a double click: semicolons, decimal commas, and a mark that says UTF-8.
import { call, save, type Schemas } from "./api";
import { siteName } from "./session";

const PAGE = 10_000;
const COLUMNS = ["key", "currency", "amount", "sales", "refunds", "write_offs", "adjustments", "lines", "quantity"] as const;
const DECIMALS: readonly string[] = ["amount", "quantity"];

/** One value: a decimal with its comma; a text in quotes where it needs them, and never read as a formula. */
export function frenchValue(value: string | number | null, isDecimal: boolean): string {
  if (value === null) return "";
  if (typeof value === "number" || isDecimal) return String(value).replace(".", ",");
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function frenchTable(rows: Schemas["SalesRow"][], keyOf: (key: string) => string): string {
  const line = (row: Schemas["SalesRow"]): string =>
    COLUMNS.map((column) => (column === "key" && row.key !== null ? frenchValue(keyOf(row.key), false) : frenchValue(row[column], DECIMALS.includes(column)))).join(";");
  return `\ufeff${[COLUMNS.join(";"), ...rows.map(line)].join("\r\n")}\r\n`;
}

/** Every row of the report, in one file. Pages are read as of the first one's position, so that they fit together. */
export async function downloadFrench(query: Record<string, string | undefined>, name: string): Promise<boolean> {
  const rows: Schemas["SalesRow"][] = [];
  let cursor: string | undefined;
  let asOf = query["as_of"];
  do {
    const answer = await call("get", "/api/v1/reports/sales", { query: { ...query, as_of: asOf, cursor, limit: PAGE } as never });
    if (!answer.ok) return false;
    rows.push(...answer.data.rows);
    asOf ??= String(answer.data.complete_through);
    cursor = answer.data.next_cursor;
  } while (cursor);
  save(new Blob([frenchTable(rows, query["by"] === "site" ? siteName : (key) => key)], { type: "text/csv;charset=utf-8" }), name);
  return true;
}
