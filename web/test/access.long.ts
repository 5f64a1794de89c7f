// axe on every screen, in both languages and both themes; and the pictures of docs/screens, for people to look at.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { unfitFor, violations } from "./axe";
import { openBrowser, openContext, openTill, sellByKeyboard, type Look } from "./browser";
import { ask, orderDraft } from "./goods";
import { TestNode } from "./node-process";

const PICTURES = process.env["COMPTOIR_PICTURES"];

/** Each walk has an order of its own. */
let orders = 1;
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

/** The screens, in the order of a sale. Each step ends with something to look at. */
const STEPS: [string, (page: Page) => Promise<void>][] = [
  ["till", async (page) => page.locator(".tile").first().waitFor()],
  [
    "cart",
    async (page) => {
      await page.keyboard.type("ORD900\nLIV778\n3*CAF250\n2*POM001\n");
      await page.locator(".line").nth(3).waitFor();
    },
  ],
  [
    "search",
    async (page) => {
      await page.keyboard.type("ca");
      await page.locator(".tile.on").waitFor();
    },
  ],
  [
    "line",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press("F2");
      await page.locator(".dialog").waitFor();
      await page.locator(".dialog input").nth(1).fill("10");
    },
  ],
  [
    "tender",
    async (page) => {
      await page.keyboard.press("Enter");
      await page.keyboard.press("F9");
      await page.locator(".dialog .due").waitFor();
      await page.keyboard.type("1300");
    },
  ],
  [
    "receipt",
    async (page) => {
      await page.keyboard.press("Enter");
      await page.locator(".done .paper").waitFor();
    },
  ],
  [
    "unknown",
    async (page) => {
      await page.keyboard.type("4006381333931\n");
      await page.locator(".dialog").waitFor();
    },
  ],
  [
    "held",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.keyboard.type("CAF250\n");
      await page.keyboard.press("F8");
      await page.keyboard.type("Mme Dupont\n");
      await page.locator(".cart > .empty").waitFor();
      await page.locator(".dialog").waitFor({ state: "detached" });
      await page.keyboard.press("F7");
      await page.locator(".rows").waitFor();
    },
  ],
  [
    "menu",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.locator(".menu > .button").click();
      await page.locator(".menu-panel").waitFor();
    },
  ],
  [
    "receipts",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.goto("/#/receipts");
      await page.locator(".table a").first().waitFor();
    },
  ],
  [
    "duplicate",
    async (page) => {
      await page.locator(".table a").first().click();
      // The first print is the original.
      await page.getByRole("button", { name: /Imprimer|Print/ }).click();
      await page.locator(".paper-mark.on-paper").first().waitFor({ state: "detached" });
      await page.getByRole("button", { name: /Imprimer|Print/ }).click();
      await page.locator(".paper-mark").first().waitFor();
    },
  ],
  [
    "refund",
    async (page) => {
      await page.locator(".button.danger").click();
      await page.locator(".dialog .short").first().waitFor();
    },
  ],
  [
    "drawer-closed",
    async (page) => {
      await page.goto("/#/drawer");
      await page.locator(".narrow-card form").waitFor();
    },
  ],
  [
    "drawer",
    async (page) => {
      await page.locator(".narrow-card .input").fill("150");
      await page.keyboard.press("Enter");
      await page.locator(".facts").waitFor();
      await page.goto("/#/");
      await page.locator(".tile").first().waitFor();
      await sellByKeyboard(page, "ORD900", "1300");
      await sellByKeyboard(page, "LIV778", "20");
      await page.goto("/#/drawer");
      await page.locator(".facts").waitFor();
    },
  ],
  [
    "drawer-cash",
    async (page) => {
      await page.locator(".screen-head .button").first().click();
      await page.locator(".dialog input").first().fill("35,50");
      await page.locator(".dialog input").last().fill("Laveur de vitres");
    },
  ],
  [
    "drawer-close",
    async (page) => {
      await page.keyboard.press("Enter");
      await page.locator(".dialog").waitFor({ state: "detached" });
      await page.goto("/#/drawer/close");
      await page.locator(".piece input").first().fill("2");
      await page.keyboard.press("Enter");
      await page.keyboard.type("1");
      await page.locator(".balance .warn").waitFor();
      await page.getByLabel(/Motif|Reason/).fill("Erreur de rendu de monnaie");
    },
  ],
  [
    "z-report",
    async (page) => {
      await page.locator(".actions .primary").click();
      await page.locator(".paper").waitFor();
    },
  ],
  [
    "queue",
    async (page) => {
      await page.goto("/#/queue");
      await page.locator(".table").waitFor();
    },
  ],
  [
    "receptions",
    async (page) => {
      await ask(node, "POST", "/api/v1/events", orderDraft(`BC-${1_000 + orders++}`, [{ product: "CAF250", quantity: "120" }, { product: "LIV778", quantity: "12" }]));
      await page.goto("/#/receptions");
      await page.locator("progress").first().waitFor();
    },
  ],
  [
    "count",
    async (page) => {
      await page.locator(".rows .primary").last().click();
      await page.locator(".dialog .primary").click();
      await page.locator(".count-line").nth(1).waitFor();
      await page.keyboard.type("9782070612758\n100*CAF250\n");
      await page.locator(".said").waitFor();
    },
  ],
  [
    "count-line",
    async (page) => {
      await page.locator(".count-line .line-text").first().click();
      await page.locator(".dialog").waitFor();
    },
  ],
  [
    "count-finish",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.locator(".dialog").waitFor({ state: "detached" });
      await page.keyboard.press("F9");
      await page.locator(".dialog .rows").waitFor();
    },
  ],
  [
    "reception",
    async (page) => {
      await page.locator(".dialog .primary").click();
      await page.locator(".screen h1").waitFor();
      await page.locator(".table").waitFor();
    },
  ],
  [
    "stock",
    async (page) => {
      await page.goto("/#/stock");
      await page.locator(".table").waitFor();
    },
  ],
  [
    "client",
    async (page) => {
      await page.goto("/#/clients/new");
      await page.locator(".field").nth(7).waitFor();
    },
  ],
  [
    "clients",
    async (page) => {
      await page.locator(".field input").first().fill("Groupe scolaire Marie-Curie et Association des parents d'élèves de la rive gauche");
      await page.keyboard.press("Enter");
      await page.locator(".screen-head .badge").waitFor();
      await page.goto("/#/clients");
      await page.locator(".table").waitFor();
    },
  ],
  [
    "invoice-draft",
    async (page) => {
      await page.goto("/#/invoices");
      await page.locator(".screen-head .primary").click();
      await page.locator(".finder").nth(1).waitFor();
      await page.locator(".finder input").first().fill("groupe");
      await page.keyboard.press("Enter");
      await page.locator(".finder input").last().focus();
      await page.keyboard.type("12*ORD900\nLIV778\n");
      await page.locator(".invoice-lines li").nth(1).waitFor();
      await page.keyboard.type("caf");
      await page.locator(".found").waitFor();
    },
  ],
  [
    "invoice",
    async (page) => {
      await page.keyboard.press("Escape");
      await page.locator(".bar .primary").click();
      await page.locator(".dialog .primary").click();
      await page.locator(".sheet").waitFor();
    },
  ],
  [
    "invoices",
    async (page) => {
      await page.goto("/#/invoices");
      await page.locator(".table").waitFor();
    },
  ],
  [
    "ui",
    async (page) => {
      await page.goto("/#/ui");
      await page.locator(".gallery").waitFor();
    },
  ],
];

async function walk(look: Look, see: (name: string, page: Page) => Promise<void>): Promise<void> {
  const { context, complaints } = await openContext(browser, node.url, look);
  const page = await context.newPage();
  await page.goto("/");
  await page.locator(".session-card").waitFor();
  await see("session", page);
  await page.close();
  const till = await openTill(context, node.key);
  for (const [name, step] of STEPS) {
    await step(till);
    await see(name, till);
  }
  complaints.assertNone();
  await context.close();
}

for (const language of ["fr", "en"] as const) {
  for (const theme of ["light", "dark"] as const) {
    test(`axe finds nothing on any screen: ${language}, ${theme}`, async () => {
      const found: string[] = [];
      await walk({ language, theme }, async (name, page) => {
        assert.equal(await page.evaluate(() => document.documentElement.lang), language);
        found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
      });
      assert.deepEqual(found, []);
    });
  }
}

test("nothing is wider than a phone, and every target is large enough for a finger", async () => {
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

test("the screens of a sale by touch alone, on a phone", async () => {
  const { context } = await openContext(browser, node.url, { width: 390, height: 844, touch: true });
  const page = await openTill(context, node.key);
  await page.locator(".tile").first().tap();
  await page.locator(".pay").tap();
  await page.locator(".dialog .choice .button").last().tap();
  await page.locator(".dialog .actions .primary").tap();
  await page.locator(".done .paper").waitFor();
  await sellByKeyboard(page, "SAC010");
  await context.close();
});
