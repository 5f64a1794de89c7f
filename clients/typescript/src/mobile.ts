// A phone as the mobile document describes it: it collects, the server decides.
import { createHash, randomUUID } from 'node:crypto';
import type { BootstrapResponse, LocalAuditEntry, PullResponse, PushRequest, PushResponse, StatusResponse } from './contracts.js';
import { call, pause, retry, type Pause } from './http.js';
import { DeviceRevoked, Identity } from './identity.js';
import { Store } from './store.js';

const FORBIDDEN_OFFLINE = new Set(['STOCK', 'PRODUCTION']);

export type Json = Record<string, any>;

/** A row of `sync_queue`. */
export interface Queued {
  id: string;
  entity_type: string;
  entity_id: string;
  action: string;
  payload: Json;
  occurred_at: string;
  user_id: number;
  device_id: string;
  status: 'PENDING' | 'SENDING' | 'FAILED';
  retry_count: number;
  last_error?: string;
}

interface State {
  sync_queue: Queued[];
  sync_meta: { last_pull_at: string; device_id: string; batch_id?: string; bootstrap_cursor?: string };
  /** By type and id: the server's rows, read only. */
  cache: Record<string, Record<string, Json>>;
  /** The user's actions that the server has not decided yet. */
  local: Record<string, { action: string; sync_event_id: string }>;
  /** Unfinished input, stored every five seconds until it becomes an event. */
  draft_invoices: Record<string, Json>;
  audit: LocalAuditEntry[];
  notifications: { event_id: string; text: string }[];
  /** The server asks the user to log in again soon. */
  requires_login?: boolean;
}

export interface Settings {
  url: string;
  /** The identity of an enrolled device, or the key of a program that speaks for it. */
  token: string | Identity;
  device: string;
  user: number;
  store: string;
  wait?: Pause;
}

/** Points at which a test observes or kills the process. */
export interface Hooks {
  /** Changes the events of a request. */
  damage?: (events: PushRequest['events']) => PushRequest['events'];
  /** The queue says SENDING, and nothing was sent yet. */
  sending?: () => void;
  /** The answer has arrived and is not stored yet. */
  arrived?: (answer: PushResponse) => void;
}

/** SHA-256 of a text, hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** SHA-256 over the payload as it is sent. */
export const checksum = (payload: Json): string => sha256(JSON.stringify(payload));

/** RFC 8785: names in order, everything else as JSON.stringify writes it. */
export function canonical(value: any): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

export class Phone {
  readonly #store: Store<State>;

  constructor(readonly settings: Settings) {
    this.#store = new Store<State>(settings.store, {
      sync_queue: [], sync_meta: { last_pull_at: '1970-01-01T00:00:00Z', device_id: settings.device },
      cache: {}, local: {}, draft_invoices: {}, audit: [], notifications: [],
    });
    // The process was killed while sending. Whether the events arrived is unknown, so they are sent again.
    for (const row of this.state.sync_queue) if (row.status === 'SENDING') row.status = 'PENDING';
  }

  get state(): State {
    return this.#store.state;
  }

  /** Stores an action of the user on the phone before anything else. The same id again (a double click) is the same action. */
  record(entity_type: string, entity_id: string, action: string, payload: Json, id: string = randomUUID(), occurred_at = new Date()): string {
    if (FORBIDDEN_OFFLINE.has(entity_type)) throw new Error(`${entity_type} is read only on a phone`);
    if (this.settings.token instanceof Identity) this.settings.token.checkGrace();
    if (this.state.sync_queue.some((row) => row.id === id)) return id;
    this.state.sync_queue.push({
      id, entity_type, entity_id, action, payload, occurred_at: occurred_at.toISOString(), user_id: this.settings.user,
      device_id: this.settings.device, status: 'PENDING', retry_count: 0,
    });
    this.state.local[`${entity_type}/${entity_id}`] = { action, sync_event_id: id };
    delete this.state.draft_invoices[entity_id];
    this.#store.save();
    return id;
  }

  /** Called by an app every five seconds while its user types. */
  keepDraft(id: string, invoice: Json): void {
    this.state.draft_invoices[id] = invoice;
    this.#store.save();
  }

  /** Stores an audit entry and queues it like any other event. */
  audit(entry: Omit<LocalAuditEntry, 'id' | 'user_id' | 'device_id' | 'occurred_at' | 'synced'>): LocalAuditEntry {
    const made: LocalAuditEntry = {
      ...entry, id: randomUUID(), user_id: String(this.settings.user), device_id: this.settings.device,
      occurred_at: new Date().toISOString(), synced: false,
    };
    this.state.audit.push(made);
    this.record('AUDIT', made.id, made.action, made, made.id, new Date(made.occurred_at));
    return made;
  }

  waiting(): Queued[] {
    return this.state.sync_queue.filter((row) => row.status !== 'FAILED');
  }

  /** Events, and audit entries as they are. */
  batch(): PushRequest['events'] {
    return this.waiting().map(({ id, entity_type, entity_id, action, payload, occurred_at, user_id }) => {
      if (entity_type === 'AUDIT') return payload as LocalAuditEntry;
      return { id, entity_type, entity_id, action, payload, occurred_at, user_id, checksum: checksum(payload) };
    });
  }

  /** Sends one batch. */
  async push(hooks: Hooks = {}): Promise<PushResponse> {
    const rows = this.waiting();
    const events = (hooks.damage ?? ((unchanged) => unchanged))(this.batch());
    for (const row of rows) row.status = 'SENDING';
    const batch_id = (this.state.sync_meta.batch_id ??= randomUUID());
    this.#store.save();
    hooks.sending?.();
    const request: PushRequest = { device_id: this.settings.device, batch_id, events };
    try {
      const answer = await call<PushResponse>(`${this.settings.url}/api/sync/push`, this.settings.token, request);
      hooks.arrived?.(answer);
      this.#applyAnswer(answer);
      return answer;
    } catch (error) {
      for (const row of rows) Object.assign(row, { status: 'PENDING', retry_count: row.retry_count + 1, last_error: String(error) });
      this.#store.save();
      throw error;
    }
  }

  #applyAnswer(answer: PushResponse): void {
    const acked = new Set(answer.acked_event_ids);
    this.state.sync_queue = this.state.sync_queue.filter((row) => !acked.has(row.id));
    for (const entry of this.state.audit) entry.synced ||= acked.has(entry.id);
    for (const failed of answer.failed_events) {
      const row = this.state.sync_queue.find((queued) => queued.id === failed.event_id);
      if (!row) continue;
      Object.assign(row, { status: failed.retry ? 'PENDING' : 'FAILED', retry_count: row.retry_count + 1, last_error: failed.error_code });
      if (failed.resolution?.action === 'DISCARD_LOCAL') {
        delete this.state.local[`${row.entity_type}/${row.entity_id}`];
        this.state.notifications.push({ event_id: row.id, text: failed.resolution.data.message });
      }
    }
    // Events to resend go into another batch.
    delete this.state.sync_meta.batch_id;
    this.#store.save();
  }

  /** Pushes until the queue is empty, with the document's backoff and without a limit of attempts. */
  async sync(): Promise<void> {
    if (this.waiting().length === 0) return;
    await retry(() => this.push(), (answer) => answer.failed_events.some((failed) => failed.retry), this.settings.wait ?? pause);
  }

  /** Pulls everything since the last pull; returns the number of pages. */
  async pull(limit = 100): Promise<number> {
    let pages = 0;
    for (let more = true; more; pages += 1) {
      const answer = await this.#get<PullResponse>('pull', { since: this.state.sync_meta.last_pull_at, limit });
      if (!answer.device_status.is_active) await this.#handOverAndWipe();
      this.state.requires_login = answer.device_status.requires_reauth;
      for (const event of answer.events) {
        if (event.payload === null || event.action === 'DELETE') {
          delete this.state.cache[event.entity_type]?.[event.entity_id];
          continue;
        }
        if (sha256(canonical(event.payload)) !== event.checksum) throw new Error(`damaged: ${event.id}`);
        this.#cacheRow(event.entity_type, { ...event.payload, version: event.version });
      }
      this.state.sync_meta.last_pull_at = answer.server_time;
      this.#store.save();
      more = answer.has_more;
    }
    return pages;
  }

  /** Stock has two rows per product: the shop's, and the company's. */
  #cacheRow(entity_type: string, row: Json): void {
    const key = entity_type === 'STOCK' ? `${row['id']}@${row['site'] ?? ''}` : row['id'];
    (this.state.cache[entity_type] ??= {})[key] = row;
  }

  /** A row of the cache. */
  cached(entity_type: string, entity_id: string): Json {
    const row = this.state.cache[entity_type]?.[entity_id];
    if (!row) throw new Error(`${entity_type} ${entity_id} is not in the cache`);
    return row;
  }

  async status(): Promise<StatusResponse> {
    const status = await this.#get<StatusResponse>('status', {});
    if (!status.device.is_active) await this.#handOverAndWipe();
    return status;
  }

  /**
   * "Révocation = effacement données locales", after the server has what was recorded. A process that is killed on the way learns
   * of the revocation again, and goes on.
   */
  async #handOverAndWipe(): Promise<never> {
    await this.sync();
    const unsent = this.waiting().length;
    this.#store.destroy();
    if (this.settings.token instanceof Identity) await this.settings.token.wiped(unsent);
    throw new DeviceRevoked('the device was revoked: its events are handed over, its data is destroyed');
  }

  /** The first load. A page and the start of the next one are stored together, so a killed load resumes there. */
  async bootstrap(limit = 100): Promise<void> {
    const meta = this.state.sync_meta;
    for (let more = true; more; ) {
      const cursor = meta.bootstrap_cursor ?? '';
      const answer = await this.#get<BootstrapResponse>('bootstrap', { limit, cursor });
      const lists = { PRODUCT: answer.products, DELIVERY: answer.deliveries_pending, CLIENT: answer.clients, INVOICE: answer.invoices, STOCK: answer.stock };
      for (const [entity_type, rows] of Object.entries(lists)) rows.forEach((row) => this.#cacheRow(entity_type, row));
      more = answer.has_more;
      if (more) {
        meta.bootstrap_cursor = answer.cursor;
      } else {
        delete meta.bootstrap_cursor;
        meta.last_pull_at = answer.server_time;
      }
      this.#store.save();
    }
  }

  #get<T>(what: string, query: Record<string, string | number>): Promise<T> {
    const named = Object.entries({ device_id: this.settings.device, ...query }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return call<T>(`${this.settings.url}/api/sync/${what}?${named.join('&')}`, this.settings.token);
  }
}
