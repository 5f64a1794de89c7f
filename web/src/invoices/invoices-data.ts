import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, type Problem } from "../lib/client";
import { live } from "../lib/stream";
import type { InvoiceRow } from "./invoice";

export const invoices = signal<InvoiceRow[] | undefined>(undefined);
export const invoicesProblem = signal<Problem | undefined>(undefined);

let tag = "";

async function readInvoices(): Promise<void> {
  const rows: InvoiceRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await call("get", "/api/v1/invoices", { query: cursor ? { limit: 1_000, cursor } : { limit: 1_000 } });
    if (!page.ok) {
      invoicesProblem.value = page.problem;
      return;
    }
    if (!cursor) {
      if (page.etag !== null && page.etag === tag && invoices.value) return;
      tag = page.etag ?? "";
    }
    rows.push(...page.data.rows);
    cursor = page.data.next_cursor ?? undefined;
  } while (cursor);
  invoicesProblem.value = undefined;
  invoices.value = rows;
}

/** Keeps the invoices as the node has them, while a screen shows them. */
export function useInvoices(): void {
  const { marks, sync, reached } = live.value;
  useEffect(() => {
    if (reached === false) return;
    const timer = setTimeout(() => void readInvoices(), invoices.value ? 300 : 0);
    return () => clearTimeout(timer);
  }, [marks?.durable, marks?.acked, sync?.rows, reached]);
}
