// One path through each screen but the till: goods in, stock, clients, invoices, the queue.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { figure, openBrowser, openContext } from "./browser";
import { ask, counted, openPlace, orderDraft, receptions, scan } from "./goods";
import { TestNode } from "./node-process";

let node: TestNode;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  node = await TestNode.start();
  ({ browser, close } = await openBrowser());
});
after(async () => {
  await close?.();
  await node?.stop();
});

test("goods are counted against an order by scanner and by typing, and the rest stays expected", async () => {
  await ask(node, "POST", "/api/v1/events", orderDraft("BC-1001", [{ product: "CAF250", quantity: "12", unit_cost: "2.10" }, { product: "THE020", quantity: "6" }]));
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openPlace(context, node.key, "receptions");
  await page.getByText("Au complet : 0 sur 2").waitFor();
  // The number on the note opens the order.
  await page.getByRole("combobox").focus();
  await scan(page, "bc-1001");
  await page.getByRole("button", { name: "Compter", exact: true }).last().click();
  await page.locator(".count-line").nth(1).waitFor();
  // Each scan counts one more at once, and the same product accumulates; twelve at a time work too.
  await scan(page, "3271820001234");
  await page.locator(".said").getByText("Café moulu pur arabica 250 g : 1").waitFor();
  await scan(page, "3271820001234");
  await scan(page, "9*3271820001234");
  await counted(page, "Café", "11");
  // A number is typed; Enter goes to the next line, and after the last one back to the scanner's input.
  await page.locator(".count-line .input").first().focus();
  await page.keyboard.type("10");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Compté : Thé vert menthe 20 sachets");
  await page.keyboard.type("6");
  await page.keyboard.press("Enter");
  // Not on the order: asked once, then it is a line like the others.
  await scan(page, "CAH096");
  await page.getByRole("button", { name: "Ajouter à la réception" }).click();
  await page.locator(".dialog").waitFor({ state: "detached" });
  await scan(page, "CAH096");
  await counted(page, "Cahier", "2");
  // More than ordered: asked once.
  await scan(page, "THE020");
  await page.getByRole("button", { name: "Garder le surplus" }).click();
  await page.locator(".dialog").waitFor({ state: "detached" });
  await scan(page, "THE020");
  await counted(page, "Thé", "8");
  await page.keyboard.press("F9");
  await page.getByLabel("Numéro du bon de livraison").fill("BL-77");
  assert.deepEqual(await page.locator(".dialog .badge").allTextContents(), ["Manque : 2", "En trop : 2", "Non commandé : 2"]);
  await page.getByRole("button", { name: "Enregistrer la réception" }).click();
  await page.getByRole("heading", { name: "BL-77" }).waitFor();
  const { rows } = await receptions(node);
  assert.deepEqual(rows[0]?.payload.lines, [
    { product: "CAF250", quantity: "10", unit_cost: "2.1" },
    { product: "THE020", quantity: "8" },
    { product: "CAH096", quantity: "2" },
  ]);
  assert.deepEqual(
    rows[0]?.payload.differences?.map(({ product, kind, quantity }) => [product, kind, quantity]),
    [["CAF250", "missing", "2"], ["THE020", "surplus", "2"], ["CAH096", "unexpected", "2"]],
  );
  // What is missing stays expected, and nothing else.
  await page.getByRole("button", { name: "Réceptions" }).click();
  await page.getByText("Au complet : 1 sur 2").waitFor();
  complaints.assertNone();
  await context.close();
});

test("stock shows what waits next to central's figure and never one number of both", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openPlace(context, node.key, "stock");
  const row = page.locator("tr", { hasText: "Café moulu" });
  await row.getByText("+10 en attente").waitFor();
  assert.equal(figure(await row.locator("b").textContent()), "?", "central has sent no figure");
  await page.keyboard.type("cafe");
  await page.locator("tr", { hasText: "Cahier" }).waitFor({ state: "detached" });
  complaints.assertNone();
  await context.close();
});

test("an invoice is drafted for a new client, found again, and issued with a provisional number", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openPlace(context, node.key, "invoices");
  await page.getByRole("button", { name: "Nouvelle facture" }).click();
  await page.getByRole("button", { name: "Nouveau client" }).click();
  await page.keyboard.type("École Jean Moulin");
  await page.keyboard.press("Enter");
  await page.locator(".chosen").getByText("École Jean Moulin").waitFor();
  await page.getByRole("combobox").focus();
  await scan(page, "3*CAF250");
  await scan(page, "cahier");
  assert.equal(figure(await page.locator(".due b").textContent()), "14,85 €");
  // Left without a word: the draft is at the node.
  await page.goto("/#/invoices");
  await page.getByText("14,85 €").waitFor();
  await page.getByRole("button", { name: "Reprendre" }).click();
  await page.getByRole("button", { name: "Établir la facture" }).click();
  await page.locator(".dialog").getByRole("button", { name: "Établir la facture" }).click();
  await page.locator(".sheet").getByText(/^Facture PROV-\d{8}-[0-9A-F]{4}$/).waitFor();
  await page.locator(".sheet").getByText("École Jean Moulin").waitFor();
  assert.match(figure(await page.locator(".sheet-total").textContent()), /14,85 €$/);
  const { rows } = await ask<{ rows: { total_minor: number; provisional_reference: string }[] }>(node, "GET", "/api/v1/invoices");
  assert.equal(rows[0]?.total_minor, 1485);
  const saved = await ask<{ rows: { entity_type: string }[] }>(node, "GET", "/api/v1/saved-forms");
  assert.deepEqual(saved.rows.filter((form) => form.entity_type === "INVOICE"), [], "an issued invoice is no draft any more");
  complaints.assertNone();
  await context.close();
});

test("a client whom somebody else changed in the meantime: the fields are put together, and a person chooses", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openPlace(context, node.key, "clients");
  await page.getByRole("button", { name: "Nouveau client" }).click();
  await page.getByLabel("Nom").fill("Librairie du Port");
  await page.getByLabel("Ville").fill("Brest");
  await page.getByRole("button", { name: "Créer le client" }).click();
  await page.getByRole("heading", { name: "Librairie du Port" }).waitFor();
  const id = page.url().split("/").pop()!;
  const theirs = await fetch(`${node.url}/api/v1/clients/${id}`, { headers: { authorization: `Bearer ${node.key}` } });
  await page.getByLabel("Ville").fill("Quimper");
  await page.getByLabel("Téléphone").fill("02 98 00 00 00");
  const changed = await fetch(`${node.url}/api/v1/clients/${id}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${node.key}`, "content-type": "application/json", "if-match": theirs.headers.get("etag")!, "idempotency-key": "theirs" },
    body: JSON.stringify({ fields: { city: "Lorient", email: "port@example.org" } }),
  });
  assert.equal(changed.status, 200, await changed.text());
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.getByText("Choisissez pour chacun").waitFor();
  await page.getByRole("button", { name: "La vôtre : Quimper" }).click();
  await page.getByRole("button", { name: "Enregistrer" }).click();
  await page.locator(".banner.good").waitFor();
  const now = await ask<{ fields: Record<string, string> }>(node, "GET", `/api/v1/clients/${id}`);
  assert.deepEqual(now.fields, { name: "Librairie du Port", city: "Quimper", phone: "02 98 00 00 00", email: "port@example.org" });
  complaints.assertNone();
  await context.close();
});

test("the queue names what waits, and signing out says what is unsent and loses nothing", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openPlace(context, node.key, "queue");
  await page.locator(".table").getByText("Réception BL-77").waitFor();
  const before = await ask<{ pending: number }>(node, "GET", "/api/v1/queue");
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Exporter le journal" }).click();
  assert.match((await download).suggestedFilename(), /\.bundle$/);
  await page.locator(".menu > .button").click();
  await page.getByRole("button", { name: "Se déconnecter" }).click();
  await page.locator(".dialog").getByText(`${before.pending} opérations attendent`).waitFor();
  await page.locator(".dialog").getByRole("button", { name: "Se déconnecter" }).click();
  await page.locator(".session-card").waitFor();
  assert.deepEqual((await ask<{ pending: number }>(node, "GET", "/api/v1/queue")).pending, before.pending);
  complaints.assertNone();
  await context.close();
});

test("on a phone every place is within reach by touch and by keyboard", async () => {
  const { context, complaints } = await openContext(browser, node.url, { width: 390, height: 844, touch: true });
  const page = await openPlace(context, node.key, "receptions");
  await page.getByRole("button", { name: "Plus" }).tap();
  await page.getByRole("link", { name: "Clients" }).tap();
  await page.getByRole("heading", { name: "Clients" }).waitFor();
  await page.getByRole("button", { name: "Plus" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "File d'envoi" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "File d'envoi" }).waitFor({ state: "hidden" });
  complaints.assertNone();
  await context.close();
});
