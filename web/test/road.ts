// What head office does in the tests of deliveries, a film of a code for the camera, and phones.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import encodeQR from "qr";
import { openContext, type Complaints, type Look } from "./browser";
import type { TestShop } from "./node-process";

const PASSWORD = "quatre mots au hasard";

async function ask<T>(shop: TestShop, method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(shop.centralUrl + path, {
    method,
    headers: { authorization: `Bearer ${shop.adminToken}`, "content-type": "application/json", ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

export interface Order {
  id: string;
  client: string;
  assigned_to?: string;
  note?: Record<string, unknown>;
}

export const codeOf = (id: string): string => `CPT1:${id}:3F9A61C7D2`;

/** Creates deliveries, with their notes. */
export async function order(shop: TestShop, orders: Order[]): Promise<void> {
  for (const { id, client, assigned_to, note } of orders) {
    const own = assigned_to ? { assigned_to } : {};
    await ask(shop, "POST", "/api/v1/deliveries", { entity_id: id, reference: id, client, qr: codeOf(id), ...own }, { "idempotency-key": `delivery-${id}` });
    if (note) await ask(shop, "PUT", `/api/v1/entities/DELIVERY_NOTE/${id}`, { fields: note }, { "idempotency-key": `note-${id}`, "if-none-match": "*" });
  }
}

export async function validationOf(shop: TestShop, id: string): Promise<{ user: string | null; event_id: string } | null> {
  const { rows } = await ask<{ rows: { id: string; validation: { user: string | null; event_id: string } | null }[] }>(shop, "GET", "/api/v1/deliveries?limit=1000");
  const row = rows.find((one) => one.id === id);
  assert.ok(row, id);
  return row.validation;
}

/** The validations of a delivery in central's log, with what became of them. */
export async function recorded(shop: TestShop, id: string): Promise<{ verdict: string; payload: Record<string, unknown> }[]> {
  type Logged = { action: string; entity_id: string; payload: Record<string, unknown>; decision: { verdict: string } };
  const { events } = await ask<{ events: Logged[] }>(shop, "GET", "/api/v1/events?last=1000");
  return events.filter((event) => event.action === "DELIVERY_VALIDATED" && event.entity_id === id).map(({ payload, decision }) => ({ payload, verdict: decision.verdict }));
}

export interface Driver {
  id: string;
  login: string;
}

export async function driver(shop: TestShop, login: string, name: string): Promise<Driver> {
  const { user, code } = await ask<{ user: string; code: string }>(shop, "POST", "/api/v1/users", { login, name, roles: [{ role: "driver", site: shop.site }] });
  await ask(shop, "POST", "/api/v1/auth/setup", { code, password: PASSWORD }, { authorization: "" });
  return { id: user, login };
}

export async function enrolmentCode(shop: TestShop, { id }: Driver): Promise<string> {
  return (await ask<{ code: string }>(shop, "POST", "/api/v1/devices/enrolments", { user: id, site: shop.site, role: "driver" })).code;
}

export interface Device {
  id: string;
  user: string | null;
  revoked_at: string | null;
  wiped_at: string | null;
  unsent: number | null;
}

export async function devices(shop: TestShop): Promise<Device[]> {
  return (await ask<{ rows: Device[] }>(shop, "GET", "/api/v1/devices")).rows;
}

export const revoke = (shop: TestShop, id: string): Promise<Device> => ask<Device>(shop, "POST", `/api/v1/devices/${id}/revoke`);

/** A film of a printed code, as a camera sees it: turned a little, grey, and with noise; or of nothing. */
export function film(folder: string, code: string | undefined): string {
  const [width, height, frames] = [640, 480, 12];
  const rows = code === undefined ? [] : encodeQR(code, "raw", { ecc: "medium", border: 4 });
  const side = rows.length;
  const parts: Buffer[] = [Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`)];
  let noise = 7;
  for (let frame = 0; frame < frames; frame += 1) {
    const picture = Buffer.alloc((width * height * 3) / 2, 128);
    const turn = 0.06 + 0.01 * frame;
    const scale = 330 / Math.max(1, side);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const [right, down] = [x - width / 2, y - height / 2];
        const column = Math.floor((right * Math.cos(turn) + down * Math.sin(turn)) / scale + side / 2);
        const row = Math.floor((down * Math.cos(turn) - right * Math.sin(turn)) / scale + side / 2);
        const isPaper = row >= 0 && row < side && column >= 0 && column < side;
        noise = (noise * 1_103_515_245 + 12_345) % 2_147_483_648;
        picture[y * width + x] = (isPaper ? (rows[row]![column] ? 40 : 215) : 110) + (noise % 21) - 10;
      }
    }
    parts.push(Buffer.from("FRAME\n"), picture);
  }
  const path = join(folder, "code.y4m");
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** What a browser needs in order to film a file. */
export const filming = (path: string): string[] => ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${path}`];

export const PHONE: Look = { width: 390, height: 844, touch: true, ownProducts: true };

/** A context of central's pages, with the position of a café. */
export async function openPhone(browser: Browser, shop: TestShop, look: Look = PHONE): Promise<{ context: BrowserContext; complaints: Complaints }> {
  const opened = await openContext(browser, shop.centralUrl, look);
  await opened.context.grantPermissions(["geolocation", "camera"]);
  await opened.context.setGeolocation({ latitude: 48.8566, longitude: 2.3522 });
  return opened;
}

/** Enrols a new phone and logs its driver in. */
export async function enrolled(context: BrowserContext, shop: TestShop, who: Driver): Promise<Page> {
  const page = await context.newPage();
  await page.goto("/driver/");
  await page.getByLabel("Ou saisir le code").fill(await enrolmentCode(shop, who));
  await page.getByRole("button", { name: "Inscrire ce téléphone" }).click();
  await logIn(page, who);
  await page.getByRole("heading", { name: "Livraisons" }).waitFor();
  return page;
}

export async function logIn(page: Page, who: Driver): Promise<void> {
  await page.getByLabel("Identifiant").fill(who.login);
  await page.getByLabel("Mot de passe").fill(PASSWORD);
  await page.getByRole("button", { name: "Entrer" }).click();
}

/** Validates a stop for which head office asks nothing. */
export async function validateOnPhone(page: Page, client: string): Promise<void> {
  await page.getByRole("link", { name: client }).click();
  await page.getByRole("button", { name: "Valider la livraison" }).click();
  await page.locator(".verdict").waitFor();
}
