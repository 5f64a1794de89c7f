// Two hundred sales while the network is cut, the node killed and the browser crashed at random. Whatever happens, till, node and
// central agree to the cent. The seed is printed; COMPTOIR_SEED repeats a run.
import assert from "node:assert/strict";
import { createServer, connect, type Server, type Socket } from "node:net";
import { test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { figure, openBrowser, openContext, openTill, sales, signIn } from "./browser";
import { PRODUCTS, stock, TestNode, TestShop } from "./node-process";

const SALES = 200;

/** The line between node and central: what is cut answers nobody. */
class Line {
  private readonly server: Server;
  private readonly open = new Set<Socket>();
  private isCut = false;

  private constructor(target: number) {
    this.server = createServer((near) => {
      if (this.isCut) return void near.destroy();
      const far = connect(target, "127.0.0.1");
      for (const [one, other] of [[near, far], [far, near]] as const) {
        this.open.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy()).on("close", () => (this.open.delete(one), other.destroy()));
      }
    });
  }

  static async to(url: string): Promise<Line> {
    const line = new Line(Number(new URL(url).port));
    await new Promise<void>((done) => line.server.listen(0, "127.0.0.1", done));
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  cut(isCut: boolean): void {
    this.isCut = isCut;
    if (isCut) for (const socket of this.open) socket.destroy();
  }

  close(): void {
    this.cut(true);
    this.server.close();
  }
}

/** Numbers below one that a seed repeats (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function minorOf(text: string | null): number {
  return Number(figure(text).replace(/[^\d]/g, ""));
}

async function crashed(context: BrowserContext, page: Page, key: string): Promise<Page> {
  await page.goto("chrome://crash").catch(() => undefined);
  await page.close();
  const next = await openTill(context, key);
  await next.locator(".tile").first().waitFor();
  return next;
}

test("200 sales with random cuts of network, node and browser agree to the cent", async (running) => {
  const seed = Number(process.env["COMPTOIR_SEED"] ?? Date.now() % 1_000_000);
  running.diagnostic(`COMPTOIR_SEED=${seed}`);
  const random = numbers(seed);
  const shop = await TestShop.start();
  await stock(shop, PRODUCTS);
  const line = await Line.to(shop.centralUrl);
  const node = await TestNode.start(shop.till(line.url));
  const { browser, close } = await openBrowser();
  const { context } = await openContext(browser, node.url);
  let page = await openTill(context, node.key);
  await page.locator(".tile").first().waitFor();
  let [total, kills, crashes, cuts] = [0, 0, 0, 0];
  let isCut = false;

  for (let sale = 0; sale < SALES; sale += 1) {
    if (random() < 0.12) {
      isCut = !isCut;
      line.cut(isCut);
      cuts += 1;
    }
    const chance = random();
    const fault = chance < 0.04 ? "node" : chance < 0.09 ? "browser" : "none";
    const product = PRODUCTS[Math.floor(random() * PRODUCTS.length)]!;
    await page.keyboard.type(`${1 + Math.floor(random() * 3)}*${product.code}`);
    await page.keyboard.press("Enter");
    await page.locator(".line").first().waitFor();
    const amount = minorOf(await page.locator(".total b").textContent());
    await page.keyboard.press("F9");
    await page.locator(".dialog .due").waitFor();
    if (fault === "node") {
      // Killed before, while or after the node records it: the till cannot know.
      const when = random();
      const killed = when < 0.5 ? node.kill() : undefined;
      await page.keyboard.press("Enter");
      await (killed ?? node.kill());
      await node.startAgain();
      kills += 1;
      // The session of a key ends with its node.
      await page.locator(".session-card").waitFor({ timeout: 60_000 });
      await signIn(page, node.key);
      await page.locator(".done").waitFor({ timeout: 60_000 });
    } else if (fault === "browser") {
      const sent = page.keyboard.press("Enter").catch(() => undefined);
      if (random() < 0.5) await sent;
      page = await crashed(context, page, node.key);
      crashes += 1;
      // The cart is as it was, or paid and on its way, or recorded and gone.
      await page.locator(".done, .cart > .empty, .line").first().waitFor();
      if ((await page.locator(".line").count()) > 0 && (await page.locator(".done").count()) === 0) {
        await page.keyboard.press("F9");
        await page.locator(".dialog .due, .done").first().waitFor();
        if (await page.locator(".dialog .due").isVisible()) await page.keyboard.press("Enter");
        await page.locator(".done").waitFor();
      }
    } else {
      await page.keyboard.press("Enter");
      await page.locator(".done").waitFor();
    }
    total += amount;
  }

  running.diagnostic(`${cuts} cuts of the line, ${kills} kills of the node, ${crashes} crashes of the browser`);
  const recorded = await sales(node.url, node.key);
  assert.deepEqual([recorded.length, recorded.reduce((sum, sale) => sum + sale.payload.total_minor, 0)], [SALES, total]);
  line.cut(false);
  await page.locator(".state[data-word='up-to-date']").waitFor({ timeout: 120_000 });
  assert.deepEqual(await shop.sold(), [SALES, total]);
  await context.close();
  await close();
  await node.stop();
  line.close();
  await shop.stop();
});
