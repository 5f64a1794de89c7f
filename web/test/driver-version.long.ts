// A new version of the drivers' pages: a phone hears of it, loads it when its user wants to, and never keeps more than two.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser } from "./browser";
import { TestShop } from "./node-process";
import { driver, enrolled, order } from "./road";

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;
let central: Server;
/** The version that central has now; undefined for the one that it was built with. */
let version: string | undefined;
let url: string;

before(async () => {
  shop = await TestShop.start();
  await order(shop, [{ id: "BL-1", client: "Client 1" }]);
  ({ browser, close } = await openBrowser());
  // Between the phone and central, as an upgrade changes what central serves.
  central = createServer((asked, answer) => {
    const parts: Buffer[] = [];
    asked.on("data", (part: Buffer) => parts.push(part));
    asked.on("end", async () => {
      const { connection: _, "content-length": __, ...headers } = asked.headers as Record<string, string>;
      const { hostname, port } = new URL(shop.centralUrl);
      const own = { ...headers, ...(headers["origin"] ? { origin: shop.centralUrl } : {}), host: `${hostname}:${port}`, "accept-encoding": "identity" };
      const body = parts.length > 0 ? { body: Buffer.concat(parts) } : {};
      const got = await fetch(shop.centralUrl + asked.url, { method: asked.method ?? "GET", headers: own, ...body });
      let text = Buffer.from(await got.arrayBuffer());
      if (asked.url === "/driver/sw.js" && version) text = Buffer.from(text.toString().replace(/const VERSION = "[^"]+"/, `const VERSION = "${version}"`));
      if (asked.url === "/driver/" && version) text = Buffer.from(text.toString().replace("<body>", `<body data-version="${version}">`));
      const kept = [...got.headers].filter(([name]) => !["content-length", "transfer-encoding", "connection", "etag"].includes(name));
      answer.writeHead(got.status, Object.fromEntries(kept)).end(text);
    });
  });
  await new Promise<void>((ready) => central.listen(0, "127.0.0.1", ready));
  url = `http://127.0.0.1:${(central.address() as { port: number }).port}`;
});
after(async () => {
  await close?.();
  central?.closeAllConnections();
  central?.close();
  await shop?.stop();
});

test("a phone offers the new version, loads it, and forgets the oldest", async () => {
  const who = await driver(shop, "amadou", "Amadou Ndiaye");
  const context = await browser.newContext({ baseURL: url, locale: "fr-FR" });
  const page = await enrolled(context, shop, who);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const caches = (): Promise<string[]> => page.evaluate(() => globalThis.caches.keys());
  assert.equal((await caches()).length, 1);
  assert.equal(await page.getByText("Une nouvelle version est prête").count(), 0, "the first worker is no new version");
  for (const next of ["000000000002", "000000000003"]) {
    version = next;
    // The page is looked at again.
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByText("Une nouvelle version est prête").waitFor();
    await page.getByRole("button", { name: "Recharger" }).click();
    await page.locator(`body[data-version="${next}"]`).waitFor();
    await page.locator('a[href="#/stops/BL-1"]').waitFor();
    await page.waitForFunction((name) => globalThis.caches.keys().then((keys) => keys.includes(name)), `comptoir-driver-${next}`);
  }
  assert.deepEqual(await caches(), ["comptoir-driver-000000000002", "comptoir-driver-000000000003"]);
  // Without a network the newest kept page opens.
  await context.setOffline(true);
  await page.goto("/driver/#/settings");
  await page.reload();
  await page.locator('body[data-version="000000000003"]').waitFor();
  await context.close();
});
