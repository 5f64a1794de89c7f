// Deliveries at the shop's node, and on a phone without a network.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser, openContext, signIn } from "./browser";
import { TestShop } from "./node-process";
import { codeOf, driver, enrolled, film, filming, openPhone, order, PHONE, recorded, validateOnPhone, validationOf } from "./road";

let shop: TestShop;
let browser: Browser;
let close: () => Promise<void>;

before(async () => {
  shop = await TestShop.start();
  await order(shop, [
    { id: "BL-77", client: "Café du Port", note: { stop: 1, address: "3 quai du Port", proofs: ["qr", "name", "signature", "position"], lines: [{ product: "CAF250", name: "Café moulu 250 g", quantity: "6" }] } },
    { id: "BL-78", client: "École Jules-Ferry" },
    { id: "BL-79", client: "Librairie Gutenberg" },
    { id: "BL-80", client: "Boulangerie Martin", note: { cancelled: true } },
  ]);
  ({ browser, close } = await openBrowser(filming(film(shop.dir, codeOf("BL-77")))));
});
after(async () => {
  await close?.();
  await shop?.stop();
});

test("a delivery is scanned by the camera, proven as head office asks, and validated while the line is cut", async () => {
  const { context, complaints } = await openContext(browser, shop.url, PHONE);
  await context.grantPermissions(["geolocation", "camera"]);
  await context.setGeolocation({ latitude: 48.8566, longitude: 2.3522 });
  const page = await context.newPage();
  await page.goto("/#/deliveries");
  await page.locator(".session-card").waitFor();
  await signIn(page, shop.key);
  await page.getByRole("link", { name: "Café du Port" }).waitFor();
  shop.cut();
  await page.getByRole("button", { name: "Scanner un bon" }).click();
  // The camera finds the stop by itself.
  await page.getByText("Code scanné").waitFor();
  await page.getByRole("button", { name: "Abîmé" }).click();
  await page.getByLabel("Combien").fill("2");
  await page.getByRole("button", { name: "Valider en partie" }).click();
  await page.getByText("Il manque : Reçu par, Signature, Position.").waitFor();
  await page.getByText("Dites pourquoi").waitFor();
  await page.getByLabel("Motif").fill("carton mouillé");
  await page.getByLabel("Reçu par").fill("Mme Dupont");
  await page.getByRole("button", { name: "Écrire le nom" }).scrollIntoViewIfNeeded();
  const box = (await page.locator(".signature").boundingBox())!;
  await page.mouse.move(box.x + 40, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 200, box.y + 90, { steps: 8 });
  await page.mouse.up();
  await page.getByRole("img", { name: "Signature enregistrée" }).waitFor();
  await page.getByRole("button", { name: "Noter la position" }).click();
  await page.getByText("48.856600, 2.352200").waitFor();
  await page.getByRole("button", { name: "Valider en partie" }).click();
  await page.locator('.verdict[data-tone="wait"]').getByText("Validée ici").waitFor();
  assert.equal(await validationOf(shop, "BL-77"), null, "central knows nothing yet");
  shop.join();
  // The same screen says when central has it.
  await page.locator('.verdict[data-tone="good"]').getByText("Livraison validée").waitFor({ timeout: 60_000 });
  const [validation] = await recorded(shop, "BL-77");
  assert.equal(validation!.verdict, "ACCEPTED");
  const { qr_scanned, code_entry, received_by, lines, latitude, signature_hash } = validation!.payload;
  assert.deepEqual([qr_scanned, code_entry, received_by, latitude], [codeOf("BL-77"), "scanned", "Mme Dupont", "48.856600"]);
  assert.deepEqual(lines, [{ product: "CAF250", quantity: "6", delivered: "4", damaged: "2", reason: "carton mouillé" }]);
  const file = await fetch(`${shop.centralUrl}/api/v1/blobs/${signature_hash}`, { headers: { authorization: `Bearer ${shop.adminToken}` } });
  assert.equal(Buffer.from(await file.arrayBuffer()).subarray(1, 4).toString(), "PNG");
  complaints.assertNone();
  await context.close();
});

test("with no proof asked for there is one button; what may not be delivered says why", async () => {
  const { context, complaints } = await openContext(browser, shop.url, { ...PHONE, width: 1024, height: 768, touch: false });
  const page = await context.newPage();
  await page.goto("/#/deliveries");
  await page.locator(".session-card").waitFor();
  await signIn(page, shop.key);
  await page.getByRole("link", { name: "École Jules-Ferry" }).click();
  await page.getByRole("button", { name: "Valider la livraison" }).click();
  await page.locator('.verdict[data-tone="good"]').waitFor();
  await page.getByRole("button", { name: "Continuer" }).click();
  await page.getByRole("link", { name: "Boulangerie Martin" }).click();
  await page.locator(".verdict").getByText("Livraison annulée").waitFor();
  await page.getByRole("button", { name: "Continuer" }).click();
  await page.getByRole("button", { name: "Scanner un bon" }).click();
  await page.getByLabel("Code saisi à la main").fill("BL-404");
  await page.getByRole("button", { name: "Chercher" }).click();
  await page.locator(".verdict").getByText("« BL-404 » n'est le code d'aucune livraison").waitFor();
  complaints.assertNone();
  await context.close();
});

test("a phone in airplane mode keeps its validation, and sends it once", async () => {
  const amadou = await driver(shop, "amadou", "Amadou Ndiaye");
  const { context, complaints } = await openPhone(browser, shop);
  const page = await enrolled(context, shop, amadou);
  await page.getByRole("link", { name: "Librairie Gutenberg" }).waitFor();
  await context.setOffline(true);
  await validateOnPhone(page, "Librairie Gutenberg");
  await page.locator('.verdict[data-tone="wait"]').waitFor();
  assert.equal(await validationOf(shop, "BL-79"), null);
  await context.setOffline(false);
  await page.locator('.verdict[data-tone="good"]').waitFor({ timeout: 30_000 });
  assert.deepEqual((await recorded(shop, "BL-79")).map(({ verdict }) => verdict), ["ACCEPTED"]);
  assert.equal((await validationOf(shop, "BL-79"))!.user, amadou.id);
  complaints.assertNone();
  await context.close();
});
