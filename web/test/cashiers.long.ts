// Two cashiers at one till: each works under the own name, and the till is handed over with a PIN.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { openBrowser, openContext, sales, sellByKeyboard } from "./browser";
import { PRODUCTS, stock, TestShop, type TestUser } from "./node-process";

const PASSWORD = "quatre mots pris au hasard";

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;
let amelie: TestUser;
let bruno: TestUser;

before(async () => {
  shop = await TestShop.start();
  await stock(shop, PRODUCTS);
  amelie = await shop.user("amelie", "Amélie Martin", "cashier", PASSWORD);
  bruno = await shop.user("bruno", "Bruno Petit", "cashier", PASSWORD);
  ({ browser, close } = await openBrowser());
});
after(async () => {
  await close?.();
  await shop?.stop();
});

async function signIn(page: Page, login: string): Promise<void> {
  await page.locator('input[name="username"]').first().fill(login);
  await page.getByRole("button", { name: "Mot de passe" }).click();
  await page.locator('input[autocomplete="current-password"]').first().fill(PASSWORD);
  await page.getByRole("button", { name: "Entrer" }).click();
  await page.locator(".till").waitFor();
}

async function choosePin(page: Page, pin: string): Promise<void> {
  await page.locator(".menu > .button").click();
  await page.getByRole("button", { name: "Choisir mon code" }).click();
  await page.locator(".dialog input").first().fill(PASSWORD);
  await page.locator(".dialog input").last().fill(pin);
  await page.keyboard.press("Enter");
  await page.locator(".dialog").waitFor({ state: "detached" });
}

async function handOver(page: Page, login: string, pin: string): Promise<void> {
  await page.locator(".change-person").click();
  await page.getByRole("button", { name: login, exact: true }).click();
  await page.getByRole("button", { name: "Code", exact: true }).click();
  await page.locator(".pin-pad").waitFor();
  await page.keyboard.type(pin);
  await page.keyboard.press("Enter");
}

test("two cashiers change places with their PINs, and each sale has its person's id", async () => {
  const { context, complaints } = await openContext(browser, shop.url, { ownProducts: true });
  const page = await context.newPage();
  await page.goto("/");
  await page.locator(".session-card").waitFor();
  await signIn(page, "amelie");
  await choosePin(page, "4071");
  await page.locator(".tile").first().waitFor();
  await sellByKeyboard(page, "CAF250", "10");
  await page.locator(".menu > .button").click();
  await page.getByRole("button", { name: "Se déconnecter" }).click();
  await page.locator(".session-card").waitFor();
  await signIn(page, "bruno");
  await choosePin(page, "9356");
  await page.locator(".tile").first().waitFor();
  await sellByKeyboard(page, "THE020", "10");
  for (const [login, pin] of [["amelie", "4071"], ["bruno", "9356"]] as const) {
    await handOver(page, login, pin);
    await page.locator(".tile").first().waitFor();
    await sellByKeyboard(page, "SAC010");
  }
  const sold = (await sales(shop.url, shop.key)) as unknown as { user: string }[];
  assert.deepEqual(sold.map(({ user }) => user), [bruno.id, amelie.id, bruno.id, amelie.id]);
  complaints.assertNone();
  await context.close();
});

test("five wrong PINs lock the PIN, and the password opens again", async () => {
  const { context } = await openContext(browser, shop.url, { ownProducts: true });
  const page = await context.newPage();
  await page.goto("/");
  await page.locator(".session-card").waitFor();
  await signIn(page, "amelie");
  await choosePin(page, "4071");
  await page.locator(".change-person").click();
  for (let wrong = 0; wrong < 5; wrong += 1) {
    await page.locator(".pin-pad").waitFor();
    const answered = page.waitForResponse((response) => response.url().endsWith("/session/unlock"));
    await page.keyboard.type("5555");
    await page.keyboard.press("Enter");
    assert.equal((await answered).status(), 401);
    await page.locator(".banner.danger").waitFor();
  }
  await page.keyboard.type("4071");
  await page.keyboard.press("Enter");
  await page.locator('input[autocomplete="current-password"]').waitFor();
  await page.getByText("Le code ne suffit pas cette fois").waitFor();
  assert.equal(await page.locator(".till").count(), 0, "the right PIN opens nothing any more");
  await page.locator('input[autocomplete="current-password"]').fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator(".till").waitFor();
  await context.close();
});

test("the menu has what the role may do, and the node decides again", async () => {
  await shop.user("dora", "Dora Renaud", "driver", PASSWORD);
  const { context } = await openContext(browser, shop.url, { ownProducts: true });
  const page = await context.newPage();
  await page.goto("/");
  await page.locator(".session-card").waitFor();
  await page.locator('input[name="username"]').first().fill("dora");
  await page.getByRole("button", { name: "Mot de passe" }).click();
  await page.locator('input[autocomplete="current-password"]').first().fill(PASSWORD);
  await page.getByRole("button", { name: "Entrer" }).click();
  await page.locator(".top .nav").waitFor();
  const links = await page.locator(".nav-link span:first-of-type").allTextContents();
  assert.ok(!links.includes("Caisse") && !links.includes("Session"), `${links}`);
  const refused = await page.evaluate(async () => {
    const sale = { currency: "EUR", total_minor: 100, lines: [{ product: "p", quantity: "1", unit_price: "1" }] };
    const headers = { "content-type": "application/json", "idempotency-key": "a sale of a driver" };
    return (await fetch("/api/v1/sales", { method: "POST", headers, body: JSON.stringify(sale) })).status;
  });
  assert.equal(refused, 403);
  await context.close();
});
