// Head office in a browser: the company of the demonstration, and who logs in there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import type { TestShop } from "./node-process";

interface Demo {
  password: string;
  users: { login: string; user: string; role: string }[];
  sites: { code: string; name: string; url: string; site: string; till_key: string }[];
}

export function demoOf(shop: TestShop): Demo {
  return (JSON.parse(readFileSync(join(shop.dir, "up.json"), "utf8")) as { demo: Demo }).demo;
}

export async function logIn(context: BrowserContext, login: string, password: string, place = ""): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`/office/#/${place}`);
  await page.locator('input[autocomplete="username"]').fill(login);
  await page.locator('input[autocomplete="current-password"]').fill(password);
  await page.keyboard.press("Enter");
  await page.locator(".office").waitFor();
  return page;
}

export async function atCentral<T>(shop: TestShop, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${shop.adminToken}`, "content-type": "application/json", ...(init.headers as Record<string, string>) };
  const answer = await fetch(`${shop.centralUrl}${path}`, { ...init, headers });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return (await answer.json()) as T;
}
