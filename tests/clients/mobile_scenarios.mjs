// The mobile document's own examples (section 5) and its list of tests (section 10). Revocation and the 72 hours come with identity.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { call } from './http.mjs';
import { Phone, canonical, checksum, sha256 } from './mobile.mjs';
import { run } from './scenarios.mjs';

const phone = (setting, device, user, more = {}) =>
  new Phone({ url: setting.url, token: setting.key, device, user, store: join(setting.folder, `${device}.json`), unit: 5, ...more });

/** What head office does on the web. */
const office = (setting, entity_type, entity_id, action, payload) =>
  call(`${setting.url}/api/v1/events`, setting.token, { id: randomUUID(), entity_type, entity_id, action, payload });

const invoice = (total) => ({
  client: 'c-1', currency: 'EUR', total_minor: total, lines: [{ product: 'P1', quantity: '1', unit_price: (total / 100).toFixed(2) }],
});
const validation = (qr) => ({ qr, validated_at: new Date().toISOString(), latitude: 48.8566, longitude: 2.3522 });
const order = (reference, qr) => ({ reference, client: 'Café du Port', total_minor: 4200, qr });

/** Every event of the tenant that is not central's own bookkeeping. */
async function log(setting, action) {
  const found = [];
  for (let after = 0, more = true; more; ) {
    const page = await call(`${setting.url}/api/v1/events?limit=1000&after=${after}`, setting.token);
    found.push(...page.events.filter((event) => event.action === action));
    [after, more] = [page.next, page.more];
  }
  return found;
}

const scenarios = {
  /** §5: T1 and T2 offline, T3 accepted, T4 ALREADY_VALIDATED, DISCARD_LOCAL, "Validée par Chauffeur A". */
  async double_validation(setting) {
    await office(setting, 'USER', '1', 'CREATE', { name: 'Chauffeur A' });
    await office(setting, 'DELIVERY', 'BL-77', 'DELIVERY_CREATED', order('BL-77', 'QR-77'));
    const [a, b] = [phone(setting, 'mobile-a', 1), phone(setting, 'mobile-b', 2)];
    await a.pull();
    await b.pull();
    assert.equal(b.state.cache.DELIVERY['BL-77'].status, 'PENDING');
    const first = a.record('DELIVERY', 'BL-77', 'DELIVERY_VALIDATED', validation('QR-77')); // T1
    const second = b.record('DELIVERY', 'BL-77', 'DELIVERY_VALIDATED', validation('QR-77')); // T2
    const accepted = await a.push(); // T3
    assert.deepEqual([accepted.success, accepted.acked_event_ids, accepted.failed_events], [true, [first], []]);
    const refused = await b.push(); // T4
    assert.deepEqual([refused.success, refused.acked_event_ids], [false, []]);
    const [failed] = refused.failed_events;
    assert.deepEqual([failed.event_id, failed.error_code, failed.retry, failed.resolution.action],
      [second, 'ALREADY_VALIDATED', false, 'DISCARD_LOCAL']);
    assert.equal(failed.resolution.data.event_id, first);
    assert.deepEqual(b.state.notifications, [{ event_id: second, text: 'Validée par Chauffeur A' }]);
    assert.equal(b.state.local['DELIVERY/BL-77'], undefined, 'the local validation is discarded');
    await b.pull();
    assert.equal(b.state.cache.DELIVERY['BL-77'].status, 'VALIDATED');
    assert.equal(b.state.cache.DELIVERY['BL-77'].validation.event_id, first);
  },

  /** §10: création facture offline 24h → sync OK. */
  async invoice_made_a_day_ago(setting) {
    const seller = phone(setting, 'mobile-f', 3, { url: 'http://127.0.0.1:9' });
    const id = seller.record('INVOICE', 'i-24h', 'INVOICE_CREATED', invoice(1000));
    seller.state.sync_queue[0].occurred_at = new Date(Date.now() - 24 * 3600 * 1000).toISOString();
    seller.save();
    await assert.rejects(seller.push(), 'no network for a day');
    assert.equal(seller.waiting().length, 1, 'the queue keeps it');
    const back = phone(setting, 'mobile-f', 3);
    await back.sync();
    assert.equal(back.state.sync_queue.length, 0, 'purged once it is acked');
    await back.pull();
    const held = back.state.cache.INVOICE['i-24h'];
    assert.match(held.reference, /-000001$/, 'the server assigns the reference');
    assert.deepEqual([held.total_ttc, held.sync_event_id], [1000, id]);
    const [sealed] = await log(setting, 'INVOICE_CREATED');
    assert.ok(Date.now() - Date.parse(sealed.occurred_at) > 23 * 3600 * 1000, 'it keeps the time at which it was made');
  },

  /** §10: validation livraison sans réseau → sync OK. */
  async delivery_validated_without_network(setting) {
    await office(setting, 'DELIVERY', 'BL-1', 'DELIVERY_CREATED', order('BL-1', 'QR-1'));
    const loaded = await phone(setting, 'mobile-d', 4).bootstrap(1);
    assert.deepEqual(loaded.deliveries_pending.map((row) => [row.id, row.qr_payload]), [['BL-1', 'QR-1']]);
    const offline = phone(setting, 'mobile-d', 4, { url: 'http://127.0.0.1:9' });
    offline.record('DELIVERY', 'BL-1', 'DELIVERY_VALIDATED', validation('QR-1'));
    await assert.rejects(offline.push());
    const back = phone(setting, 'mobile-d', 4);
    await back.sync();
    assert.equal(back.waiting().length, 0);
    await back.pull();
    const { status, validation: held } = back.state.cache.DELIVERY['BL-1'];
    assert.deepEqual([status, held.user, held.place], ['VALIDATED', '4', '48.8566,2.3522']);
  },

  /** §10 and §7: app killée pendant sync → reprise OK; pas de duplication. */
  async killed_while_syncing(setting) {
    const before = phone(setting, 'mobile-k', 5);
    for (let number = 0; number < 10; number += 1) before.record('INVOICE', `k-${number}`, 'INVOICE_CREATED', invoice(500 + number));
    const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'dies_with_the_answer_in_its_hand', JSON.stringify(setting)]);
    assert.equal(child.signal, 'SIGKILL', String(child.stderr));
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 10, 'the server had taken them');
    const after = phone(setting, 'mobile-k', 5);
    assert.equal(after.waiting().length, 10, 'the phone does not know');
    assert.ok(after.state.sync_meta.batch_id, 'and sends the same batch again');
    const answer = await after.push();
    assert.deepEqual([answer.success, answer.acked_event_ids.length], [true, 10]);
    assert.equal(after.waiting().length, 0);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 10, 'none is there twice');
    await after.pull();
    const references = Object.values(after.state.cache.INVOICE).map((held) => Number(held.reference.slice(-6))).sort((x, y) => x - y);
    assert.deepEqual(references, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'and no number is missing or given twice');
  },

  /** The child of the scenario above. */
  async dies_with_the_answer_in_its_hand(setting) {
    await phone(setting, 'mobile-k', 5).push({ arrived: () => process.kill(process.pid, 'SIGKILL') });
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
    // The batch's hundred microseconds lie in one millisecond or across two, and no page ends inside one.
    assert.ok(pages === 2 || pages === 3, `pages of whole milliseconds, not of thirty: ${pages}`);
    assert.equal(Object.keys(seller.state.cache.CLIENT).length, 101);
    assert.deepEqual((await seller.status()).device.pending_events > 0, true, 'what was pulled counts once the phone says that it has it');
    await seller.pull();
    assert.deepEqual((await seller.status()).device.pending_events, 0);
  },

  /** §7: payload corrompu → reject + log; the others go on, and it is sent again. */
  async corrupted_payload(setting) {
    const seller = phone(setting, 'mobile-c', 7);
    const [good, bad] = ['x-1', 'x-2'].map((id) => seller.record('INVOICE', id, 'INVOICE_CREATED', invoice(700)));
    const damage = (events) => events.map((event) => (event.id === bad ? { ...event, payload: { ...event.payload, total_minor: 1 } } : event));
    const answer = await seller.push({ damage });
    assert.deepEqual(answer.acked_event_ids, [good]);
    assert.deepEqual(answer.failed_events.map(({ event_id, error_code, retry }) => ({ event_id, error_code, retry })),
      [{ event_id: bad, error_code: 'CHECKSUM_MISMATCH', retry: true }]);
    const { entries } = await call(`${setting.url}/api/v1/sync-log?client=mobile-c`, setting.token);
    assert.deepEqual([entries[0].status, entries[0].failedCount], ['PARTIAL', 1]);
    await seller.sync();
    assert.equal(seller.waiting().length, 0);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 2);
  },

  /** §7: serveur down → queue locale, sync quand OK; backoff. */
  async server_down(setting) {
    const seller = phone(setting, 'mobile-s', 8, { url: 'http://127.0.0.1:9' });
    seller.record('CLIENT', 'c-down', 'CREATE', { name: 'Zoé' });
    setTimeout(() => { seller.settings.url = setting.url; }, 60);
    await seller.sync();
    assert.equal(seller.waiting().length, 0);
  },

  /** §7: double clic → ignoré; §10: pas de duplication events (UUID). */
  async double_click(setting) {
    const seller = phone(setting, 'mobile-2', 9);
    const id = randomUUID();
    seller.record('INVOICE', 'dc-1', 'INVOICE_CREATED', invoice(900), id);
    seller.record('INVOICE', 'dc-1', 'INVOICE_CREATED', invoice(900), id);
    assert.equal(seller.waiting().length, 1);
    const [event] = seller.batch();
    const body = { device_id: 'mobile-2', batch_id: randomUUID(), events: [event, event] };
    const both = await Promise.all([1, 2].map(() => call(`${setting.url}/api/sync/push`, setting.key, body)));
    for (const answer of both) assert.deepEqual([answer.success, answer.acked_event_ids], [true, [id, id]]);
    assert.equal((await log(setting, 'INVOICE_CREATED')).length, 1);
  },

  /** §10: stock jamais modifié localement; §1: actions interdites. */
  async stock_is_never_changed(setting) {
    const keeper = phone(setting, 'mobile-w', 10);
    assert.throws(() => keeper.record('STOCK', 'P1', 'UPDATE', { quantity: 5 }), /read only/);
    assert.throws(() => keeper.record('PRODUCTION', 'p', 'PRODUCTION_VALIDATED', {}), /read only/);
    // A client that does it all the same.
    const event = (entity_type, entity_id, action, payload) => ({
      id: randomUUID(), entity_type, entity_id, action, payload, occurred_at: new Date().toISOString(), user_id: 10, checksum: checksum(payload),
    });
    const made = event('PRODUCTION', 'p-1', 'PRODUCTION_VALIDATED', { lines: [{ product: 'P1', quantity: '5', unit_cost: '1.00' }] });
    const answer = await call(`${setting.url}/api/sync/push`, setting.key, {
      device_id: 'mobile-w', batch_id: randomUUID(), events: [event('STOCK', 'P1', 'UPDATE', { quantity: 5 }), made],
    });
    assert.deepEqual(answer.failed_events.map((failed) => [failed.event_id, failed.error_code, failed.retry]), [[made.id, 'CENTRAL_ONLY', false]]);
    const stock = await call(`${setting.url}/api/v1/stock`, setting.token);
    assert.deepEqual(stock.rows, [], 'superseded: the server decides');
  },

  /** §8 and §10: audit complet même offline. */
  async audit_is_complete(setting) {
    const driver = phone(setting, 'mobile-au', 11, { url: 'http://127.0.0.1:9' });
    const scanned = { qr: 'QR-9' };
    const entry = {
      action: 'DELIVERY_SCANNED', subject: { entity_type: 'DELIVERY', entity_id: 'BL-9' }, payload_hash: sha256(JSON.stringify(scanned)),
      context: { app_version: '1.0.0', battery_level: 42, network_type: 'none', location: { lat: 48.85, lng: 2.35 } },
    };
    for (let number = 0; number < 5; number += 1) driver.record('AUDIT', `a-${number}`, 'AUDIT_RECORDED', entry);
    await assert.rejects(driver.push());
    const back = phone(setting, 'mobile-au', 11);
    await back.sync();
    const sealed = await log(setting, 'AUDIT_RECORDED');
    assert.deepEqual(sealed.map((event) => event.entity_id), ['a-0', 'a-1', 'a-2', 'a-3', 'a-4'], 'each, in the order in which it happened');
    assert.deepEqual([sealed[0].payload.context.battery_level, sealed[0].user, sealed[0].decision.verdict], [42, '11', 'ACCEPTED']);
    assert.deepEqual(sealed.map((event) => event.seq), [2, 3, 4, 5, 6], 'in a chained log of its own');
  },

  /** The vectors of the paper, by this client's own means. */
  async checksums(setting) {
    const vectors = JSON.parse(readFileSync(new URL('../../proto-schemas/vectors/mobile-checksums.json', import.meta.url), 'utf8'));
    for (const vector of vectors) {
      assert.equal(sha256(vector.payload_as_sent), vector.sha256_as_sent);
      assert.equal(canonical(JSON.parse(vector.payload_as_sent)), vector.canonical);
      assert.equal(sha256(vector.canonical), vector.sha256_canonical);
    }
    assert.ok(setting.url);
  },
};

await run(scenarios);
