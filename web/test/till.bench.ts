// How long a till's action takes until it is painted, while 1,000 events wait and 10,000 products are searched.
import { openBrowser, openContext, openTill } from "./browser";
import { listed, PRODUCTS, TestNode } from "./node-process";
import { index, productOf, search } from "../src/till/catalogue";

const WAITING = 1_000;
const SOLD = 10_000;

const many = Array.from({ length: SOLD }, (_, at) => {
  const like = PRODUCTS[at % PRODUCTS.length]!;
  return { ...like, code: `${like.code}-${at}`, name: `${String(like["name"])} ${at}`, ean: String(4_000_000_000_000 + at) };
});

function quantiles(name: string, milliseconds: number[]): void {
  const sorted = [...milliseconds].sort((one, other) => one - other);
  const at = (part: number): string => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1).padStart(7);
  console.log(`${name.padEnd(44)} ${at(0.5)} ${at(0.95)} ${at(1)}   ms: median, 95 of 100, worst of ${sorted.length}`);
}

/** Measures from each key to the frame after it. */
function watchKeys(): void {
  const measured: { key: string; took: number }[] = [];
  (globalThis as unknown as { measured: typeof measured }).measured = measured;
  addEventListener(
    "keydown",
    (event) => {
      const began = performance.now();
      requestAnimationFrame(() => setTimeout(() => measured.push({ key: event.key, took: performance.now() - began })));
    },
    true,
  );
}

const indexed = index((listed(many).rows as Parameters<typeof productOf>[0][]).map(productOf));
const words = ["c", "ca", "cafe moulu", "cahier 96 pages 41", "4000000004711", "zzz"];
quantiles(
  `search of ${SOLD} products`,
  Array.from({ length: 300 }, (_, at) => {
    const began = performance.now();
    search(indexed, words[at % words.length]!);
    return performance.now() - began;
  }),
);

const node = await TestNode.start();
const line = (at: number): string =>
  JSON.stringify({
    id: `0199c0de-0000-7000-8000-${at.toString(16).padStart(12, "0")}`,
    entity_type: "SALE",
    entity_id: `waiting-${at}`,
    action: "SALE_RECORDED",
    payload: { currency: "EUR", total_minor: 100, lines: [{ product: "p", quantity: "1", unit_price: "1" }] },
  });
await fetch(`${node.url}/api/v1/events`, {
  method: "POST",
  headers: { authorization: `Bearer ${node.key}`, "content-type": "application/x-ndjson" },
  body: Array.from({ length: WAITING }, (_, at) => line(at)).join("\n"),
}).then((answer) => answer.text());
const { browser, close } = await openBrowser();
const { context } = await openContext(browser, node.url, { ownProducts: true });
await context.route("**/api/v1/products?*", (route) => route.fulfill({ json: listed(many) }));
await context.addInitScript(watchKeys);
const page = await openTill(context, node.key);
await page.locator(".tile").first().waitFor();
await page.locator(".state", { hasText: /1.000/ }).waitFor();
const recorded: number[] = [];
for (let sale = 0; sale < 20; sale += 1) {
  await page.keyboard.type("cafe moulu");
  await page.keyboard.press("Enter");
  await page.keyboard.type(`3*${many[sale * 17]!.code}`);
  await page.keyboard.press("Enter");
  await page.keyboard.press("F9");
  await page.locator(".dialog .due").waitFor();
  const began = performance.now();
  await page.keyboard.press("Enter");
  await page.locator(".done").waitFor();
  recorded.push(performance.now() - began);
}
const measured = await page.evaluate(() => (globalThis as unknown as { measured: { key: string; took: number }[] }).measured);
quantiles("a letter in the search, until it is painted", measured.filter(({ key }) => key.length === 1).map(({ took }) => took));
quantiles("Enter and F9, until they are painted", measured.filter(({ key }) => key.length > 1).map(({ took }) => took));
quantiles("a sale, until the node has it and it is shown", recorded);
await context.close();
await close();
await node.stop();
