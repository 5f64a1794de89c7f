// A desktop as the document describes it: an outbox, and a cache that the server's word overwrites.
import { randomUUID } from 'node:crypto';
import { call } from './http.mjs';

/** @typedef {import('./contracts').OutboxEvent} OutboxEvent */
/** @typedef {import('./contracts').SyncUpResponse} SyncUpResponse */
/** @typedef {import('./contracts').SyncDownResponse} SyncDownResponse */

export class Desktop {
  /** @param {{url: string, token: string, tenant: string, client: string}} settings */
  constructor(settings) {
    this.settings = settings;
    /** @type {Record<string, Record<string, any>>} by type in lower case, by id */
    this.db = {};
    /** @type {OutboxEvent[]} */
    this.outbox = [];
    this.lastSyncTimestamp = null;
    this.conflicts = [];
  }

  table(entityType) {
    return (this.db[entityType.toLowerCase()] ??= {});
  }

  /** 1. Local change: into the cache and into the outbox. */
  write(operation, entityType, entityId, payload, id = randomUUID()) {
    const table = this.table(entityType);
    if (operation === 'DELETE') delete table[entityId];
    else table[entityId] = { ...table[entityId], ...payload, id: entityId };
    this.outbox.push({
      id, tenantId: this.settings.tenant, entityType, entityId, operation, payload, localVersion: Date.now(),
      createdAt: new Date().toISOString(), attemptCount: 0, status: 'PENDING',
    });
    return id;
  }

  /** 2. Up. `sent` is called before the answer is kept. @returns {Promise<SyncUpResponse>} */
  async up({ sent = () => {} } = {}) {
    const pending = this.outbox.filter((event) => event.status === 'PENDING');
    for (const event of pending) { event.attemptCount += 1; event.lastAttemptAt = new Date().toISOString(); }
    /** @type {SyncUpResponse} */
    const answer = await call(`${this.settings.url}/api/sync/up`, this.settings.token, {
      clientId: this.settings.client, events: pending, lastSyncTimestamp: this.lastSyncTimestamp,
    });
    sent(answer);
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
      if (table[acknowledged.entityId]) table[acknowledged.entityId].serverVersion = acknowledged.serverVersion;
    }
    for (const conflict of answer.conflicts) {
      const event = this.event(conflict.outboxEventId);
      event.status = 'CONFLICT';
      event.errorMessage = conflict.reason;
      this.conflicts.push(conflict);
    }
    for (const rejected of answer.rejected) {
      const event = this.event(rejected.outboxEventId);
      event.status = 'FAILED';
      event.errorMessage = rejected.reason;
    }
    return answer;
  }

  /** 3. Down, page by page, as the document's loop applies it. */
  async down(entityTypes) {
    const applied = [];
    for (let more = true; more; ) {
      /** @type {SyncDownResponse} */
      const answer = await call(`${this.settings.url}/api/sync/down`, this.settings.token, {
        clientId: this.settings.client, lastSyncTimestamp: this.lastSyncTimestamp, entityTypes,
      });
      for (const change of answer.changes) {
        const table = this.table(change.entityType);
        switch (change.operation) {
          case 'CREATE':
            if (table[change.entityId]) throw new Error(`${change.entityId} was there already`);
            table[change.entityId] = { ...change.payload, id: change.entityId, serverVersion: change.serverVersion };
            break;
          case 'UPDATE':
            if (!table[change.entityId]) throw new Error(`${change.entityId} is not there to be updated`);
            Object.assign(table[change.entityId], change.payload, { serverVersion: change.serverVersion });
            break;
          case 'DELETE':
            delete table[change.entityId];
            break;
        }
        applied.push(change);
      }
      this.lastSyncTimestamp = answer.syncTimestamp;
      more = answer.hasMore;
    }
    return applied;
  }

  /** The user's choice about a conflict: `resolveConflict('evt_123', true)`. */
  async resolveConflict(outboxEventId, acceptServerVersion, merged) {
    const answer = await call(`${this.settings.url}/api/sync/resolve`, this.settings.token, {
      clientId: this.settings.client, outboxEventId, acceptServerVersion, merged,
    });
    const event = this.event(outboxEventId);
    event.status = 'ACKNOWLEDGED';
    this.table(event.entityType)[answer.entityId] = answer.serverData;
    this.conflicts = this.conflicts.filter((conflict) => conflict.outboxEventId !== outboxEventId);
    return answer;
  }

  event(id) {
    const event = this.outbox.find((event) => event.id === id);
    if (!event) throw new Error(`the server answered for ${id}, which was never sent`);
    return event;
  }
}
