// The mobile document's examples (section 5), table of failures (section 7), audit (section 8) and list of tests (section 10).
// Revocation and the 72 hours are in identity_scenarios.ts.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PushRequest, PushResponse, StatusResponse, SyncLog } from '../src/contracts.js';
import { call } from '../src/http.js';
import { Phone, canonical, checksum, sha256, type Hooks, type Json, type Settings } from '../src/mobile.js';
import { ask, die, killed, run, type Scenarios, type Setting } from './scenarios.js';

const HERE = fileURLToPath(import.meta.url);
const NOWHERE = 'http://127.0.0.1:9';

const phone = (setting: Setting, device: string, user: number, more: Partial<Settings> = {}): Phone =>
  new Phone({ url: setting.url, token: setting.key, device, user, store: join(setting.folder, `${device}.json`), ...more });

/** Appends an event as head headOffice. */
const headOffice = (setting: Setting, entity_type: string, entity_id: string, action: string, payload: Json): Promise<unknown> =>
  call(`${setting.url}/api/v1/events`, setting.token, { id: randomUUID(), entity_type, entity_id, action, payload });

const invoice = (total: number): Json => ({
  client: 'c-1', currency: 'EUR', total_minor: total, lines: [{ product: 'P1', quantity: '1', unit_price: (total / 100).toFixed(2) }],
});
const validation = (qr: string): Json => ({ qr, validated_at: new Date().toISOString(), latitude: 48.8566, longitude: 2.3522 });
const order = (reference: string, qr: string): Json => ({ reference, client: 'Café du Port', total_minor: 4200, qr });

/** All events with an action in the tenant's log. */
async function log(setting: Setting, action: string): Promise<Json[]> {
  const found: Json[] = [];
  for (let after = 0, more = true; more; ) {
    const page = await call<{ events: Json[]; next: number; more: boolean }>(`${setting.url}/api/v1/events?limit=1000&after=${after}`, setting.token);
    found.push(...page.events.filter((event) => event['action'] === action));
    [after, more] = [page.next, page.more];
  }
  return found;
}

/** Records ten invoices on a phone and starts a push, during which a hook kills the process. */
async function push_and_die(setting: Setting, hooks: Hooks): Promise<void> {
  const seller = phone(setting, 'mobile-k', 5);
  for (let number = 0; number < 10; number += 1) seller.record('INVOICE', `k-${number}`, 'INVOICE_CREATED', invoice(500 + number));
  await seller.push(hooks);
}

/** Afterwards every invoice arrives exactly once and has its own number. */
async function assert_resumes(setting: Setting): Promise<void> {
  const after = phone(setting, 'mobile-k', 5);
  assert.equal(after.waiting().length, 10, 'the phone does not know whether they arrived');
  assert.ok(after.state.sync_meta.batch_id, 'it sends the same batch again');
  const answer = await after.push();
  assert.deepEqual([answer.success, answer.acked_event_ids.length], [true, 10]);
  assert.equal(after.waiting().length, 0);
  assert.equal((await log(setting, 'INVOICE_CREATED')).length, 10, 'no duplicates');
  await after.pull();
  const references = Object.values(after.state.cache['INVOICE'] ?? {}).map((held) => Number(held['reference'].slice(-6))).sort((x, y) => x - y);
  assert.deepEqual(references, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'no number is missing or assigned twice');
}

const scenarios: Scenarios = {
  /** §5: T1 and T2 offline, T3 accepted, T4 ALREADY_VALIDATED, DISCARD_LOCAL, "Validée par Chauffeur A". */
  async double_validation(setting) {
    await headOffice(setting, 'USER', '1', 'CREATE', { name: 'Chauffeur A' });
    await headOffice(setting, 'DELIVERY', 'BL-77', 'DELIVERY_CREATED', order('BL-77', 'QR-77'));
    const [a, b] = [phone(setting, 'mobile-a', 1), phone(setting, 'mobile-b', 2)];
    await a.pull();
    await b.pull();
    assert.equal(b.cached('DELIVERY', 'BL-77')['status'], 'PENDING');
    const first = a.record('DELIVERY', 'BL-77', 'DELIVERY_VALIDATED', validation('QR-77')); // T1
    const second = b.record('DELIVERY', 'BL-77', 'DELIVERY_VALIDATED', validation('QR-77')); // T2
    const accepted = await a.push(); // T3
    assert.deepEqual([accepted.success, accepted.acked_event_ids, accepted.failed_events], [true, [first], []]);
    const refused = await b.push(); // T4
    assert.deepEqual([refused.success, refused.acked_event_ids], [false, []]);
    const [failed] = refused.failed_events;
    assert.deepEqual([failed?.event_id, failed?.error_code, failed?.retry, failed?.resolution?.action],
      [second, 'ALREADY_VALIDATED', false, 'DISCARD_LOCAL']);
    assert.equal(failed?.resolution?.data.event_id, first);
    assert.deepEqual(b.state.notifications, [{ event_id: second, text: 'Validée par Chauffeur A' }]);
    assert.equal(b.state.local['DELIVERY/BL-77'], undefined, 'the local validation is discarded');
    await b.pull();
    assert.equal(b.cached('DELIVERY', 'BL-77')['status'], 'VALIDATED');
    assert.equal(b.cached('DELIVERY', 'BL-77')['validation'].event_id, first);
  },

  /** §10: création facture offline 24h → sync OK. */
  async invoice_made_a_day_ago(setting) {
    const seller = phone(setting, 'mobile-f', 3, { url: NOWHERE });
    const yesterday = new Date(Date.now() - 24 * 3600 * 1000);
    const id = seller.record('INVOICE', 'i-24h', 'INVOICE_CREATED', invoice(1000), randomUUID(), yesterday);
    await assert.rejects(seller.push(), 'no network for a day');
    assert.equal(seller.waiting().length, 1, 'the queue keeps it');
    const back = phone(setting, 'mobile-f', 3);
    await back.sync();
    assert.equal(back.state.sync_queue.length, 0, 'purged once it is acked');
    await back.pull();
    const held = back.cached('INVOICE', 'i-24h');
    assert.match(held['reference'], /-000001$/, 'the server assigns the reference');
    assert.deepEqual([held['total_ttc'], held['sync_event_id']], [1000, id]);
    const [sealed] = await log(setting, 'INVOICE_CREATED');
    assert.equal(Date.parse(sealed?.['occurred_at']), yesterday.getTime(), 'the event keeps its creation time');
  },

  /** §10: validation livraison sans réseau → sync OK. */
  async delivery_validated_without_network(setting) {
    await headOffice(setting, 'DELIVERY', 'BL-1', 'DELIVERY_CREATED', order('BL-1', 'QR-1'));
    await phone(setting, 'mobile-d', 4).bootstrap(1);
    const offline = phone(setting, 'mobile-d', 4, { url: NOWHERE });
    assert.equal(offline.cached('DELIVERY', 'BL-1')['qr_payload'], 'QR-1');
    offline.record('DELIVERY', 'BL-1', 'DELIVERY_VALIDATED', validation('QR-1'));
    await assert.rejects(offline.push());
    const back = phone(setting, 'mobile-d', 4);
    await back.sync();
    assert.equal(back.waiting().length, 0);
    await back.pull();
    const { status, validation: held } = back.cached('DELIVERY', 'BL-1') as { status: string; validation: Json };
    assert.deepEqual([status, held['user'], held['place']], ['VALIDATED', '4', '48.8566,2.3522']);
  },

  /** §7: app killée pendant saisie → draft auto-sauvé, reprendre. */
  async killed_while_typing(setting) {
    killed(HERE, 'types_and_dies', setting);
    const seller = phone(setting, 'mobile-t', 13);
    assert.deepEqual(seller.state.draft_invoices, { 'i-draft': invoice(1300) }, 'the last stored draft');
    assert.equal(seller.waiting().length, 0, 'a draft is no event');
    seller.record('INVOICE', 'i-draft', 'INVOICE_CREATED', invoice(1400));
    assert.deepEqual(seller.state.draft_invoices, {});
    await seller.sync();
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 1);
  },

  async types_and_dies(setting) {
    const seller = phone(setting, 'mobile-t', 13);
    for (const total of [1100, 1200, 1300]) seller.keepDraft('i-draft', invoice(total));
    die();
  },

  /** §10 and §7: app killée pendant sync → events PENDING, retry, reprise OK. */
  async killed_before_sending(setting) {
    killed(HERE, 'dies_before_sending', setting);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 0, 'nothing was sent');
    await assert_resumes(setting);
  },

  dies_before_sending: (setting) => push_and_die(setting, { sending: die }),

  async killed_during_the_request(setting) {
    killed(HERE, 'dies_while_sending', setting);
    await assert_resumes(setting);
  },

  dies_while_sending: (setting) => push_and_die(setting, { sending: () => setImmediate(() => setImmediate(die)) }),

  async killed_before_storing_the_answer(setting) {
    killed(HERE, 'dies_before_storing_the_answer', setting);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 10, 'the server had accepted them');
    await assert_resumes(setting);
  },

  dies_before_storing_the_answer: (setting) => push_and_die(setting, { arrived: die }),

  /** The server is killed during the phone's request. */
  async server_killed_while_syncing(setting) {
    const seller = phone(setting, 'mobile-sk', 14, { wait: async () => {} });
    for (let round = 0; round < 3; round += 1) {
      for (let number = 0; number < 100; number += 1) seller.record('INVOICE', `sk-${round}-${number}`, 'INVOICE_CREATED', invoice(100 + number));
      const sent = seller.push().then(() => true, () => false);
      await ask('kill central');
      const answered = await sent;
      assert.equal(seller.waiting().length, answered ? 0 : 100, 'unanswered events stay queued');
      await ask('start central');
      await seller.sync();
      assert.equal(seller.waiting().length, 0);
    }
    const ids = (await log(setting, 'INVOICE_CREATED')).map((event) => event['entity_id']);
    assert.deepEqual([ids.length, new Set(ids).size], [300, 300], 'every event was recorded once');
    await seller.pull();
    const references = Object.values(seller.state.cache['INVOICE'] ?? {}).map((held) => Number(held['reference'].slice(-6))).sort((x, y) => x - y);
    assert.deepEqual(references, Array.from({ length: 300 }, (_, index) => index + 1));
  },

  /** The phone is killed before it stores the answer, and the server after it. */
  async both_killed_while_syncing(setting) {
    killed(HERE, 'dies_before_storing_the_answer', setting);
    await ask('kill central');
    await assert.rejects(phone(setting, 'mobile-k', 5).push(), 'the server is down');
    await ask('start central');
    await assert_resumes(setting);
  },

  /** §7: téléphone éteint → SQLite persiste, sync au boot. */
  async phone_switched_off(setting) {
    killed(HERE, 'records_and_is_switched_off', setting);
    const booted = phone(setting, 'mobile-o', 15);
    assert.deepEqual(booted.waiting().map((row) => [row.entity_id, row.status]), [['o-1', 'PENDING'], ['o-2', 'PENDING']]);
    await booted.sync();
    assert.equal(booted.waiting().length, 0);
    assert.deepEqual((await log(setting, 'INVOICE_CREATED')).map((event) => event['entity_id']), ['o-1', 'o-2']);
  },

  async records_and_is_switched_off(setting) {
    const seller = phone(setting, 'mobile-o', 15, { url: NOWHERE });
    for (const id of ['o-1', 'o-2']) seller.record('INVOICE', id, 'INVOICE_CREATED', invoice(1500));
    die();
  },

  /** §10: 100 events en queue → sync batch OK. */
  async a_hundred_events_in_one_batch(setting) {
    const seller = phone(setting, 'mobile-100', 6);
    for (let number = 0; number < 100; number += 1) seller.record('CLIENT', `c-${number}`, 'CREATE', { name: `Client ${number}`, ville: 'Lyon' });
    const answer = await seller.push();
    assert.deepEqual([answer.success, answer.acked_event_ids.length, answer.failed_events], [true, 100, []]);
    const status = await seller.status();
    assert.deepEqual([status.server_healthy, status.device.is_active, status.sync_required], [true, true, true]);
    seller.record('CLIENT', 'c-100', 'CREATE', { name: 'Le dernier' });
    await seller.push();
    const pages = await seller.pull(30);
    // The batch's timestamps span one or two milliseconds, and no page ends within a millisecond.
    assert.ok(pages === 2 || pages === 3, `pages of whole milliseconds, not of thirty: ${pages}`);
    assert.equal(Object.keys(seller.state.cache['CLIENT'] ?? {}).length, 101);
    assert.deepEqual((await seller.status()).device.pending_events > 0, true, 'pulled events count until the phone confirms them');
    await seller.pull();
    assert.deepEqual((await seller.status()).device.pending_events, 0);
  },

  /** §7: payload corrompu → reject + log; the other events are accepted, and it is resent. */
  async corrupted_payload(setting) {
    const seller = phone(setting, 'mobile-c', 7);
    const good = seller.record('INVOICE', 'x-1', 'INVOICE_CREATED', invoice(700));
    const bad = seller.record('INVOICE', 'x-2', 'INVOICE_CREATED', invoice(700));
    const damage: Hooks['damage'] = (events) => events.map((event) => (event.id === bad && 'payload' in event ? { ...event, payload: { ...event.payload, total_minor: 1 } } : event));
    const answer = await seller.push({ damage });
    assert.deepEqual(answer.acked_event_ids, [good]);
    assert.deepEqual(answer.failed_events.map(({ event_id, error_code, retry }) => ({ event_id, error_code, retry })),
      [{ event_id: bad, error_code: 'CHECKSUM_MISMATCH', retry: true }]);
    const { entries } = await call<{ entries: (SyncLog & { failedCount: number })[] }>(`${setting.url}/api/v1/sync-log?client=mobile-c`, setting.token);
    assert.deepEqual([entries[0]?.status, entries[0]?.failedCount], ['PARTIAL', 1]);
    await seller.sync();
    assert.equal(seller.waiting().length, 0);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 2);
  },

  /** §7: serveur down → queue locale, sync quand OK; tentatives 1 à 5: 1s, 2s, 4s, 8s, 16s (max), without a limit. */
  async server_down(setting) {
    const waits: number[] = [];
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds / 1000);
      if (waits.length === 7) await ask('start central');
    };
    const seller = phone(setting, 'mobile-s', 8, { wait });
    await ask('kill central');
    seller.record('CLIENT', 'c-down', 'CREATE', { name: 'Zoé' });
    assert.deepEqual(seller.waiting().map((row) => row.status), ['PENDING'], 'queue locale');
    await seller.sync();
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 16, 16]);
    assert.equal(seller.waiting().length, 0);
    assert.equal((await log(setting, 'CREATE')).length, 1);
  },

  /** §7: double clic → ignoré; §10: pas de duplication events (UUID). */
  async double_click(setting) {
    const seller = phone(setting, 'mobile-2', 9);
    const id = randomUUID();
    seller.record('INVOICE', 'dc-1', 'INVOICE_CREATED', invoice(900), id);
    seller.record('INVOICE', 'dc-1', 'INVOICE_CREATED', invoice(900), id);
    assert.equal(seller.waiting().length, 1);
    const [event] = seller.batch();
    assert.ok(event);
    const body: PushRequest = { device_id: 'mobile-2', batch_id: randomUUID(), events: [event, event] };
    const both = await Promise.all([1, 2].map(() => call<PushResponse>(`${setting.url}/api/sync/push`, setting.key, body)));
    for (const answer of both) assert.deepEqual([answer.success, answer.acked_event_ids], [true, [id, id]]);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 1);
  },

  /** §10: stock jamais modifié localement; §1: actions interdites. */
  async stock_is_never_changed(setting) {
    const keeper = phone(setting, 'mobile-w', 10);
    assert.throws(() => keeper.record('STOCK', 'P1', 'UPDATE', { quantity: 5 }), /read only/);
    assert.throws(() => keeper.record('PRODUCTION', 'p', 'PRODUCTION_VALIDATED', {}), /read only/);
    // A client that sends them anyway.
    const event = (entity_type: string, entity_id: string, action: string, payload: Json) => ({
      id: randomUUID(), entity_type, entity_id, action, payload, occurred_at: new Date().toISOString(), user_id: 10, checksum: checksum(payload),
    });
    const made = event('PRODUCTION', 'p-1', 'PRODUCTION_VALIDATED', { lines: [{ product: 'P1', quantity: '5', unit_cost: '1.00' }] });
    const set = event('STOCK', 'P1', 'UPDATE', { quantity: 5 });
    const answer = await call<PushResponse>(`${setting.url}/api/sync/push`, setting.key, { device_id: 'mobile-w', batch_id: randomUUID(), events: [set, made] });
    assert.deepEqual(answer.failed_events.map((failed) => [failed.event_id, failed.error_code, failed.retry, failed.resolution?.action]),
      [[set.id, 'STOCK_READ_ONLY', false, 'TAKE_SERVER_STOCK'], [made.id, 'CENTRAL_ONLY', false, 'DISCARD_LOCAL']]);
    const stock = await call<{ rows: Json[] }>(`${setting.url}/api/v1/stock`, setting.token);
    assert.deepEqual(stock.rows, [], 'superseded: the server decides');
  },

  /** §1: consulter stock, cache en lecture seule. */
  async stock_is_read_offline(setting) {
    const goods = (quantity: string) => ({ currency: 'EUR', lines: [{ product: 'P1', quantity, unit_cost: '1.25' }] });
    await headOffice(setting, 'RECEPTION', 'r-1', 'GOODS_RECEIVED', goods('100'));
    const keeper = phone(setting, 'mobile-r', 16);
    keeper.record('RECEPTION', 'r-2', 'GOODS_RECEIVED', goods('6'));
    await keeper.sync();
    await phone(setting, 'mobile-l', 17).bootstrap(1);
    const offline = phone(setting, 'mobile-l', 17, { url: NOWHERE });
    const figures = () => Object.values(offline.state.cache['STOCK'] ?? {}).map((row) => [row['site'] === null, row['quantity']]);
    assert.deepEqual(figures(), [[true, '100'], [false, '6']], "the company's own, and the shop's");
    await keeper.pull();
    assert.deepEqual(Object.keys(keeper.state.cache['STOCK'] ?? {}), Object.keys(offline.state.cache['STOCK'] ?? {}), 'a pull from the start gives the same rows');
  },

  /** §11: "Ignorer les conflits: non". The phone does not show a quarantined event as done, and its user is notified. */
  async wrong_qr_code(setting) {
    await headOffice(setting, 'DELIVERY', 'BL-9', 'DELIVERY_CREATED', order('BL-9', 'QR-9'));
    const driver = phone(setting, 'mobile-q', 18);
    const id = driver.record('DELIVERY', 'BL-9', 'DELIVERY_VALIDATED', validation('QR-8'));
    const answer = await driver.push();
    assert.deepEqual([answer.success, answer.acked_event_ids, driver.waiting()], [false, [], []]);
    assert.deepEqual(answer.failed_events.map((failed) => [failed.event_id, failed.error_code, failed.retry]), [[id, 'QR_MISMATCH', false]]);
    assert.deepEqual(driver.state.notifications, [{ event_id: id, text: "Reçu par le central, sans effet tant qu'une personne du siège ne l'a pas vérifié" }]);
    await driver.pull();
    assert.equal(driver.cached('DELIVERY', 'BL-9')['status'], 'PENDING');
  },

  /** §3: the columns of the phone's own tables are a payload. */
  async rows_of_the_tables(setting) {
    await headOffice(setting, 'DELIVERY', 'BL-8', 'DELIVERY_CREATED', order('BL-8', 'QR-8'));
    const driver = phone(setting, 'mobile-t', 19);
    const pending_delivery_validation = {
      id: randomUUID(), delivery_id: 'BL-8', qr_scanned: 'QR-8', validated_at: '2026-01-07T10:00:00Z', latitude: 48.8566, longitude: 2.3522,
      signature_path: '/data/signatures/8.png', status: 'PENDING',
    };
    const draft_invoice = { id: 'i-8', client_id: 12, total_ttc: 12000, status: 'DRAFT', sync_event_id: null };
    driver.record('DELIVERY', 'BL-8', 'DELIVERY_VALIDATED', pending_delivery_validation);
    driver.record('INVOICE', 'i-8', 'INVOICE_CREATED', draft_invoice);
    const answer = await driver.push();
    assert.deepEqual([answer.success, answer.failed_events], [true, []]);
    await driver.pull();
    assert.equal(driver.cached('DELIVERY', 'BL-8')['status'], 'VALIDATED');
    const { client_id, total_ttc, reference } = driver.cached('INVOICE', 'i-8');
    assert.deepEqual([client_id, total_ttc], ['12', 12000]);
    assert.match(reference, /^F\d{4}-/);
    const status = await call<StatusResponse>(`${setting.url}/api/sync/status`, setting.key);
    assert.equal(status.device.is_active, true, 'the document has no query here');
  },

  /** §8 and §10: audit complet même offline. */
  async audit_is_complete(setting) {
    const driver = phone(setting, 'mobile-au', 11, { url: NOWHERE });
    const scan = (number: number) => driver.audit({
      action: 'DELIVERY_SCANNED', entity_type: 'DELIVERY', entity_id: `BL-${number}`, payload_hash: sha256(`QR-${number}`),
      context: { app_version: '1.0.0', battery_level: 0.42, network_type: 'none', location: { lat: 48.85, lng: 2.35 } },
    });
    const kept = [1, 2, 3, 4, 5].map(scan);
    await assert.rejects(driver.push());
    assert.ok(kept.every((entry) => !entry.synced), 'unsent entries are marked as such');
    const back = phone(setting, 'mobile-au', 11);
    await back.sync();
    assert.ok(back.state.audit.length === 5 && back.state.audit.every((entry) => entry.synced), 'append-only: sent entries are kept');
    const sealed = await log(setting, 'AUDIT_RECORDED');
    // Each entry is sealed as it was sent, in order.
    assert.deepEqual(sealed.map(({ payload }) => ({ ...payload, synced: true })), back.state.audit);
    const read = await call<{ entries: Json[] }>(`${setting.url}/api/v1/audit-entries?device=mobile-au&user=11&entity_id=BL-3`, setting.token);
    assert.deepEqual(read.entries.map(({ entry }) => entry['id']), [kept[2]?.id]);
    assert.ok(sealed.every((event) => event['decision'].verdict === 'ACCEPTED' && event['node'] === sealed[0]?.['node']));
    assert.deepEqual(sealed.map((event) => event['seq']), [2, 3, 4, 5, 6], 'in a chained log of its own');
  },

  /** The specification's vectors, computed by this client's own code. */
  async checksums(setting) {
    const vectors = JSON.parse(readFileSync(process.env['CHECKSUM_VECTORS'] ?? '', 'utf8')) as Record<'payload_as_sent' | 'sha256_as_sent' | 'canonical' | 'sha256_canonical', string>[];
    assert.ok(vectors.length > 0 && setting.url);
    for (const vector of vectors) {
      assert.equal(sha256(vector.payload_as_sent), vector.sha256_as_sent);
      assert.equal(canonical(JSON.parse(vector.payload_as_sent)), vector.canonical);
      assert.equal(sha256(vector.canonical), vector.sha256_canonical);
    }
  },
};

await run(scenarios);
