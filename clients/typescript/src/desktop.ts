// A desktop as the document describes it: an outbox, and a cache that the server's data overwrite.
import { randomUUID } from 'node:crypto';
import type { Conflict, OutboxEvent, ResolveRequest, ResolveResponse, SyncChange, SyncDownRequest, SyncDownResponse, SyncEntityType, SyncUpRequest, SyncUpResponse } from './contracts.js';
import { HttpError, call, pause, retry, type Pause } from './http.js';
import { DeviceRevoked, Identity } from './identity.js';
import { Store } from './store.js';

type Row = Record<string, any>;

interface State {
  outbox_events: (OutboxEvent & { serverEventId?: string })[];
  sync_state: { tenant_id: string; last_sync_timestamp: string | null; client_id: string };
  /** Rows by lower-case type, then by id. */
  db: Record<string, Record<string, Row>>;
  conflicts: Conflict[];
}

export interface Settings {
  url: string;
  /** The identity of an enrolled device, or the key of a program that speaks for it. */
  token: string | Identity;
  tenant: string;
  client: string;
  store: string;
  wait?: Pause;
}

/** Points at which a test kills the process. */
export interface Hooks {
  /** The outbox says SENT, and nothing was sent yet. */
  sending?: () => void;
  /** The answer has arrived and is not stored yet. */
  arrived?: (answer: SyncUpResponse) => void;
}

export class Desktop {
  readonly #store: Store<State>;

  constructor(readonly settings: Settings) {
    this.#store = new Store<State>(settings.store, {
      outbox_events: [], sync_state: { tenant_id: settings.tenant, last_sync_timestamp: null, client_id: settings.client }, db: {}, conflicts: [],
    });
    // The process was killed while sending. Whether the events arrived is unknown, so they are sent again.
    for (const event of this.outbox) if (event.status === 'SENT') event.status = 'PENDING';
  }

  get state(): State {
    return this.#store.state;
  }

  get outbox(): State['outbox_events'] {
    return this.state.outbox_events;
  }

  table(entityType: string): Record<string, Row> {
    return (this.state.db[entityType.toLowerCase()] ??= {});
  }

  /** 1. A local change goes into the cache and the outbox in one step. */
  write(operation: OutboxEvent['operation'], entityType: SyncEntityType, entityId: string, payload: Row, id: string = randomUUID()): string {
    if (this.settings.token instanceof Identity) this.settings.token.checkGrace();
    const table = this.table(entityType);
    if (operation === 'DELETE') delete table[entityId];
    else table[entityId] = { ...table[entityId], ...payload, id: entityId };
    this.outbox.push({
      id, tenantId: this.settings.tenant, entityType, entityId, operation, payload, localVersion: Date.now(),
      createdAt: new Date().toISOString(), attemptCount: 0, status: 'PENDING',
    });
    this.#store.save();
    return id;
  }

  pending(): OutboxEvent[] {
    return this.outbox.filter((event) => event.status === 'PENDING');
  }

  /** 2. Sends the outbox. */
  async up(hooks: Hooks = {}): Promise<SyncUpResponse> {
    const pending = this.pending();
    const lastAttemptAt = new Date().toISOString();
    const request: SyncUpRequest = {
      clientId: this.settings.client, lastSyncTimestamp: this.state.sync_state.last_sync_timestamp,
      events: pending.map((event) => Object.assign(event, { attemptCount: event.attemptCount + 1, lastAttemptAt })),
    };
    const body = structuredClone(request);
    for (const event of pending) event.status = 'SENT';
    this.#store.save();
    hooks.sending?.();
    try {
      const answer = await call<SyncUpResponse>(`${this.settings.url}/api/sync/up`, this.settings.token, body);
      hooks.arrived?.(answer);
      this.#applyAnswer(answer);
      return answer;
    } catch (error) {
      for (const event of pending) Object.assign(event, { status: 'PENDING', errorMessage: String(error) });
      this.#store.save();
      throw error;
    }
  }

  #applyAnswer(answer: SyncUpResponse): void {
    for (const acknowledged of answer.acknowledged) {
      const event = this.event(acknowledged.outboxEventId);
      event.status = 'ACKNOWLEDGED';
      event.serverEventId = acknowledged.serverEventId;
      const table = this.table(event.entityType);
      const row = table[event.entityId];
      if (acknowledged.entityId !== event.entityId && row) {
        delete table[event.entityId];
        table[acknowledged.entityId] = { ...row, id: acknowledged.entityId };
      }
      const held = table[acknowledged.entityId];
      if (held) held['serverVersion'] = acknowledged.serverVersion;
    }
    for (const conflict of answer.conflicts) {
      Object.assign(this.event(conflict.outboxEventId), { status: 'CONFLICT', errorMessage: conflict.reason });
      this.state.conflicts.push(conflict);
    }
    for (const rejected of answer.rejected) {
      Object.assign(this.event(rejected.outboxEventId), { status: 'FAILED', errorMessage: rejected.reason });
    }
    this.#store.save();
  }

  /** Sends until the outbox is empty, with growing delay and without a limit of attempts. */
  async sync(): Promise<void> {
    await retry(() => this.up(), () => this.pending().length > 0, this.settings.wait ?? pause);
  }

  /** 3. Pulls page by page, as in the document's loop. A page and its timestamp are stored in one step. */
  async down(entityTypes?: SyncEntityType[], limit?: number): Promise<SyncChange[]> {
    const applied: SyncChange[] = [];
    for (let more = true; more; ) {
      const request: SyncDownRequest = {
        clientId: this.settings.client, lastSyncTimestamp: this.state.sync_state.last_sync_timestamp,
        ...(entityTypes && { entityTypes }), ...(limit && { limit }),
      };
      const answer = await this.#askDown(request);
      for (const change of answer.changes) this.#applyChange(change);
      applied.push(...answer.changes);
      this.state.sync_state.last_sync_timestamp = answer.syncTimestamp;
      this.#store.save();
      more = answer.hasMore;
    }
    return applied;
  }

  /** The document has no field for a revocation: the server answers 403. The outbox is handed over, then everything is destroyed. */
  async #askDown(request: SyncDownRequest): Promise<SyncDownResponse> {
    try {
      return await call<SyncDownResponse>(`${this.settings.url}/api/sync/down`, this.settings.token, request);
    } catch (error) {
      if (!(error instanceof HttpError) || error.code !== 'DEVICE_REVOKED') throw error;
    }
    if (this.pending().length > 0) await this.sync();
    const unsent = this.pending().length;
    this.#store.destroy();
    if (this.settings.token instanceof Identity) await this.settings.token.wiped(unsent);
    throw new DeviceRevoked('the device was revoked: its events are handed over, its data is destroyed');
  }

  #applyChange({ operation, entityType, entityId, payload, serverVersion }: SyncChange): void {
    const table = this.table(entityType);
    const held = table[entityId];
    switch (operation) {
      case 'CREATE':
        if (held) throw new Error(`${entityType} ${entityId} was there already`);
        table[entityId] = { ...payload, id: entityId, serverVersion };
        break;
      case 'UPDATE':
        if (!held) throw new Error(`${entityType} ${entityId} is not there to be updated`);
        Object.assign(held, payload, { serverVersion });
        break;
      case 'DELETE':
        delete table[entityId];
        break;
    }
  }

  /** The user's choice, made from the data that the conflict shows: `resolveConflict('evt_123', true)`. */
  async resolveConflict(outboxEventId: string, acceptServerVersion: boolean, merged?: Row): Promise<ResolveResponse> {
    const shown = this.state.conflicts.find((conflict) => conflict.outboxEventId === outboxEventId);
    const answer = await this.#resolve({
      clientId: this.settings.client, outboxEventId, acceptServerVersion, merged, serverVersion: shown?.serverData?.['serverVersion'],
    }, shown);
    const event = this.event(outboxEventId);
    event.status = 'ACKNOWLEDGED';
    const table = this.table(event.entityType);
    if (answer.serverData) table[answer.entityId] = answer.serverData;
    else delete table[answer.entityId];
    this.state.conflicts = this.state.conflicts.filter((conflict) => conflict.outboxEventId !== outboxEventId);
    this.#store.save();
    return answer;
  }

  /** If the server's data have changed, the new data are shown and the user chooses again. */
  async #resolve(request: ResolveRequest, shown: Conflict | undefined): Promise<ResolveResponse> {
    try {
      return await call<ResolveResponse>(`${this.settings.url}/api/sync/resolve`, this.settings.token, request);
    } catch (error) {
      if (shown && error instanceof HttpError && error.status === 412) {
        shown.serverData = error.body?.['serverData'] ?? null;
        this.#store.save();
      }
      throw error;
    }
  }

  event(id: string): State['outbox_events'][number] {
    const event = this.outbox.find((sent) => sent.id === id);
    if (!event) throw new Error(`the server answered for ${id}, which was never sent`);
    return event;
  }
}
