// What the tests of counting, stock, clients and invoices share.
import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import { uuid7 } from "../src/lib/ids";
import { openTill } from "./browser";

interface Server {
  url: string;
  key: string;
}

/** A request to a node's API, as a program makes it. */
export async function ask<T = unknown>(server: Server, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** What head office orders: here for a node alone, as an event that waits. */
export function orderDraft(id: string, lines: { product: string; quantity: string; unit_cost?: string }[]): object {
  const payload = { supplier: "Maison Blanc & fils", reference: id, expected_on: "2026-12-02", currency: "EUR", lines };
  return { id: uuid7(), entity_type: "PURCHASE_ORDER", entity_id: id, action: "CREATE", payload };
}

export interface Received {
  rows: {
    id: string;
    action: string;
    payload: {
      order?: string;
      reference?: string;
      reason?: string;
      lines: { product: string; quantity: string; lot?: string; unit_cost?: string }[];
      differences?: { product: string; kind: string; quantity: string; reason?: string }[];
    };
  }[];
}

export function receptions(server: Server): Promise<Received> {
  return ask<Received>(server, "GET", "/api/v1/receptions?limit=1000");
}

/** Signs in with a key and goes somewhere else than the till. */
export async function openPlace(context: BrowserContext, key: string, place: string): Promise<Page> {
  const page = await openTill(context, key);
  await page.goto(`/#/${place}`);
  await page.locator("main.screen").waitFor();
  return page;
}

/** What a scanner does: a code and Enter. */
export async function scan(page: Page, code: string): Promise<void> {
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
}

/** Waits until the number field of a counted line has a figure. */
export async function counted(page: Page, name: string, figure: string): Promise<void> {
  const field = page.locator(".count-line", { hasText: name }).locator(".input");
  for (const end = Date.now() + 10_000; (await field.inputValue()) !== figure; ) {
    if (Date.now() > end) assert.equal(await field.inputValue(), figure, name);
    await page.waitForTimeout(20);
  }
}
