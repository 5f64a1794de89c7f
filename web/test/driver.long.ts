// Phones on the road: two that validate the same delivery, one that is stolen, one that is killed, one whose line loses answers.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM, openBrowser, openContext, signIn } from "./browser";
import { TestShop } from "./node-process";
import { devices, driver, enrolled, logIn, openPhone, order, PHONE, recorded, revoke, validationOf } from "./road";

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  shop = await TestShop.start();
  const asks = { proofs: ["position"] };
  await order(shop, [
    ...["BL-1", "BL-2", "BL-3", "BL-4", "BL-5", "BL-6", "BL-7", "BL-8", "BL-9", "BL-11"].map((id) => ({ id, client: `Client ${id}` })),
    { id: "BL-10", client: "Client BL-10", note: asks },
  ]);
  ({ browser, close } = await openBrowser());
});
after(async () => {
  await close?.();
  await shop?.stop();
});

async function openDeliveries(): Promise<Page> {
  const { context } = await openContext(browser, shop.url, PHONE);
  const page = await context.newPage();
  await page.goto("/#/deliveries");
  await page.locator(".session-card").waitFor();
  await signIn(page, shop.key);
  await page.getByRole("link", { name: "Client BL-9" }).waitFor();
  return page;
}

/** How many rows each store of the phone has; nothing where there is no database. */
function stores(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    const found = await indexedDB.databases();
    if (!found.some(({ name }) => name === "comptoir-driver")) return {};
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const asked = indexedDB.open("comptoir-driver");
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
    const counts: Record<string, number> = {};
    for (const store of database.objectStoreNames) {
      counts[store] = await new Promise((resolve) => {
        const asked = database.transaction(store).objectStore(store).count();
        asked.onsuccess = () => resolve(asked.result);
      });
    }
    database.close();
    return counts;
  });
}

test("the second of two learns by whom, when and where: a phone after the shop, and the shop after a phone", async () => {
  const who = await driver(shop, "amadou", "Amadou Ndiaye");
  const { context } = await openPhone(browser, shop);
  const phone = await enrolled(context, shop, who);
  await phone.locator('a[href="#/stops/BL-1"]').waitFor();
  const desk = await openDeliveries();

  await context.setOffline(true);
  await phone.locator('a[href="#/stops/BL-1"]').click();
  await phone.getByRole("button", { name: "Valider la livraison" }).click();
  await phone.locator('.verdict[data-tone="wait"]').waitFor();
  await desk.locator('a[href="#/deliveries/BL-1"]').click();
  await desk.getByRole("button", { name: "Valider la livraison" }).click();
  await desk.locator('.verdict[data-tone="good"]').waitFor({ timeout: 30_000 });
  await context.setOffline(false);
  const second = phone.locator('.verdict[data-tone="bad"]');
  await second.getByText("Un autre était premier").waitFor({ timeout: 30_000 });
  await second.getByText(/^Validée par .+, à \d\d:\d\d\.$/).waitFor();
  assert.deepEqual((await recorded(shop, "BL-1")).map(({ verdict }) => verdict).sort(), ["ACCEPTED", "CONFLICT"]);
  // It stays on the screen of the queue until the driver has seen it.
  await phone.getByRole("button", { name: "Continuer" }).click();
  await phone.locator('.state[data-word="action"]').click();
  await phone.getByRole("button", { name: "Vu" }).click();
  await phone.locator('.state[data-word="up-to-date"]').waitFor();

  shop.cut();
  await desk.getByRole("button", { name: "Continuer" }).click();
  await desk.locator('a[href="#/deliveries/BL-10"]').click();
  await desk.getByLabel("Remarque").fill("au comptoir");
  await desk.getByRole("button", { name: "Valider la livraison" }).click();
  await desk.locator('.verdict[data-tone="wait"]').waitFor();
  await phone.goto(`${shop.centralUrl}/driver/#/stops/BL-10`);
  await phone.getByRole("button", { name: "Noter la position" }).click();
  await phone.getByText("48.856600").waitFor();
  await phone.getByRole("button", { name: "Valider la livraison" }).click();
  await phone.locator('.verdict[data-tone="good"]').waitFor({ timeout: 30_000 });
  shop.join();
  const third = desk.locator('.verdict[data-tone="bad"]');
  await third.getByText("Un autre était premier").waitFor({ timeout: 60_000 });
  await third.getByText(/^Validée par Amadou Ndiaye, à \d\d:\d\d, au point 48\.8566, 2\.3522\.$/).waitFor();
  await desk.context().close();
  await context.close();
});

test("two phones validated offline: the first to arrive counts, and the second driver reads a name", async () => {
  const [one, other] = [await driver(shop, "astou", "Astou Sarr"), await driver(shop, "modou", "Modou Fall")];
  const [{ context: first }, { context: second }] = [await openPhone(browser, shop), await openPhone(browser, shop)];
  const phones = [await enrolled(first, shop, one), await enrolled(second, shop, other)];
  for (const phone of phones) {
    await phone.locator('a[href="#/stops/BL-11"]').waitFor();
    await phone.context().setOffline(true);
    await phone.locator('a[href="#/stops/BL-11"]').click();
    await phone.getByRole("button", { name: "Valider la livraison" }).click();
    await phone.locator('.verdict[data-tone="wait"]').waitFor();
  }
  await second.setOffline(false);
  await phones[1]!.locator('.verdict[data-tone="good"]').waitFor({ timeout: 30_000 });
  await first.setOffline(false);
  await phones[0]!.locator('.verdict[data-tone="bad"]').getByText(/^Validée par Modou Fall, à \d\d:\d\d\.$/).waitFor({ timeout: 30_000 });
  assert.deepEqual((await recorded(shop, "BL-11")).map(({ verdict }) => verdict), ["ACCEPTED", "CONFLICT"]);
  await first.close();
  await second.close();
});

test("a stolen phone hands over what it recorded, and then has nothing", async () => {
  const who = await driver(shop, "fatou", "Fatou Ndiaye");
  const before = await devices(shop);
  const { context } = await openPhone(browser, shop);
  const page = await enrolled(context, shop, who);
  await context.setOffline(true);
  await page.locator('a[href="#/stops/BL-3"]').click();
  await page.getByRole("button", { name: "Valider la livraison" }).click();
  await page.locator(".verdict").waitFor();
  assert.equal((await stores(page))["outbox"], 1);
  const own = (await devices(shop)).find((device) => !before.some(({ id }) => id === device.id))!;
  await revoke(shop, own.id);
  await context.setOffline(false);
  await page.getByText("Le siège a révoqué ce téléphone").waitFor({ timeout: 30_000 });
  const { outbox, rows, meta } = await stores(page);
  assert.deepEqual([outbox ?? 0, rows ?? 0, meta ?? 0], [0, 0, 0]);
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  const wiped = (await devices(shop)).find(({ id }) => id === own.id)!;
  assert.ok(wiped.wiped_at, JSON.stringify(wiped));
  assert.equal(wiped.unsent, 0);
  assert.deepEqual((await recorded(shop, "BL-3")).map(({ verdict }) => verdict), ["QUARANTINED"]);
  assert.equal(await validationOf(shop, "BL-3"), null);
  await context.close();
});

/** Every request goes to a proxy that is not there. */
const NO_NETWORK = ["--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>"];

/** A browser of its own, which the test may kill as a system kills an application. */
async function ownBrowser(home: string, more: string[] = []): Promise<{ browser: Browser; kill: () => Promise<void> }> {
  rmSync(join(home, "DevToolsActivePort"), { force: true });
  const child = spawn(CHROMIUM, ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=fr-FR", "--remote-debugging-port=0", `--user-data-dir=${home}`, ...more, "about:blank"], {
    env: { ...process.env, HOME: home, LANGUAGE: "fr" },
    stdio: "ignore",
    detached: true,
  });
  const file = join(home, "DevToolsActivePort");
  while (!existsSync(file) || readFileSync(file, "utf8").split("\n").length < 2) await new Promise((next) => setTimeout(next, 100));
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${readFileSync(file, "utf8").split("\n")[0]}`);
  const kill = async (): Promise<void> => {
    const ended = new Promise((done) => child.once("exit", done));
    // With the processes of its pages, which are of its group.
    process.kill(-child.pid!, "SIGKILL");
    await ended;
    await browser.close().catch(() => undefined);
  };
  return { browser, kill };
}

test("a browser that is killed without a network has lost nothing when it opens again, still without one", async () => {
  const who = await driver(shop, "moussa", "Moussa Ndiaye");
  const home = mkdtempSync(join(tmpdir(), "comptoir-phone-"));
  const first = await ownBrowser(home);
  const context = first.browser.contexts()[0]!;
  let page = await context.newPage();
  await page.goto(`${shop.centralUrl}/driver/`);
  await page.evaluate(() => localStorage.setItem("comptoir.language", "fr"));
  await page.close();
  page = await enrolled({ newPage: async () => onCentral(await context.newPage()) } as never, shop, who);
  await page.locator('a[href="#/stops/BL-4"]').waitFor();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await context.setOffline(true);
  for (const id of ["BL-4", "BL-5"]) {
    await page.locator(`a[href="#/stops/${id}"]`).click();
    await page.getByRole("button", { name: "Valider la livraison" }).click();
    await page.locator('.verdict[data-tone="wait"]').waitFor();
    await page.getByRole("button", { name: "Continuer" }).click();
  }
  await page.locator('a[href="#/stops/BL-8"]').click();
  await page.getByRole("button", { name: "Ajouter une preuve" }).click();
  await page.getByLabel("Reçu par").fill("M. Diop");
  await page.getByRole("button", { name: "Écrire le nom" }).click();
  await page.getByRole("img", { name: "Signature enregistrée" }).waitFor();
  await page.waitForFunction(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const asked = indexedDB.open("comptoir-driver");
      asked.onsuccess = () => resolve(asked.result);
    });
    const entry = await new Promise<{ signature?: Blob } | undefined>((resolve) => {
      const asked = database.transaction("entries").objectStore("entries").get("BL-8");
      asked.onsuccess = () => resolve(asked.result);
    });
    database.close();
    return entry?.signature !== undefined;
  });
  await first.kill();

  // Nothing leaves this one: the page itself comes from the service worker.
  const again = await ownBrowser(home, NO_NETWORK);
  const later = await onCentral(await again.browser.contexts()[0]!.newPage());
  await later.goto("/driver/");
  await later.getByText("Validée ici, envoi en attente").nth(1).waitFor();
  // What was being entered is there too.
  await later.locator('a[href="#/stops/BL-8"]').click();
  assert.equal(await later.getByLabel("Reçu par").inputValue(), "M. Diop");
  await later.getByRole("img", { name: "Signature enregistrée" }).waitFor();
  await again.kill();
  for (const id of ["BL-4", "BL-5"]) assert.equal((await recorded(shop, id)).length, 0);

  const online = await ownBrowser(home);
  const last = await onCentral(await online.browser.contexts()[0]!.newPage());
  await last.goto("/driver/");
  await last.locator('.state[data-word="up-to-date"]').waitFor({ timeout: 30_000 });
  for (const id of ["BL-4", "BL-5"]) assert.deepEqual((await recorded(shop, id)).map(({ verdict }) => verdict), ["ACCEPTED"]);
  await online.kill();
  rmSync(home, { recursive: true, force: true });
});

/** Pages of a browser that was started by hand have no base address. */
async function onCentral(page: Page): Promise<Page> {
  const go = page.goto.bind(page);
  page.goto = (address, options) => go(new URL(address, shop.centralUrl).href, options);
  return page;
}

test("an answer that is lost: the token is renewed by the same one, and a validation counts once", async () => {
  const who = await driver(shop, "awa", "Awa Ndiaye");
  const context = await browser.newContext({ baseURL: shop.centralUrl, locale: "fr-FR", serviceWorkers: "block" });
  const page = await enrolled(context, shop, who);
  await page.locator('a[href="#/stops/BL-6"]').waitFor();
  const lost: string[] = [];
  for (const path of ["/api/v1/auth/refresh", "/api/sync/push"]) {
    await context.route(`**${path}`, async (route) => {
      if (lost.includes(path)) return route.fallback();
      lost.push(path);
      await route.fetch();
      return route.abort("connectionreset");
    });
  }
  // The access token has run out.
  await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const asked = indexedDB.open("comptoir-driver");
      asked.onsuccess = () => resolve(asked.result);
    });
    const store = database.transaction("meta", "readwrite").objectStore("meta");
    await new Promise<void>((resolve) => {
      const asked = store.get("identity");
      asked.onsuccess = () => {
        const put = store.put({ ...asked.result, tokens: { ...asked.result.tokens, until: 0 } }, "identity");
        put.onsuccess = () => resolve();
      };
    });
    database.close();
  });
  await page.locator('a[href="#/stops/BL-6"]').click();
  await page.getByRole("button", { name: "Valider la livraison" }).click();
  await page.locator('.verdict[data-tone="good"]').waitFor({ timeout: 30_000 });
  assert.deepEqual(lost.sort(), ["/api/sync/push", "/api/v1/auth/refresh"]);
  assert.deepEqual((await recorded(shop, "BL-6")).map(({ verdict }) => verdict), ["ACCEPTED"]);
  await context.close();
});

test("who signs out with something unsent keeps it, and sends it with the next login", async () => {
  const who = await driver(shop, "ousmane", "Ousmane Ndiaye");
  const { context } = await openPhone(browser, shop);
  const page = await enrolled(context, shop, who);
  await page.locator('a[href="#/stops/BL-7"]').waitFor();
  await context.setOffline(true);
  await page.locator('a[href="#/stops/BL-7"]').click();
  await page.getByRole("button", { name: "Valider la livraison" }).click();
  await page.locator(".verdict").waitFor();
  await page.goto("/driver/#/settings");
  await page.getByRole("button", { name: "Continuer" }).click({ timeout: 1_000 }).catch(() => undefined);
  await page.getByRole("button", { name: "Se déconnecter" }).click();
  await page.getByText("1 en attente d'envoi").waitFor();
  await page.getByRole("button", { name: "Se déconnecter quand même" }).click();
  await page.getByText("1 en attente sur ce téléphone").waitFor();
  assert.equal((await stores(page))["outbox"], 1);
  await context.setOffline(false);
  await logIn(page, who);
  await page.locator('.state[data-word="up-to-date"]').waitFor({ timeout: 30_000 });
  assert.deepEqual((await recorded(shop, "BL-7")).map(({ verdict }) => verdict), ["ACCEPTED"]);
  await context.close();
});

test("in low-battery mode the phone asks for nothing by itself, is dark, shows no camera picture, and says so", async () => {
  const who = await driver(shop, "binta", "Binta Ndiaye");
  const { context } = await openPhone(browser, shop);
  const page = await enrolled(context, shop, who);
  await page.goto("/driver/#/settings");
  await page.getByRole("button", { name: "Économie" }).click();
  await page.getByText("Mode économie").first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark");
  await page.waitForLoadState("networkidle");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto("/driver/#/");
  await page.getByRole("button", { name: "Scanner un bon" }).click();
  await page.getByText("la caméra reste éteinte").waitFor();
  assert.equal(await page.locator("video").count(), 0);
  // Longer than a poll.
  await page.waitForTimeout(17_000);
  assert.deepEqual(asked.filter((url) => url.includes("/api/")), []);
  await context.close();
});
