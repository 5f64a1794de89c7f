// A phone as the mobile document describes it: it collects, the server decides.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { backoff, call, pause } from './http.mjs';

/** @typedef {import('./contracts').SyncEvent} SyncEvent */
/** @typedef {import('./contracts').PushResponse} PushResponse */

const FORBIDDEN_OFFLINE = new Set(['STOCK', 'PRODUCTION']);

/** SHA-256 over the payload as it will stand in the request. */
export const checksum = (payload) => sha256(JSON.stringify(payload));

export class Phone {
  /** @param {{url: string, token: string, device: string, user: number, store: string, unit?: number}} settings */
  constructor(settings) {
    this.settings = { unit: 1000, ...settings };
    this.state = existsSync(settings.store)
      ? JSON.parse(readFileSync(settings.store, 'utf8'))
      : { sync_queue: [], sync_meta: { last_pull_at: '1970-01-01T00:00:00Z', device_id: settings.device }, cache: {}, notifications: [], local: {} };
    // Killed while it was sending: whether that arrived is not known, so it is sent again.
    for (const row of this.state.sync_queue) if (row.status === 'SENDING') row.status = 'PENDING';
  }

  save() {
    const beside = `${this.settings.store}.new`;
    writeFileSync(beside, JSON.stringify(this.state));
    renameSync(beside, this.settings.store);
  }

  /** An action of the user: kept on the phone before anything else. The same id again (a double click) is the same action. */
  record(entity_type, entity_id, action, payload, id = randomUUID()) {
    if (FORBIDDEN_OFFLINE.has(entity_type)) throw new Error(`${entity_type} is read only on a phone`);
    if (this.state.sync_queue.some((row) => row.id === id)) return id;
    this.state.sync_queue.push({
      id, entity_type, entity_id, action, payload, occurred_at: new Date().toISOString(), user_id: this.settings.user,
      device_id: this.settings.device, status: 'PENDING', retry_count: 0,
    });
    this.state.local[`${entity_type}/${entity_id}`] = { action, sync_event_id: id };
    this.save();
    return id;
  }

  waiting() {
    return this.state.sync_queue.filter((row) => row.status !== 'FAILED');
  }

  /** @returns {SyncEvent[]} */
  batch() {
    return this.waiting().map(({ id, entity_type, entity_id, action, payload, occurred_at, user_id }) => ({
      id, entity_type, entity_id, action, payload, occurred_at, user_id, checksum: checksum(payload),
    }));
  }

  /** One push. `damage` changes what goes over the wire, `arrived` is called when the answer is there and nothing of it is kept yet. */
  async push({ damage = (events) => events, arrived = () => {} } = {}) {
    const rows = this.waiting();
    for (const row of rows) row.status = 'SENDING';
    this.state.sync_meta.batch_id ??= randomUUID();
    this.save();
    const events = damage(this.batch());
    /** @type {PushResponse} */
    let answer;
    try {
      answer = await call(`${this.settings.url}/api/sync/push`, this.settings.token, {
        device_id: this.settings.device, batch_id: this.state.sync_meta.batch_id, events,
      });
    } catch (error) {
      for (const row of rows) { row.status = 'PENDING'; row.retry_count += 1; row.last_error = String(error); }
      this.save();
      throw error;
    }
    arrived(answer);
    this.take(answer);
    return answer;
  }

  /** @param {PushResponse} answer */
  take(answer) {
    const acked = new Set(answer.acked_event_ids);
    this.state.sync_queue = this.state.sync_queue.filter((row) => !acked.has(row.id));
    for (const failed of answer.failed_events) {
      const row = this.state.sync_queue.find((row) => row.id === failed.event_id);
      if (!row) continue;
      row.last_error = failed.error_code;
      row.retry_count += 1;
      row.status = failed.retry ? 'PENDING' : 'FAILED';
      if (failed.resolution?.action === 'DISCARD_LOCAL') {
        delete this.state.local[`${row.entity_type}/${row.entity_id}`];
        this.state.notifications.push({ event_id: row.id, text: failed.resolution.data.message });
      }
    }
    // What is to be sent again goes in another batch.
    delete this.state.sync_meta.batch_id;
    this.save();
  }

  /** Pushes until nothing waits, with the document's backoff. */
  async sync() {
    for (let attempt = 0; this.waiting().length > 0; ) {
      try {
        const answer = await this.push();
        if (!answer.failed_events.some((failed) => failed.retry)) return;
      } catch (error) {
        if (error.retry === false) throw error;
      }
      await pause(backoff(attempt, this.settings.unit));
      attempt += 1;
    }
  }

  /** Pulls everything since the last time. */
  async pull(limit = 100) {
    let pages = 0;
    for (let more = true; more; pages += 1) {
      const since = encodeURIComponent(this.state.sync_meta.last_pull_at);
      const answer = await call(
        `${this.settings.url}/api/sync/pull?since=${since}&device_id=${this.settings.device}&limit=${limit}`, this.settings.token);
      for (const event of answer.events) {
        if (event.payload !== null && sha256(canonical(event.payload)) !== event.checksum) throw new Error(`damaged: ${event.id}`);
        const cache = (this.state.cache[event.entity_type] ??= {});
        if (event.action === 'DELETE') delete cache[event.entity_id];
        else cache[event.entity_id] = { ...event.payload, version: event.version };
      }
      this.state.sync_meta.last_pull_at = answer.server_time;
      this.save();
      more = answer.has_more;
    }
    return pages;
  }

  status() {
    return call(`${this.settings.url}/api/sync/status?device_id=${this.settings.device}`, this.settings.token);
  }

  async bootstrap(limit = 100) {
    const loaded = { products: [], deliveries_pending: [], clients: [], invoices: [] };
    for (let cursor = ''; ; ) {
      const answer = await call(
        `${this.settings.url}/api/sync/bootstrap?device_id=${this.settings.device}&limit=${limit}&cursor=${encodeURIComponent(cursor)}`,
        this.settings.token);
      for (const list of Object.keys(loaded)) loaded[list].push(...answer[list]);
      this.state.sync_meta.last_pull_at = answer.server_time;
      this.save();
      if (!answer.has_more) return loaded;
      cursor = answer.cursor;
    }
  }
}

/** RFC 8785: names in order, everything else as JSON.stringify writes it. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** SHA-256 of a text, hex. */
export const sha256 = (text) => createHash('sha256').update(text).digest('hex');
