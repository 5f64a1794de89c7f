// axe on every screen of deliveries, at the shop and on the road, in both languages and both themes; and their pictures.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { unfitFor, violations } from "./axe";
import { type Look, openBrowser, openContext, signIn } from "./browser";
import { TestShop } from "./node-process";
import { driver, enrolmentCode, film, filming, logIn, order, openPhone } from "./road";

const PICTURES = process.env["COMPTOIR_PICTURES"];
const LONG = "Coopérative agricole et viticole des Hauts-de-Saint-Barthélemy-de-Bussière, quai de réception numéro 12";

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  shop = await TestShop.start();
  const lines = [
    { product: "CAF250", name: "Café moulu pur arabica 250 g", quantity: "12" },
    { product: "LIV778", name: "Le Petit Prince, édition reliée avec les aquarelles de l'auteur, format de poche", quantity: "1234.5" },
  ];
  await order(shop, [
    { id: "BL-2026-0077", client: "Café du Port", note: { stop: 1, address: "3 quai du Port, 13002 Marseille", comment: "Passer par la cour, sonner deux fois.", proofs: ["qr", "name", "signature", "photo", "position"], lines } },
    { id: "BL-2026-0078", client: "École Jules-Ferry", note: { stop: 2, address: "14 rue de la République, 13001 Marseille" } },
    { id: "BL-2026-0079", client: LONG, note: { stop: 3, address: "Route départementale 17, lieu-dit Les Quatre-Chemins, 13100 Aix-en-Provence" } },
    { id: "BL-2026-0080", client: "Boulangerie Martin", note: { stop: 4, cancelled: true } },
    { id: "BL-2026-0081", client: "Librairie Gutenberg", note: { stop: 5 } },
    { id: "BL-2026-0082", client: "Mairie de Cassis", note: { date: "2099-01-01" } },
    { id: "BL-2026-0083", client: "Pharmacie du Centre", note: { stop: 6 } },
  ]);
  // A film without a code: the picture stays.
  ({ browser, close } = await openBrowser(filming(film(shop.dir, undefined))));
});
after(async () => {
  await close?.();
  await shop?.stop();
});

type See = (name: string, page: Page) => Promise<void>;

/** The screens of both places; `at` is the address of the list. */
async function walkDeliveries(page: Page, place: string, at: string, see: See): Promise<void> {
  const named = (name: string): string => `${place}-${name}`;
  await page.locator(".stop").first().waitFor();
  await see(named("list"), page);
  await page.locator(`a[href="${at}BL-2026-0077"]`).click();
  await page.locator(".signature").waitFor();
  await see(named("stop"), page);
  await page.locator(".good-line").nth(1).locator(".button").nth(2).click();
  await page.locator(".stop-bar .primary").click();
  await page.locator(".stop-bar .banner").first().waitFor();
  await page.evaluate(() => scrollTo(0, 1e6));
  await see(named("missing"), page);
  await page.locator(".stop-head .button").click();
  await page.locator(".scan-button").click();
  await page.locator("video").waitFor();
  await page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
  await see(named("scanner"), page);
  await page.locator(".dialog form .input").fill("BL-404");
  await page.locator(".dialog form .primary").click();
  await page.locator(".verdict").waitFor();
  await see(named("unknown"), page);
  await page.locator(".verdict .primary").click();
  await page.locator(`a[href="${at}BL-2026-0080"]`).click();
  await page.locator(".verdict").waitFor();
  await see(named("cancelled"), page);
  await page.locator(".verdict .primary").click();
}

async function walk(look: Look, see: See): Promise<void> {
  const { context, complaints } = await openContext(browser, shop.url, { ...look, ownProducts: true });
  const desk = await context.newPage();
  await desk.goto("/#/deliveries");
  await desk.locator(".session-card").waitFor();
  await signIn(desk, shop.key);
  await walkDeliveries(desk, "shop", "#/deliveries/", see);
  await context.close();
  complaints.assertNone();
  await walkRoad(look, see);
}

let drivers = 0;
async function walkRoad(look: Look, see: See): Promise<void> {
  drivers += 1;
  const who = await driver(shop, `amadou-${drivers}`, "Amadou Ndiaye");
  const { context, complaints } = await openPhone(browser, shop, { ...look, ownProducts: true });
  const page = await context.newPage();
  await page.goto("/driver/");
  await page.locator(".session-card .input").waitFor();
  await see("road-enrol", page);
  await page.locator(".session-card .input").fill(await enrolmentCode(shop, who));
  await page.locator(".session-card button[type=submit]").click();
  await page.locator("input[type=password]").waitFor();
  await see("road-login", page);
  await signInOnRoad(page, who.login);
  await walkDeliveries(page, "road", "#/stops/", see);
  await settleOne(context, page, see);
  await page.goto("/driver/#/settings");
  await page.locator(".card").nth(3).waitFor();
  await see("road-settings", page);
  await page.locator(".card").nth(1).locator(".choice .button").nth(1).click();
  await see("road-sparing", page);
  complaints.assertNone();
  await context.close();
}

async function signInOnRoad(page: Page, login: string): Promise<void> {
  if (await page.getByLabel("Identifiant").count()) return logIn(page, { id: "", login });
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password").fill("quatre mots au hasard");
  await page.locator("button[type=submit]").click();
}

/** Without a network: validated here, and the queue. Then with one. */
async function settleOne(context: BrowserContext, page: Page, see: See): Promise<void> {
  const id = `BL-OWN-${drivers}`;
  await order(shop, [{ id, client: `Client ${drivers}` }]);
  await page.reload();
  await page.locator(`a[href="#/stops/${id}"]`).waitFor();
  await context.setOffline(true);
  await page.locator(`a[href="#/stops/${id}"]`).click();
  await page.locator(".stop-bar .primary").click();
  await page.locator('.verdict[data-tone="wait"]').waitFor();
  await see("road-here", page);
  await page.locator(".verdict .primary").click();
  await page.locator(".state").click();
  await page.locator(".rows li").first().waitFor();
  await see("road-queue", page);
  await context.setOffline(false);
  await page.locator('.state[data-word="up-to-date"]').waitFor({ timeout: 30_000 });
  await see("road-queue-empty", page);
  await page.goto(`/driver/#/stops/${id}`);
  await page.locator('.verdict[data-tone="good"]').waitFor();
  await see("road-done", page);
}

for (const language of ["fr", "en"] as const) {
  for (const theme of ["light", "dark"] as const) {
    test(`axe finds nothing on any screen of deliveries: ${language}, ${theme}`, async () => {
      const found: string[] = [];
      await walk({ language, theme }, async (name, page) => {
        found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
      });
      assert.deepEqual(found, []);
    });
  }
}

test("no screen of deliveries is wider than a phone, and every target is large enough for a finger", async () => {
  const wrong: string[] = [];
  await walk({ width: 390, height: 844, touch: true }, async (name, page) => {
    wrong.push(...(await unfitFor(page)).map((one) => `${name}: ${one}`));
  });
  assert.deepEqual(wrong, []);
});

if (PICTURES) {
  for (const width of [390, 1024, 1920]) {
    for (const theme of ["light", "dark"] as const) {
      test(`pictures at ${width}, ${theme}`, async () => {
        mkdirSync(PICTURES, { recursive: true });
        await walk({ width, height: width === 390 ? 844 : width === 1024 ? 768 : 1080, theme, touch: width === 390 }, async (name, page) => {
          await page.screenshot({ path: `${PICTURES}/${name}-${width}-${theme}.png` });
        });
      });
    }
  }
}
