// Devices of users: the mobile document's section 6 (JWT strategy, device management, protection) and the lines of section 10 on
// revoked devices and 72 hours; the desktop document's "Token JWT requis".
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Desktop } from '../src/desktop.js';
import { HttpError, call, request } from '../src/http.js';
import { DeviceRevoked, Identity, LoginRequired, type IdentitySettings } from '../src/identity.js';
import { Phone, type Json } from '../src/mobile.js';
import { die, killed, run, type Scenarios, type Setting } from './scenarios.js';

const HERE = fileURLToPath(import.meta.url);
const PASSWORD = 'four words by heart';
const NOWHERE = 'http://127.0.0.1:9';

/** Creates a user with a role at the site; the login is the role's name. */
async function user(setting: Setting, role: string): Promise<string> {
  const made = await call<{ user: string; code: string }>(`${setting.url}/api/v1/users`, setting.token, {
    login: role, name: 'Amélie', roles: [{ role, site: setting.site }],
  });
  await request(`${setting.url}/api/v1/auth/setup`, undefined, { code: made.code, password: PASSWORD });
  return made.user;
}

/** An administrator's code for a user's device. */
async function code(setting: Setting, userId: string, role: string): Promise<string> {
  const body = { user: userId, site: setting.site, role };
  return (await call<{ code: string }>(`${setting.url}/api/v1/devices/enrolments`, setting.token, body)).code;
}

const identity = (setting: Setting, name: string, more: Partial<IdentitySettings> = {}): Identity =>
  new Identity({ url: setting.url, store: join(setting.folder, `${name}.identity.json`), ...more });

/** A device of a new user with that role, enrolled and logged in. */
async function working(setting: Setting, role: string, name: string, more: Partial<IdentitySettings> = {}): Promise<Identity> {
  const device = identity(setting, name, more);
  await device.enrol(await code(setting, await user(setting, role), role));
  await device.logIn(role, PASSWORD);
  return device;
}

const phone = (setting: Setting, device: Identity, name: string, url = setting.url): Phone =>
  new Phone({ url, token: device, device: device.device, user: 7, store: join(setting.folder, `${name}.json`), wait: async () => {} });

const invoice = (total: number): Json => ({
  client: 'c-1', currency: 'EUR', total_minor: total, lines: [{ product: 'P1', quantity: '1', unit_price: (total / 100).toFixed(2) }],
});

/** All events with an action in the tenant's log. */
async function log(setting: Setting, action: string): Promise<Json[]> {
  const page = await call<{ events: Json[] }>(`${setting.url}/api/v1/events?limit=1000`, setting.token);
  return page.events.filter((event) => event['action'] === action);
}

async function listed(setting: Setting, device: Identity): Promise<Json> {
  const list = await call<{ rows: Json[] }>(`${setting.url}/api/v1/devices`, setting.token);
  const row = list.rows.find((row) => row['name'] === device.device);
  assert.ok(row, 'the device is in the list');
  return row;
}

const revoke = async (setting: Setting, device: Identity): Promise<unknown> =>
  call(`${setting.url}/api/v1/devices/${(await listed(setting, device))['id']}/revoke`, setting.token, {});

const refused = (code: string) => (error: unknown) => error instanceof HttpError && error.code === code;

const scenarios: Scenarios = {
  /** §6: "Enregistrement: UUID unique par device", "Limite: Max 3 devices par user". */
  async max_3_devices(setting) {
    const driver = await user(setting, 'driver');
    const devices = await Promise.all([1, 2, 3].map(async (number) => {
      const device = identity(setting, `phone-${number}`);
      await device.enrol(await code(setting, driver, 'driver'), { label: `number ${number}` });
      return device;
    }));
    const fourth = identity(setting, 'phone-4');
    const fresh = await code(setting, driver, 'driver');
    await assert.rejects(fourth.enrol(fresh), (error: unknown) => {
      assert.ok(error instanceof HttpError && error.status === 409 && error.code === 'DEVICE_LIMIT', String(error));
      const names = (error.body?.['devices'] as Json[]).map((held) => held['name']).sort();
      assert.deepEqual(names, devices.map((device) => device.device).sort(), 'the answer lists the three');
      return true;
    });
    const [first] = devices as [Identity, Identity, Identity];
    await fourth.enrol(fresh, { replaces: (await listed(setting, first))['id'] });
    await fourth.logIn('driver', PASSWORD);
    assert.ok((await listed(setting, first))['revoked_at'], 'the replaced device is revoked');
    await assert.rejects(identity(setting, 'phone-5').enrol(fresh), refused('ENROLMENT_INVALID'), 'a code is used once');
  },

  /** §6: "Tokens dans SecureStorage": on disk only for the app's own user; the private key never leaves the device. */
  async keys_stay_on_the_device(setting) {
    const device = await working(setting, 'seller', 'phone');
    assert.equal(statSync(device.settings.store).mode & 0o777, 0o600);
    const again = identity(setting, 'phone');
    assert.deepEqual([again.device, again.publicKey()], [device.device, device.publicKey()], 'a restart keeps the key');
    await phone(setting, again, 'store').pull();
  },

  /** §6: "Access: 15 min"; §10: "App killée pendant sync → reprise OK", with a token that ends in the middle of an upload. */
  async refresh_in_the_middle_of_an_upload(setting) {
    const device = await working(setting, 'seller', 'phone');
    const seller = phone(setting, device, 'store');
    for (let number = 0; number < 10; number += 1) seller.record('INVOICE', `i-${number}`, 'INVOICE_CREATED', invoice(100 + number));
    // The server has the batch, its answer is lost, and the token is not valid any more when the batch is sent again.
    await assert.rejects(seller.push({ arrived: () => { throw new Error('the line is cut'); } }));
    const before = device.tokens;
    assert.ok(before);
    before.access_token = 'eyJhbGciOiJFZERTQSJ9.e30.AAAA';
    await seller.sync();
    assert.equal(seller.waiting().length, 0);
    const ids = (await log(setting, 'INVOICE_CREATED')).map((event) => event['entity_id']);
    assert.deepEqual([ids.length, new Set(ids).size], [10, 10], 'neither lost nor doubled');
    assert.notEqual(device.tokens?.refresh_token, before.refresh_token);
    // In time, before the server refuses: an app that was asleep.
    const late = identity(setting, 'phone', { now: () => Date.now() + 15 * 60_000 });
    await phone(setting, late, 'store').pull();
    assert.notEqual(late.tokens?.access_token, device.tokens?.access_token);
  },

  /** A refresh whose answer is lost gives the same tokens again, and is no sign of fraud. */
  async lost_refresh_answer(setting) {
    const device = await working(setting, 'seller', 'phone');
    const seller = phone(setting, device, 'store');
    const before = device.tokens;
    assert.ok(before);
    device.hooks = { arrived: () => { throw new Error('the line is cut'); } };
    await assert.rejects(device.renewed(before.access_token));
    assert.equal(identity(setting, 'phone').tokens?.refresh_token, before.refresh_token, 'the old token is still on the disk');
    device.hooks = {};
    await device.renewed(before.access_token);
    seller.record('INVOICE', 'i-1', 'INVOICE_CREATED', invoice(100));
    await seller.sync();
    const signals = await call<Json>(`${setting.url}/api/v1/security-events`, setting.token);
    assert.ok(!JSON.stringify(signals).includes('TOKEN_REPLAYED'));
  },

  /** The new refresh token is on the disk before it is used. */
  async killed_after_a_refresh(setting) {
    await working(setting, 'seller', 'phone');
    killed(HERE, 'refreshes_and_dies', setting);
    const device = identity(setting, 'phone');
    const seller = phone(setting, device, 'store');
    assert.equal(seller.waiting().length, 1);
    await seller.sync();
    await device.renewed(device.tokens?.access_token ?? '');
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 1);
  },

  async refreshes_and_dies(setting) {
    const device = identity(setting, 'phone');
    phone(setting, device, 'store').record('INVOICE', 'i-1', 'INVOICE_CREATED', invoice(100));
    device.hooks = { stored: die };
    await device.renewed(device.tokens?.access_token ?? '');
  },

  /** The queue depends on no token: it waits for the login, and goes on. */
  async queue_goes_on_after_the_login(setting) {
    const device = await working(setting, 'seller', 'phone');
    const seller = phone(setting, device, 'store');
    await request(`${setting.url}/api/v1/auth/logout`, undefined, { refresh_token: device.tokens?.refresh_token });
    for (const id of ['i-1', 'i-2']) seller.record('INVOICE', id, 'INVOICE_CREATED', invoice(100));
    await assert.rejects(seller.push(), LoginRequired);
    assert.deepEqual(phone(setting, device, 'store').waiting().map((row) => row.entity_id), ['i-1', 'i-2'], 'both are on the disk');
    await device.logIn('seller', PASSWORD);
    await seller.sync();
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 2);
  },

  /** §10: "Grace period 72h respectée"; §6: "Après 72h offline → Re-authentification obligatoire". */
  async grace_72h(setting) {
    const hour = 3600_000;
    let hours = 0;
    const device = await working(setting, 'seller', 'phone', { now: () => Date.now() + hours * hour });
    const offline = phone(setting, device, 'store', NOWHERE);
    hours = 71;
    offline.record('INVOICE', 'i-71', 'INVOICE_CREATED', invoice(100));
    hours = 73;
    assert.throws(() => offline.record('INVOICE', 'i-73', 'INVOICE_CREATED', invoice(100)), LoginRequired);
    hours = 1;
    assert.throws(() => offline.record('INVOICE', 'i-1', 'INVOICE_CREATED', invoice(100)), LoginRequired, 'setting the clock back extends nothing');
    assert.equal(offline.waiting().length, 1, 'the queue is intact');
    hours = 73;
    await device.logIn('seller', PASSWORD);
    const seller = phone(setting, device, 'store');
    seller.record('INVOICE', 'i-73', 'INVOICE_CREATED', invoice(100));
    await seller.sync();
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 2);
  },

  /** §10: "Device révoqué → wipe local"; §6: "Révocation = effacement données locales". */
  async revoked_phone_wipes(setting) {
    const device = await working(setting, 'seller', 'phone');
    const seller = phone(setting, device, 'store');
    seller.record('INVOICE', 'i-sent', 'INVOICE_CREATED', invoice(100));
    await seller.sync();
    await seller.pull();
    await revoke(setting, device);
    seller.record('INVOICE', 'i-unsent', 'INVOICE_CREATED', invoice(200));
    await assert.rejects(seller.pull(), DeviceRevoked);
    for (const file of ['store.json', 'phone.identity.json']) assert.ok(!existsSync(join(setting.folder, file)), `${file} is gone`);
    const row = await listed(setting, device);
    assert.ok(row['wiped_at'], 'it proved that');
    assert.equal(row['unsent'], 0);
    const [, late] = await log(setting, 'INVOICE_CREATED');
    assert.deepEqual([late?.['entity_id'], late?.['decision'].verdict, late?.['decision'].code], ['i-unsent', 'QUARANTINED', 'DEVICE_REVOKED']);
    seller.record('INVOICE', 'i-after', 'INVOICE_CREATED', invoice(300));
    assert.ok(!existsSync(join(setting.folder, 'store.json')), 'nothing is written again');
  },

  /** The same, killed between the wipe and its proof. */
  async killed_while_wiping(setting) {
    const device = await working(setting, 'seller', 'phone');
    phone(setting, device, 'store').record('INVOICE', 'i-1', 'INVOICE_CREATED', invoice(100));
    await revoke(setting, device);
    killed(HERE, 'wipes_and_dies', setting);
    assert.ok(!(await listed(setting, device))['wiped_at'], 'not yet');
    await assert.rejects(phone(setting, identity(setting, 'phone'), 'store').pull(), DeviceRevoked);
    assert.ok((await listed(setting, device))['wiped_at']);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 1);
  },

  async wipes_and_dies(setting) {
    const device = identity(setting, 'phone');
    device.wiped = async () => die();
    await phone(setting, device, 'store').pull();
  },

  /** The desktop document: "Token JWT requis pour toutes les requêtes de synchronisation". */
  async desktop_with_tokens(setting) {
    const device = await working(setting, 'secretary', 'desk');
    const school = new Desktop({
      url: setting.url, token: device, tenant: setting.tenant, client: device.device, store: join(setting.folder, 'desk.json'), wait: async () => {},
    });
    school.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await school.sync();
    await school.down();
    await revoke(setting, device);
    school.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jeanne' });
    await assert.rejects(school.down(), DeviceRevoked);
    assert.ok(!existsSync(join(setting.folder, 'desk.json')) && !existsSync(device.settings.store));
    const held = await call<Json>(`${setting.url}/api/v1/entities/STUDENT/s-1`, setting.token);
    assert.equal(held['fields'].firstName, 'Jean', 'the late edit waits for a person');
    assert.ok((await listed(setting, device))['wiped_at']);
  },
};

await run(scenarios);
