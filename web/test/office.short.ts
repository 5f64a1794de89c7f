// Head office: the inbox of conflicts by keyboard, and what a stale tab and a second secretary see.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser, openContext } from "./browser";
import { TestShop } from "./node-process";
import { atCentral, demoOf, logIn } from "./office";

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  shop = await TestShop.start(["--demo", "--no-sample", "--currency", "EUR"]);
  ({ browser, close } = await openBrowser());
});
after(async () => {
  await close?.();
  await shop?.stop();
});

type Pupil = { fields: Record<string, unknown> };

test("a manager decides two conflicts by keyboard, and a stale tab decides nothing", async () => {
  const { password } = demoOf(shop);
  const { context, complaints } = await openContext(browser, shop.centralUrl, { ownProducts: true });
  const page = await logIn(context, "marc", password);
  // The count is that of the list.
  await page.locator(".count-tile", { hasText: "Conflits" }).locator(".count-figure", { hasText: "2" }).waitFor();
  await page.locator(".office-nav a", { hasText: "Conflits" }).click();
  await page.locator(".inbox-row").nth(1).waitFor();

  // Another tab opens the first one and leaves it there.
  const stale = await context.newPage();
  await stale.goto("/office/#/conflicts");
  await stale.locator(".inbox-row").first().click();
  await stale.locator(".differences").waitFor();
  await stale.keyboard.press("b");
  await stale.keyboard.press("Enter");
  await stale.locator(".banner.info b").first().waitFor();

  // Léa: the site's phone number, head office's class. One field is chosen by its number.
  await page.keyboard.press("j");
  await page.locator(".differences").waitFor();
  assert.equal(await page.locator(".inbox-detail h2").textContent(), "Léa Fontaine");
  const fields = await page.locator(".differences tbody th").allTextContents();
  const phone = fields.findIndex((text) => text.includes("phone"));
  await page.keyboard.press("a");
  await page.keyboard.press(String(phone + 1));
  await page.keyboard.press("Enter");
  await page.locator(".banner.info", { hasText: "0699887766" }).waitFor();
  // Nothing is decided before it is confirmed.
  assert.equal((await atCentral<Pupil>(shop, "/api/v1/entities/STUDENT/p-1")).fields["phone"], "0601020304");
  await page.keyboard.press("Enter");
  await page.locator(".inbox-detail h2", { hasText: "Jade Picard" }).waitFor();
  const lea = await atCentral<Pupil>(shop, "/api/v1/entities/STUDENT/p-1");
  assert.deepEqual([lea.fields["phone"], lea.fields["class"], lea.fields["grade"]], ["0699887766", "6B", undefined]);

  // The stale tab says so, and its choice has no effect.
  await stale.keyboard.press("Enter");
  await stale.locator(".banner.warn", { hasText: "plus rapide" }).waitFor();
  assert.equal((await atCentral<Pupil>(shop, "/api/v1/entities/STUDENT/p-1")).fields["grade"], undefined);

  // Jade: everything as the school has it.
  await page.locator(".differences").waitFor();
  await page.keyboard.press("b");
  await page.keyboard.press("Enter");
  await page.locator(".banner.info", { hasText: "Les Salins" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".empty", { hasText: "Aucun conflit" }).waitFor();
  assert.equal((await atCentral<Pupil>(shop, "/api/v1/entities/STUDENT/p-7")).fields["town"], "Les Salins");
  assert.equal((await atCentral<{ conflicts: unknown[] }>(shop, "/api/v1/conflicts")).conflicts.length, 0);
  complaints.assertNone();
  await context.close();
});

test("a reload keeps the login, rights decide the menu, and signing out ends it in every tab", async () => {
  const { password } = demoOf(shop);
  const { context, complaints } = await openContext(browser, shop.centralUrl, { ownProducts: true });
  const page = await logIn(context, "odile", password);
  const menu = await page.locator(".office-nav a").allTextContents();
  assert.deepEqual(menu, ["Aujourd'hui", "Rapports"], "an auditor reads and decides nothing");
  const other = await context.newPage();
  await other.goto("/office/#/reports");
  await other.locator(".filters").waitFor();
  await page.reload();
  await page.locator(".office").waitFor();
  const cookies = await context.cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]), [["comptoir_office", true, "Strict"]]);
  assert.equal(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])).then((kept) => /cpr_|eyJ/.test(kept)), false, "no token is kept where a script reads it");
  await page.locator(".office-menu button").click();
  await page.locator(".menu-panel .button", { hasText: "déconnecter" }).click();
  await page.locator(".session-card").waitFor();
  await page.reload();
  await page.locator(".session-card").waitFor();
  await other.reload();
  await other.locator(".session-card").waitFor();
  complaints.assertNone();
  await context.close();
});
