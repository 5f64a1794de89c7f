// A session of the till, from the opening float to the Z report; and the shop's printer.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { figure, openBrowser, openContext, openTill, sales, sellByKeyboard } from "./browser";
import { TestNode } from "./node-process";

let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  ({ browser, close } = await openBrowser());
});
after(() => close?.());

test("a session: the float is asked for, cash moves, the count closes it, and its sales name it", async () => {
  const node = await TestNode.start({ TILL_SESSIONS: "ask", TILL_CURRENCY: "EUR" });
  const { context, complaints } = await openContext(browser, node.url);
  const page = await openTill(context, node.key);
  await page.locator(".asks .input").fill("100");
  await page.keyboard.press("Enter");
  await page.locator(".cart > .empty").waitFor();
  await sellByKeyboard(page, "CAF250", "10");
  await sellByKeyboard(page, "THE020");
  await page.goto("/#/drawer");
  await page.locator(".facts").waitFor();
  await page.getByRole("button", { name: "Entrée ou sortie" }).click();
  await page.locator(".dialog input").first().fill("20");
  await page.locator(".dialog input").last().fill("Timbres");
  await page.keyboard.press("Enter");
  await page.locator(".dialog").waitFor({ state: "detached" });
  // 100 + 4,35 + 2,90 - 20
  await page.locator(".figure", { hasText: "87,25" }).waitFor();
  await page.getByRole("button", { name: "Compter et clôturer" }).click();
  const count = async (label: string, pieces: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(pieces);
  await count("50,00 €", "1");
  await count("20,00 €", "1");
  await count("10,00 €", "1");
  await count("5,00 €", "1");
  await count("2,00 €", "1");
  const closing = page.getByRole("button", { name: "Clôturer", exact: true });
  assert.equal(figure(await page.locator(".balance .warn dd").textContent()), "-0,25 €");
  assert.ok(await closing.isDisabled(), "a difference needs a reason");
  await count("0,20 €", "1");
  await count("0,05 €", "1");
  assert.equal(figure(await page.locator(".balance .good dd").textContent()), "0,00 €");
  await closing.click();
  await page.locator(".paper").waitFor();
  assert.match(figure(await page.locator(".paper").textContent()), /Rapport Z n° 1.*Grand total7,25 €/s);
  const sold = (await sales(node.url, node.key)) as unknown as { correlation?: string }[];
  const listed = await fetch(`${node.url}/api/v1/till/closings`, { headers: { authorization: `Bearer ${node.key}` } });
  const { rows } = (await listed.json()) as { rows: { entity_id: string; payload: { sales_minor: number; unsent: number } }[] };
  assert.deepEqual(sold.map(({ correlation }) => correlation), [rows[0]!.entity_id, rows[0]!.entity_id]);
  assert.equal(rows[0]!.payload.sales_minor, 725);
  assert.ok(rows[0]!.payload.unsent >= 4, "what is unsent is said, and keeps its session");
  // The next customer: the float is asked for again.
  await page.goto("/#/");
  await page.locator(".asks").waitFor();
  complaints.assertNone();
  await context.close();
  await node.stop();
});

test("the shop's printer prints what the button says, and the page prints nothing", async () => {
  const papers: string[] = [];
  const printer = createServer((socket) => {
    let paper = "";
    socket.setEncoding("latin1").on("data", (bytes) => (paper += bytes)).on("end", () => papers.push(paper));
  });
  await new Promise<void>((done) => printer.listen(0, "127.0.0.1", done));
  const node = await TestNode.start({ RECEIPT_PRINTER: `127.0.0.1:${(printer.address() as { port: number }).port}` });
  const { context } = await openContext(browser, node.url);
  await context.addInitScript(() => {
    globalThis.print = () => document.body.setAttribute("data-printed", "");
  });
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  await sellByKeyboard(page, "CAF250", "10");
  for (const _ of ["the original", "a duplicate"]) {
    const before = papers.length;
    await page.getByRole("button", { name: "Imprimer" }).click();
    while (papers.length === before) await page.waitForTimeout(20);
    await page.getByText("Envoyé à l'imprimante").waitFor();
  }
  assert.deepEqual(papers.map((paper) => paper.includes("DUPLICATA")), [false, true]);
  assert.equal(await page.locator("[data-printed]").count(), 0);
  printer.close();
  await page.getByRole("button", { name: "Imprimer" }).click();
  await page.getByText("L'imprimante ne répond pas").waitFor();
  await context.close();
  await node.stop();
});
