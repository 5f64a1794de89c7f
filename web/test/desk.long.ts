// Counting, invoices and the queue where something is unusual: a blind count, a killed browser, a central that refuses, other people.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium, type Browser, type Page } from "playwright-core";
import { uuid7 } from "../src/lib/ids";
import { figure, fromDisk, openBrowser, openContext, openTill, signIn } from "./browser";
import { ask, counted, openPlace, orderDraft, receptions, scan } from "./goods";
import { listed, PRODUCTS, stock, TestNode, TestShop } from "./node-process";

let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  ({ browser, close } = await openBrowser());
});
after(() => close?.());

/** Begins to count an order. */
async function startCount(page: Page, order: string, way?: string): Promise<void> {
  await page.locator(".rows li", { hasText: order }).getByRole("button", { name: "Compter" }).click();
  if (way) await page.getByRole("button", { name: way }).click();
  await page.locator(".dialog").getByRole("button", { name: "Compter", exact: true }).click();
  await page.locator(".bar").waitFor();
}

test("a blind count shows what was expected only at its end, with packs, lots and damaged goods", async () => {
  const node = await TestNode.start();
  const order = orderDraft("BC-2", [{ product: "CAF250", quantity: "24" }, { product: "THE020", quantity: "3" }]);
  await ask(node, "POST", "/api/v1/events", order);
  const { context, complaints } = await openContext(browser, node.url);
  const packed = PRODUCTS.map((product) => (product.code === "CAF250" ? { ...product, packs: [{ code: "13271820001231", quantity: "12" }] } : product));
  await context.route("**/api/v1/products?*", (route) => route.fulfill({ json: listed(packed) }));
  const page = await openPlace(context, node.key, "receptions");
  await startCount(page, "BC-2", "À l'aveugle");
  assert.equal(await page.locator(".count-line .badge").count(), 0, "nothing says what is expected");
  assert.equal(await page.locator("progress").count(), 0);
  // A pack counts its twelve; a second one accumulates; more than expected asks nothing.
  await scan(page, "13271820001231");
  await scan(page, "13271820001231");
  await scan(page, "2*13271820001231");
  await counted(page, "Café", "48");
  assert.equal(await page.locator(".dialog").count(), 0);
  // A scanner whose code lands in a number field: the number stays, and the goods are counted.
  await page.locator(".count-line .input").last().focus();
  await page.keyboard.type("3271820005678");
  await page.keyboard.press("Enter");
  await page.locator(".said").getByText("Thé vert menthe 20 sachets : 1").waitFor();
  await counted(page, "Thé", "1");
  await page.getByRole("button", { name: /Thé vert/ }).first().click();
  await page.getByLabel("Abîmé, refusé").fill("2");
  assert.ok(await page.locator(".dialog").getByRole("button", { name: "Valider" }).isDisabled(), "damaged goods need a reason");
  await page.locator(".dialog").getByLabel("Motif").fill("Cartons mouillés");
  await page.locator(".dialog").getByLabel("Lot").fill("L-2026-11");
  await page.keyboard.press("Enter");
  await page.locator(".dialog").waitFor({ state: "detached" });
  await page.keyboard.press("F9");
  assert.deepEqual(await page.locator(".dialog .badge").allTextContents(), ["En trop : 24", "Abîmé : 2"]);
  await page.locator(".dialog").getByText("Compté : 48, attendu : 24").waitFor();
  await page.getByRole("button", { name: "Enregistrer la réception" }).click();
  await page.locator("h1").waitFor();
  await page.getByText("Cartons mouillés").waitFor();
  const { rows } = await receptions(node);
  assert.deepEqual(rows[0]?.payload.lines, [{ product: "CAF250", quantity: "48" }, { lot: "L-2026-11", product: "THE020", quantity: "1" }]);
  // Undone with a reason: by an event, and everything is expected again.
  await page.getByRole("button", { name: "Annuler la réception" }).click();
  await page.locator(".dialog input").fill("Livraison d'un autre magasin");
  await page.keyboard.press("Enter");
  await page.getByText("Livraison d'un autre magasin").waitFor();
  const after = await receptions(node);
  assert.deepEqual(after.rows.map((row) => row.action), ["GOODS_RETURNED", "GOODS_RECEIVED"], "nothing was removed");
  await page.goto("/#/receptions");
  await page.getByText("Au complet : 0 sur 2").waitFor();
  complaints.assertNone();
  await context.close();
  await node.stop();
});

test("a count is found again on another screen, and two screens never overwrite each other unseen", async () => {
  const node = await TestNode.start();
  const one = await openContext(browser, node.url);
  const two = await openContext(browser, node.url);
  const first = await openPlace(one.context, node.key, "receptions");
  await first.getByRole("button", { name: "Réception libre" }).click();
  await first.locator(".bar").waitFor();
  await scan(first, "CAF250");
  await first.getByText(/^Brouillon enregistré/).waitFor();
  const second = await openPlace(two.context, node.key, "receptions");
  await second.getByRole("button", { name: "Continuer" }).click();
  await second.locator(".count-line").waitFor();
  await scan(second, "THE020");
  await second.getByText(/^Brouillon enregistré/).waitFor();
  await scan(first, "STY001");
  await first.getByText("modifié sur un autre écran").waitFor();
  await first.getByRole("button", { name: "Reprendre l'autre version" }).click();
  await first.locator(".count-line", { hasText: "Thé" }).waitFor();
  assert.equal(await first.locator(".count-line").count(), 2);
  // A code that no product has is named once, and received under the code.
  await scan(first, "4006381333931");
  await first.locator(".dialog input").fill("Crayon inconnu");
  await first.keyboard.press("Enter");
  await first.locator(".dialog").waitFor({ state: "detached" });
  await first.keyboard.press("F9");
  await first.getByRole("button", { name: "Enregistrer la réception" }).click();
  await first.locator(".table").waitFor();
  const { rows } = await receptions(node);
  assert.deepEqual(rows[0]?.payload.lines.map((line) => line.product), ["CAF250", "THE020", "4006381333931"]);
  await one.context.close();
  await two.context.close();
  await node.stop();
});

/** A browser with a profile of its own, which a test kills as a power failure does. */
class KilledBrowser {
  private constructor(
    private readonly child: ChildProcess,
    readonly page: Page,
  ) {}

  static async open(profile: string, url: string): Promise<KilledBrowser> {
    const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--lang=fr-FR", `--user-data-dir=${profile}`, "--remote-debugging-port=0", "about:blank"];
    rmSync(join(profile, "DevToolsActivePort"), { force: true });
    const child = spawn(process.env["CHROMIUM"] ?? "/usr/bin/chromium", args, { stdio: "ignore", detached: true, env: { ...process.env, HOME: profile } });
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      try {
        const [port] = readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n");
        const connected = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
        const context = connected.contexts()[0]!;
        await context.route("**/*", (route) => fromDisk(new URL(route.request().url()).pathname, route) ?? route.fallback());
        await context.route("**/api/v1/products?*", (route) => route.fulfill({ json: listed(PRODUCTS) }));
        const page = await context.newPage();
        await page.goto(url);
        return new KilledBrowser(child, page);
      } catch {
        await new Promise((next) => setTimeout(next, 100));
      }
    }
    throw new Error("the browser did not start");
  }

  /** The whole group of its processes, at once. */
  async kill(): Promise<void> {
    const ended = new Promise((done) => this.child.once("exit", done));
    process.kill(-this.child.pid!, "SIGKILL");
    await ended;
  }
}

test("an invoice's draft survives a browser that is killed, and is offered again", async () => {
  const node = await TestNode.start();
  const profile = mkdtempSync(join(tmpdir(), "comptoir-profile-"));
  const killed = await KilledBrowser.open(profile, node.url);
  const { page } = killed;
  await page.locator(".session-card").waitFor();
  await page.evaluate(() => localStorage.setItem("comptoir.language", "fr"));
  await page.reload();
  await page.locator(".session-card").waitFor();
  await signIn(page, node.key);
  await page.locator(".till").waitFor();
  await page.goto(`${node.url}/#/invoices`);
  await page.getByRole("button", { name: "Nouvelle facture" }).click();
  await page.getByRole("combobox").last().focus();
  await scan(page, "2*ORD900");
  await page.getByText(/^Brouillon enregistré/).waitFor();
  // Typed and not saved yet when the power fails: the draft is as it was saved last.
  await killed.kill();
  const again = await KilledBrowser.open(profile, node.url);
  await again.page.locator(".till, .session-card").first().waitFor();
  if (await again.page.locator(".session-card").isVisible()) await signIn(again.page, node.key);
  await again.page.goto(`${node.url}/#/invoices`);
  await again.page.getByRole("button", { name: "Reprendre" }).click();
  await again.page.locator(".invoice-lines li").waitFor();
  assert.equal(figure(await again.page.locator(".due b").textContent()), "2 469,00 €");
  await again.kill();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  await node.stop();
});

/** A central that refuses everything for a long time, and counts how often it is asked. */
async function refusing(): Promise<{ server: Server; url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/api/v1/sync/status") || request.url?.startsWith("/api/v1/sync/push")) asked += 1;
    response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "900" });
    response.end(JSON.stringify({ type: "about:blank", title: "unavailable", status: 503, code: "STORE_UNAVAILABLE", detail: "the store is down", retryable: true }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

test("a person who does not want to wait for the next attempt tries again at once, and reads why it fails", async () => {
  const central = await refusing();
  const key = `cpt_000000000000000000000000000000070011223344556${"6ff_"}${"ab".repeat(32)}`;
  const node = await TestNode.start({ SYNC_ENABLED: "true", CENTRAL_API_URL: central.url, SYNC_API_KEY: withChecksum(key) });
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openPlace(context, node.key, "queue");
  await page.getByText("Le siège répond qu'il ne peut rien prendre pour le moment.").waitFor();
  await page.getByText(/^1 essai sans succès/).waitFor();
  await page.getByText(/Prochain essai dans 1[0-9] min/).waitFor();
  const before = central.asked();
  await page.getByRole("button", { name: "Réessayer maintenant" }).click();
  await page.getByText(/^2 essais sans succès/).waitFor();
  assert.equal(central.asked(), before + 1);
  complaints.assertNone();
  await context.close();
  await node.stop();
  await new Promise((done) => central.server.close(done));
});

/** The last eight digits of a key are the CRC-32 of what is before them. */
function withChecksum(text: string): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return text + ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}

interface Central {
  post: <T = unknown>(path: string, body: unknown) => Promise<T>;
  get: <T = unknown>(path: string) => Promise<T>;
}

function central(shop: TestShop): Central {
  const server = { url: shop.centralUrl, key: shop.adminToken };
  return { post: (path, body) => ask(server, "POST", path, body), get: (path) => ask(server, "GET", path) };
}

test("with central: official numbers, a credit note, an operation that is refused alone, a price that changes in an open till, and stock", async () => {
  const shop = await TestShop.start();
  await stock(shop, PRODUCTS);
  const head = central(shop);
  await head.post("/api/v1/events", orderDraft("BC-9", [{ product: "CAF250", quantity: "20", unit_cost: "2.10" }]));
  const { context, complaints } = await openContext(browser, shop.url, { ownProducts: true });
  const till = await openTill(context, shop.key);
  await till.locator(".tile").first().waitFor();

  // Goods of an order, counted without a cost, enter stock at the order's.
  const page = await context.newPage();
  await page.goto("/#/receptions");
  await startCount(page, "BC-9");
  await scan(page, "20*CAF250");
  await page.keyboard.press("F9");
  await page.getByRole("button", { name: "Enregistrer la réception" }).click();
  await page.locator("main").getByText("Au siège").waitFor({ timeout: 30_000 });
  await page.goto("/#/stock");
  await page.locator("tr", { hasText: "CAF250" }).getByText("20", { exact: true }).waitFor({ timeout: 30_000 });
  await page.locator("tr", { hasText: "CAF250" }).getByText("En stock").waitFor();

  // Offline the number is provisional; with central both are shown.
  shop.cut();
  await page.goto("/#/invoices");
  await page.getByRole("button", { name: "Nouvelle facture" }).click();
  await page.getByRole("button", { name: "Nouveau client" }).click();
  await page.keyboard.type("Mairie de Brest");
  await page.keyboard.press("Enter");
  await page.locator(".chosen").waitFor();
  await page.getByRole("combobox").focus();
  await page.keyboard.type("café");
  await page.getByText(/^20 \(connu à \d\d:\d\d\)$/).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Établir la facture" }).click();
  await page.locator(".dialog").getByRole("button", { name: "Établir la facture" }).click();
  await page.getByText("Numéro provisoire").waitFor();
  shop.join();
  await page.locator(".sheet").getByText(/^Facture F\d{4}-/).waitFor({ timeout: 60_000 });
  await page.locator(".sheet").getByText(/^D'abord imprimée sous PROV-/).waitFor();
  await page.getByRole("button", { name: "Annuler par un avoir" }).click();
  await page.locator(".dialog input").fill("Établie deux fois");
  await page.keyboard.press("Enter");
  await page.locator(".paper-mark").getByText(/^Annulée, avoir A\d{4}-/).waitFor({ timeout: 30_000 });

  // Operations that central refuses, or keeps for a person, do not hold up what comes after them.
  const invoice = page.url().split("/").pop()!;
  await ask(shop, "POST", `/api/v1/invoices/${invoice}/cancel`, { id: uuid7(), reason: "once more" });
  await ask(shop, "POST", "/api/v1/invoices/nowhere/cancel", { id: uuid7(), reason: "unknown" });
  await till.bringToFront();
  await till.keyboard.type("THE020\n");
  await till.keyboard.press("F9");
  await till.locator(".dialog .due").waitFor();
  await till.keyboard.press("Enter");
  await till.locator(".done .paper").waitFor();
  await page.bringToFront();
  await page.goto("/#/queue");
  await page.locator("#refused li").getByText("Facture annulée").waitFor({ timeout: 30_000 });
  await page.locator("#refused li").getByText("ALREADY_CANCELLED").waitFor();
  await page.locator("#attention li").getByText("le siège la vérifie, puis la libère").waitFor();
  await page.getByText("Tout est envoyé").waitFor({ timeout: 30_000 });
  // Seen is not settled: what was refused stays in its list.
  await page.locator("#refused").getByRole("button", { name: "Vu" }).click();
  await page.reload();
  await page.locator("#refused li").waitFor();

  // Head office changes a price: the open till says so, and sells the next one at the new price.
  await till.bringToFront();
  const product = await fetch(`${shop.centralUrl}/api/v1/entities/PRODUCT/CAF250`, { headers: { authorization: `Bearer ${shop.adminToken}` } });
  await head.post("/api/v1/events", { id: uuid7(), entity_type: "PRODUCT", entity_id: "CAF250", action: "UPDATE", if_match: product.headers.get("etag"), payload: { price: "4.75" } });
  await till.getByText("Le siège a changé le prix de 1 articles").waitFor({ timeout: 30_000 });
  await till.keyboard.press("Escape");
  await till.keyboard.type("CAF250\n");
  await till.locator(".line").waitFor();
  assert.equal(figure(await till.locator(".total b").textContent()), "4,75 €");

  // The reception is undone: its own lot leaves, at its own cost.
  await page.bringToFront();
  const [received] = (await receptions(shop)).rows.filter((row) => row.action === "GOODS_RECEIVED");
  assert.equal(received?.payload.lines[0]?.unit_cost, "2.1");
  await page.goto(`/#/receptions/${received!.id}`);
  await page.getByRole("button", { name: "Annuler la réception" }).click();
  await page.locator(".dialog input").fill("Comptée deux fois");
  await page.keyboard.press("Enter");
  await page.getByText("Comptée deux fois").waitFor();
  await page.goto("/#/stock");
  const emptied = page.locator("tr", { hasText: "CAF250" });
  await emptied.getByText("Épuisé").or(emptied.getByText("Sous zéro")).waitFor({ timeout: 30_000 });
  complaints.assertNone();
  await context.close();
  await shop.stop();
});

const PASSWORD = "quatre mots au hasard ici";

/** A user of central with a role at the shop, whom the node knows. */
async function person(shop: TestShop, login: string, role: string): Promise<void> {
  const { site_id } = JSON.parse(readFileSync(join(shop.dir, "up.json"), "utf8")) as { site_id: string };
  const head = central(shop);
  const { code } = await head.post<{ code: string }>("/api/v1/users", { login, name: `${login[0]!.toUpperCase()}${login.slice(1)} du magasin`, roles: [{ role, site: site_id }] });
  const set = await fetch(`${shop.centralUrl}/api/v1/auth/setup`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code, password: PASSWORD }) });
  assert.ok(set.ok, await set.text());
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const opened = await fetch(`${shop.url}/api/v1/session`, { method: "POST", headers: { "content-type": "application/json", origin: shop.url }, body: JSON.stringify({ login, password: PASSWORD }) });
    if (opened.ok) return;
    await new Promise((next) => setTimeout(next, 2_000));
  }
  throw new Error(`the node does not know ${login}`);
}

test("each role is offered its own places, and a person who counts goods sees no costs", async () => {
  const shop = await TestShop.start();
  await stock(shop, PRODUCTS);
  await central(shop).post("/api/v1/events", orderDraft("BC-5", [{ product: "CAF250", quantity: "10", unit_cost: "2.10" }]));
  const places: Record<string, string[]> = {
    cashier: ["Caisse", "Tickets", "File d'envoi"],
    warehouse: ["Réceptions", "Stock", "File d'envoi"],
    seller: ["Stock", "Factures", "Clients", "File d'envoi"],
  };
  for (const role of Object.keys(places)) await person(shop, role, role);
  for (const [role, expected] of Object.entries(places)) {
    const { context, complaints } = await openContext(browser, shop.url, { ownProducts: true });
    const page = await context.newPage();
    await page.goto("/");
    await page.locator('input[name="username"]').first().fill(role);
    await page.locator('input[name="password"]').first().fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.locator(".nav").waitFor();
    assert.deepEqual(await page.locator(".nav a").allTextContents(), expected, role);
    // The first place is where they are.
    await page.locator('.nav a[aria-current="page"]').getByText(expected[0]!).waitFor();
    if (role === "cashier") {
      await page.goto("/#/receptions");
      await page.getByText("ce n'est pas votre poste").waitFor();
    }
    if (role === "warehouse") {
      await startCount(page, "BC-5");
      await scan(page, "10*CAF250");
      await page.getByRole("button", { name: /Café moulu/ }).first().click();
      assert.equal(await page.getByLabel(/Coût unitaire/).count(), 0);
      await page.keyboard.press("Escape");
      await page.keyboard.press("F9");
      await page.getByRole("button", { name: "Enregistrer la réception" }).click();
      await page.locator("main").getByText("Warehouse du magasin").waitFor();
      assert.equal(await page.getByText("2,10").count(), 0);
      // The node completed the cost from the order; the log has it, and central books it.
      const { rows } = await receptions(shop);
      assert.equal(rows[0]?.payload.lines[0]?.unit_cost, "2.10");
    }
    complaints.assertNone();
    await context.close();
  }
  await shop.stop();
});
