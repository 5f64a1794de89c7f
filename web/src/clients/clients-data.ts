import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call, type Problem } from "../lib/client";
import { live } from "../lib/stream";
import type { ClientRow } from "./client";

export const clients = signal<ClientRow[] | undefined>(undefined);
export const clientsProblem = signal<Problem | undefined>(undefined);

let tag = "";

async function readClients(): Promise<void> {
  const rows: ClientRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await call("get", "/api/v1/clients", { query: cursor ? { limit: 1_000, cursor } : { limit: 1_000 } });
    if (!page.ok) {
      clientsProblem.value = page.problem;
      return;
    }
    if (!cursor) {
      if (page.etag !== null && page.etag === tag && clients.value) return;
      tag = page.etag ?? "";
    }
    rows.push(...page.data.rows);
    cursor = page.data.next_cursor ?? undefined;
  } while (cursor);
  clientsProblem.value = undefined;
  clients.value = rows;
}

/** Keeps the clients as the node has them, while a screen shows them. */
export function useClients(): void {
  const { marks, sync, reached } = live.value;
  useEffect(() => {
    if (reached === false) return;
    const timer = setTimeout(() => void readClients(), clients.value ? 300 : 0);
    return () => clearTimeout(timer);
  }, [marks?.durable, marks?.acked, sync?.rows, reached]);
}
