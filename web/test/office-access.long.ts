// axe on every screen of head office, in both languages and both themes; what fits a phone; and pictures for people to look at.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { unfitFor, violations } from "./axe";
import { openBrowser, openContext, type Look } from "./browser";
import { TestShop } from "./node-process";
import { atCentral, demoOf, logIn } from "./office";

const PICTURES = process.env["COMPTOIR_PICTURES"];

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  shop = await TestShop.start(["--demo"]);
  ({ browser, close } = await openBrowser());
  // Somebody who may see every screen.
  const { code } = await atCentral<{ code: string }>(shop, "/api/v1/users", {
    method: "POST",
    body: JSON.stringify({ login: "boss", name: "Marie-Antoinette de La Rochefoucauld-Montmorency", roles: [{ role: "admin", site: null }] }),
  });
  const setup = await fetch(`${shop.centralUrl}/api/v1/auth/setup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code, password: demoOf(shop).password }),
  });
  assert.equal(setup.status, 200);
});
after(async () => {
  await close?.();
  await shop?.stop();
});

const go = (place: string, until: string) => async (page: Page): Promise<void> => {
  await page.evaluate((hash) => void (location.hash = hash), `#/${place}`);
  await page.locator(until).first().waitFor();
};

/** Each step ends with something to look at. */
const STEPS: [string, (page: Page) => Promise<void>][] = [
  ["office-overview", async (page) => page.locator(".table").nth(1).waitFor()],
  ["office-report", go(`reports/${encodeURIComponent("by=site&from=2010-12-01&to=2010-12-01")}`, "tfoot")],
  ["office-products", go(`reports/${encodeURIComponent("by=product&from=2010-12-01&to=2010-12-01")}`, "tfoot")],
  ["office-empty-report", go(`reports/${encodeURIComponent("by=day&from=2011-01-01&to=2011-01-02")}`, ".empty")],
  ["office-conflicts", go("conflicts", ".inbox-row")],
  [
    "office-conflict",
    async (page) => {
      await page.locator(".inbox-row").first().click();
      await page.locator(".differences").waitFor();
      await page.keyboard.press("b");
      await page.keyboard.press("Enter");
      await page.locator(".banner.info b").first().waitFor();
    },
  ],
  ["office-quarantine", go("quarantine", ".empty")],
  ["office-people", go("people", ".row-actions .button")],
  [
    "office-new-person",
    async (page) => {
      await page.locator(".screen-head .button.primary").click();
      await page.locator("dialog input").first().fill("Zoé");
    },
  ],
];

for (const language of ["fr", "en"] as const) {
  for (const theme of ["light", "dark"] as const) {
    test(`no violation: ${language}, ${theme}`, async () => {
      const { context, complaints } = await openContext(browser, shop.centralUrl, { language, theme, ownProducts: true });
      const page = await logIn(context, "boss", demoOf(shop).password);
      for (const [name, step] of STEPS) {
        await step(page);
        assert.deepEqual(await violations(page), [], name);
      }
      complaints.assertNone();
      await context.close();
    });
  }
}

const LOOKS: Look[] = [{ width: 390, height: 844 }, { width: 1024 }, { width: 1920, height: 1080 }, { width: 1024, theme: "dark" }];
for (const look of LOOKS) {
  test(`at ${look.width} px, ${look.theme ?? "light"}, nothing is wider than the screen`, async () => {
    const { context } = await openContext(browser, shop.centralUrl, { ...look, ownProducts: true });
    const page = await logIn(context, "boss", demoOf(shop).password);
    for (const [name, step] of STEPS) {
      await step(page);
      const wide = (await unfitFor(page)).filter((what) => what.endsWith("too wide"));
      assert.deepEqual(wide, [], name);
      if (PICTURES) {
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: `${PICTURES}/${name}-${look.width}-${look.theme ?? "light"}.png` });
      }
    }
    await context.close();
  });
}
