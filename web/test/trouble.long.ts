// What a till says and does when something is missing: its node, the link to central, the browser itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { figure, openBrowser, openContext, openTill, sales, sellByKeyboard, signIn } from "./browser";
import { PRODUCTS, stock, TestNode, TestShop } from "./node-process";

let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  ({ browser, close } = await openBrowser());
});
after(() => close?.());

test("a node that is killed in the middle of a sale: the till says so, and the sale is recorded once", async () => {
  const node = await TestNode.start();
  const { context } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  await page.keyboard.type("CAF250\n");
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  await node.kill();
  await page.locator(".unreached").waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("Cette vente n'est pas confirmée").waitFor();
  assert.equal(await page.locator(".paper").count(), 0, "no receipt without the log's ok");
  assert.equal(await page.locator('.state[data-word="unreached"]').count(), 1);
  // The browser is closed and opened too: what was paid is kept.
  await page.reload().catch(() => undefined);
  await node.startAgain();
  await page.goto("/");
  await page.locator(".session-card").waitFor();
  await signIn(page, node.key);
  await page.locator(".done .paper").waitFor();
  assert.equal((await sales(node.url, node.key)).length, 1);
  await context.close();
  await node.stop();
});

test("an answer that is lost after the sale was recorded: sending again counts nothing twice", async () => {
  const node = await TestNode.start();
  const { context } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  let lost = 0;
  await context.route("**/api/v1/sales", async (route) => {
    if (route.request().method() !== "POST" || lost > 0) return route.fallback();
    lost += 1;
    await route.fetch();
    return route.abort("connectionreset");
  });
  await page.keyboard.type("CAF250\n");
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Renvoyer" }).click();
  await page.locator(".done .paper").waitFor();
  assert.deepEqual([lost, (await sales(node.url, node.key)).length], [1, 1]);
  await context.close();
  await node.stop();
});

test("a cart survives the tab that had it, and two tabs never share one", async () => {
  const node = await TestNode.start();
  const { context, complaints } = await openContext(browser, node.url);
  const one = await openTill(context, node.key);
  await one.locator(".tile").first().waitFor();
  await one.keyboard.type("CAF250\n");
  await one.locator(".line").waitFor();
  const two = await openTill(context, node.key);
  await two.locator(".tile").first().waitFor();
  assert.equal(await two.locator(".line").count(), 0, "the first tab is still selling it");
  await two.keyboard.type("THE020\n");
  await sellByKeyboardFrom(two);
  await one.bringToFront();
  await sellByKeyboardFrom(one);
  assert.deepEqual((await sales(node.url, node.key)).map((sale) => sale.payload.total_minor), [435, 290]);
  // Both know the state by one stream.
  const streams = await Promise.all([one, two].map((page) => page.evaluate(() => performance.getEntriesByType("resource").filter((entry) => entry.name.endsWith("/api/v1/stream")).length)));
  assert.ok(streams.includes(0) || streams[0]! + streams[1]! <= 1, `${streams}`);
  await two.locator(".state[data-word='waiting']").waitFor();
  await two.bringToFront();
  await two.keyboard.type("SAC010\n");
  await two.locator(".line").waitFor();
  await two.close();
  const three = await openTill(context, node.key);
  await three.locator(".line").waitFor();
  assert.equal(figure(await three.locator(".total b").textContent()), "0,10 €");
  complaints.assertNone();
  await context.close();
  await node.stop();
});

async function sellByKeyboardFrom(page: import("playwright-core").Page): Promise<void> {
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".done .paper").waitFor();
}

test("fifty sales with the link to central cut and joined: none is lost, none counts twice", async () => {
  const shop = await TestShop.start();
  await stock(shop, PRODUCTS);
  const { context, complaints } = await openContext(browser, shop.url, { ownProducts: true });
  const page = await openTill(context, shop.key);
  await page.locator(".tile").first().waitFor();
  for (let sale = 0; sale < 50; sale += 1) {
    if (sale % 16 === 3) shop.cut();
    if (sale % 16 === 12) shop.join();
    await sellByKeyboard(page, sale % 2 === 0 ? "CAF250" : "THE020", "10");
    if (sale % 16 === 10) await page.locator(".state[data-word='offline'], .state[data-word='waiting']").waitFor();
  }
  shop.join();
  const total = 25 * 435 + 25 * 290;
  assert.equal((await sales(shop.url, shop.key)).reduce((sum, sale) => sum + sale.payload.total_minor, 0), total);
  await page.locator(".state[data-word='up-to-date']").waitFor({ timeout: 60_000 });
  assert.deepEqual(await shop.sold(), [50, total]);
  complaints.assertNone();
  await context.close();
  await shop.stop();
});

test("a full disk: the till says so, prints nothing, and records the sale once there is room", async () => {
  const node = await TestNode.start();
  const { context } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  await sellByKeyboard(page, "CAF250", "10");
  await page.keyboard.type("THE020\n");
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  node.denyWrites();
  await page.keyboard.press("Enter");
  const notRecorded = page.locator(".banner.danger");
  await notRecorded.waitFor();
  assert.match((await notRecorded.textContent())!, /Le disque de la boutique est plein|Le journal de la boutique n'accepte plus rien/);
  assert.equal(await page.locator(".paper").count(), 0, "no receipt without the log's ok");
  // The operator makes room, and restarts the node as the log asks after a failed write.
  await node.kill();
  await node.startAgain();
  await page.locator(".session-card").waitFor();
  await signIn(page, node.key);
  await page.locator(".done .paper").waitFor();
  assert.deepEqual((await sales(node.url, node.key)).map((sale) => sale.payload.total_minor), [290, 435]);
  await context.close();
  await node.stop();
});
