// One browser for a file of tests. Each page refuses every request to another origin, and remembers what the page complained of.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page, type Route } from "playwright-core";
import { listed, PRODUCTS } from "./node-process";

export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export async function openBrowser(more: string[] = []): Promise<{ browser: Browser; close: () => Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), "comptoir-chromium-"));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    // Root has no sandbox. The others keep the browser from looking for its makers' servers.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more],
    env: { ...process.env, HOME: home } as Record<string, string>,
  });
  const close = async (): Promise<void> => {
    await browser.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { browser, close };
}

export interface Look {
  language?: "fr" | "en";
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  touch?: boolean;
  /** Whether the node has products of its own. A node that no central knows has none, and gets the tests'. */
  ownProducts?: boolean;
}

/** What went wrong in a page, beyond what a test looks at. */
export class Complaints {
  readonly foreign: string[] = [];
  readonly errors: string[] = [];

  assertNone(): void {
    assert.deepEqual(this.foreign, [], "requests to other origins");
    assert.deepEqual(this.errors, [], "errors in the console");
  }
}

export async function openContext(browser: Browser, url: string, look: Look = {}): Promise<{ context: BrowserContext; complaints: Complaints }> {
  const { language = "fr", theme = "light", width = 1024, height = 768, touch = false, ownProducts = false } = look;
  const context = await browser.newContext({
    baseURL: url,
    locale: language === "fr" ? "fr-FR" : "en-GB",
    timezoneId: "Europe/Paris",
    colorScheme: theme,
    viewport: { width, height },
    hasTouch: touch,
    reducedMotion: "reduce",
  });
  const complaints = new Complaints();
  await context.route("**/*", (route) => {
    const asked = new URL(route.request().url());
    if (asked.origin === new URL(url).origin) return fromDisk(asked.pathname, route) ?? route.continue();
    complaints.foreign.push(route.request().url());
    return route.abort();
  });
  if (!ownProducts) await context.route("**/api/v1/products?*", (route) => route.fulfill({ json: listed(PRODUCTS) }));
  context.on("console", (message) => {
    // The browser itself reports every refused or failed request; tests look at those.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.errors.push(message.text());
  });
  context.on("weberror", (error) => complaints.errors.push(String(error.error())));
  return { context, complaints };
}

/** With COMPTOIR_SCREENS=disk the screens are those that were built last, without compiling the server again. */
export function fromDisk(path: string, route: Route): Promise<void> | undefined {
  if (process.env["COMPTOIR_SCREENS"] !== "disk" || !/^\/(assets\/[^/]+|driver\/|office\/)?$/.test(path)) return undefined;
  const name = path.startsWith("/assets/") ? path.slice("/assets/".length) : ({ "/driver/": "driver.html", "/office/": "office.html" }[path] ?? "index.html");
  const list = readFileSync("../screens/assets/list.tsv", "utf8").split("\n");
  const media = list.find((line) => line.startsWith(`${name}\t`))?.split("\t")[1];
  if (!media) return undefined;
  return route.fulfill({ body: readFileSync(`../screens/assets/${name}`), contentType: media, headers: { "content-security-policy": POLICY } });
}
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'";

/** Signs in with the key and opens the till. */
export async function openTill(context: BrowserContext, key: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto("/");
  await page.locator(".session-card, .till").first().waitFor();
  if (await page.locator(".session-card").isVisible()) await signIn(page, key);
  await page.locator(".till").waitFor();
  return page;
}

export async function signIn(page: Page, key: string): Promise<void> {
  const details = page.locator("details.session-key");
  if (await details.isVisible()) await details.locator("summary").click();
  await page.locator('input[autocomplete="current-password"]').last().fill(key);
  await page.keyboard.press("Enter");
}

/** A figure without the invisible spaces of its language. */
export function figure(text: string | null): string {
  return (text ?? "").replace(/[\u00a0\u202f]/g, " ").trim();
}

/** Every sale that the node's log has. */
export async function sales(url: string, key: string): Promise<{ id: string; action: string; payload: { total_minor: number } }[]> {
  const answer = await fetch(`${url}/api/v1/sales?limit=1000`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { rows: never[] }).rows;
}

/** A sale by keyboard: a code, the pay key, and what the customer gives. */
export async function sellByKeyboard(page: Page, code: string, given?: string): Promise<void> {
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  if (given) await page.keyboard.type(given);
  await page.keyboard.press("Enter");
  await page.locator(".done").waitFor();
}
