// A sale by keyboard alone, and what it leaves in the node's log.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { figure, openBrowser, openContext, openTill, sales, sellByKeyboard } from "./browser";
import { PRODUCTS, TestNode } from "./node-process";

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

test("a sale by keyboard alone, from the first letter to the next sale", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  // Two coffees by scanner, three notebooks by name, and a discount of 10 % on these.
  await page.keyboard.type("3271820001234\n3271820001234\n3*cahier");
  await page.keyboard.press("Enter");
  assert.deepEqual(await page.locator(".line-name").allTextContents(), [PRODUCTS[0]!["name"], PRODUCTS[2]!["name"]]);
  await page.keyboard.press("F2");
  await page.locator(".dialog").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("10");
  await page.keyboard.press("Enter");
  // 2 x 4,35 + 3 x 1,80 - 0,54
  assert.equal(figure(await page.locator(".total b").textContent()), "13,56 €");
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  await page.keyboard.type("20");
  assert.equal(figure(await page.locator(".change b").textContent()), "6,44 €");
  assert.equal(await page.locator(".paper").count(), 0, "nothing is printed before the log's ok");
  await page.keyboard.press("Enter");
  await page.locator(".done .paper").waitFor();
  assert.equal(figure(await page.locator(".done-change b").textContent()), "6,44 €");
  const [sold] = await sales(node.url, node.key);
  assert.equal(sold?.payload.total_minor, 1356);
  // The next letters begin the next sale.
  await sellByKeyboard(page, "SAC010");
  const all = await sales(node.url, node.key);
  assert.deepEqual(all.map((sale) => sale.payload.total_minor), [10, 1356]);
  complaints.assertNone();
  await context.close();
});

test("a code that no product has can be sold, and Escape gives it up", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  await page.keyboard.type("4006381333931\n");
  await page.locator(".dialog").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".line").count(), 0);
  await page.keyboard.type("4006381333931\n");
  await page.locator(".dialog input").first().fill("Surligneur");
  await page.keyboard.press("Tab");
  await page.keyboard.type("1,2");
  await page.keyboard.press("Enter");
  assert.equal(figure(await page.locator(".total b").textContent()), "1,20 €");
  complaints.assertNone();
  await context.close();
});

test("a split payment takes no more by card than is due", async () => {
  const { context } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  await page.keyboard.type("CAF250\n");
  await page.keyboard.press("F9");
  await page.keyboard.press("F2");
  await page.keyboard.type("9");
  // A card gives no change.
  await page.locator(".dialog .error").waitFor();
  await page.locator(".dialog .input").fill("3");
  await page.keyboard.press("Enter");
  assert.equal(figure(await page.locator(".due b").textContent()), "1,35 €");
  await page.keyboard.press("F1");
  await page.keyboard.type("5");
  assert.equal(figure(await page.locator(".change b").textContent()), "3,65 €");
  await page.keyboard.press("Enter");
  await page.locator(".done .paper").waitFor();
  const answer = await fetch(`${node.url}/api/v1/sales?limit=1`, { headers: { authorization: `Bearer ${node.key}` } });
  const { rows } = (await answer.json()) as { rows: { payload: { payments: unknown } }[] };
  assert.deepEqual(rows[0]?.payload.payments, [
    { amount_minor: 300, method: "card" },
    { amount_minor: 500, method: "cash" },
    { amount_minor: -365, method: "cash" },
  ]);
  await context.close();
});

test("a cart is held, and taken back by another till of the shop", async () => {
  const one = await openContext(browser, node.url);
  const other = await openContext(browser, node.url);
  const first = await openTill(one.context, node.key);
  const second = await openTill(other.context, node.key);
  await first.locator(".tile").first().waitFor();
  await first.keyboard.type("CAF250\n");
  await first.keyboard.press("F8");
  await first.keyboard.type("Mme Dupont");
  await first.keyboard.press("Enter");
  await first.locator(".cart > .empty").waitFor();
  await first.locator(".dialog").waitFor({ state: "detached" });
  await second.keyboard.press("F7");
  await second.getByText("Mme Dupont").waitFor();
  await second.locator(".dialog .rows .button").click();
  await second.locator(".line").waitFor();
  assert.equal(figure(await second.locator(".total b").textContent()), "4,35 €");
  await first.keyboard.press("F7");
  await first.locator(".dialog .empty").waitFor();
  await one.context.close();
  await other.context.close();
});

test("a receipt is printed once as an original and then as a duplicate, proven by its code, and refunded in part", async () => {
  const { context, complaints } = await openContext(browser, node.url);
  await context.addInitScript(() => {
    (globalThis as unknown as { printed: string[] }).printed = [];
    globalThis.print = () => (globalThis as unknown as { printed: string[] }).printed.push(document.querySelector<HTMLElement>(".paper")!.innerText);
  });
  const printed = (): Promise<string[]> => page.evaluate(() => (globalThis as unknown as { printed: string[] }).printed);
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  await sellByKeyboard(page, "2*THE020", "10");
  await page.locator(".done .paper").waitFor();
  await page.getByRole("button", { name: "Imprimer" }).click();
  while ((await printed()).length < 1) await page.waitForTimeout(20);
  assert.doesNotMatch((await printed())[0]!, /DUPLICATA/);
  await page.goto("/#/receipts");
  await page.locator(".table a").first().click();
  await page.getByRole("button", { name: "Imprimer" }).click();
  await page.locator(".paper-mark:not(.on-paper)").first().waitFor();
  while ((await printed()).length < 2) await page.waitForTimeout(20);
  assert.match((await printed())[1]!, /DUPLICATA 1/);
  const log = await fetch(`${node.url}/api/v1/events?last=10`, { headers: { authorization: `Bearer ${node.key}` } });
  const { events } = (await log.json()) as { events: { payload: { action?: string } }[] };
  const prints = events.map(({ payload }) => payload.action).filter((action) => action?.startsWith("RECEIPT_"));
  assert.deepEqual(prints, ["RECEIPT_PRINTED", "RECEIPT_REPRINTED"], "each print is recorded once, by the node");
  await page.getByRole("button", { name: "Rembourser" }).click();
  await page.locator(".dialog .short input").fill("1");
  await page.locator(".dialog .input").last().fill("Boîte abîmée");
  assert.equal(figure(await page.locator(".dialog .due b").textContent()), "2,90 €");
  await page.getByRole("button", { name: "Enregistrer le remboursement" }).click();
  await page.getByRole("heading", { name: "Remboursements" }).waitFor();
  const [refund, sale] = await sales(node.url, node.key);
  assert.deepEqual([refund?.action, refund?.payload.total_minor], ["SALE_REFUNDED", 290]);
  const { receipt } = sale as unknown as { receipt: string };
  await page.goto(receipt);
  await page.getByText("authentique").waitFor();
  await page.goto(`${receipt.slice(0, -8)}AAAAAAAA`);
  await page.locator(".state.warn").waitFor();
  complaints.assertNone();
  await context.close();
});
