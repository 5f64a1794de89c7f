// What is expected and what came, as the node knows them.
import { call, type Problem } from "../lib/client";
import { orderOf, type Order, type ReceivedEvent } from "./count";

/** Each request looks at a bounded part of the log. */
const REQUESTS_MAX = 20;

export async function readOrders(): Promise<{ orders: Order[]; problem?: Problem }> {
  const orders: Order[] = [];
  let cursor: string | undefined;
  do {
    const page = await call("get", "/api/v1/purchase-orders", { query: cursor ? { limit: 1_000, cursor } : { limit: 1_000 } });
    if (!page.ok) return { orders, problem: page.problem };
    orders.push(...page.data.rows.map(orderOf));
    cursor = page.data.next_cursor ?? undefined;
  } while (cursor);
  return { orders };
}

export interface Received {
  events: ReceivedEvent[];
  /** Whether the whole log was looked at. */
  isComplete: boolean;
  problem?: Problem;
}

/** Receptions and what undid them, newest first, up to that many. */
export async function readReceived(limit: number): Promise<Received> {
  const events: ReceivedEvent[] = [];
  let cursor: string | undefined;
  for (let request = 0; request < REQUESTS_MAX; request += 1) {
    const page = await call("get", "/api/v1/receptions", { query: cursor ? { limit: 1_000, cursor } : { limit: 1_000 } });
    if (!page.ok) return { events, isComplete: false, problem: page.problem };
    events.push(...(page.data.rows as unknown as ReceivedEvent[]));
    cursor = page.data.next_cursor ?? undefined;
    if (!cursor) return { events, isComplete: true };
    if (events.length >= limit) break;
  }
  return { events, isComplete: false };
}
