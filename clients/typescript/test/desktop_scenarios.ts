// The desktop document's flows, its conflict example, and its complete example.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENTITY_TYPES, type SyncLog, type SyncUpResponse } from '../src/contracts.js';
import { Desktop, type Hooks, type Settings } from '../src/desktop.js';
import { call } from '../src/http.js';
import { ask, die, killed, run, type Scenarios, type Setting } from './scenarios.js';

const HERE = fileURLToPath(import.meta.url);

const desktop = (setting: Setting, client: string, more: Partial<Settings> = {}): Desktop =>
  new Desktop({ url: setting.url, token: setting.token, tenant: setting.tenant, client, store: join(setting.folder, `${client}.json`), ...more });

/** The same desktop after its disk was wiped, `sync_state` with `client_id` and `last_sync_timestamp` included. */
const wiped = (setting: Setting, { settings }: Desktop): Desktop => {
  rmSync(settings.store);
  return desktop(setting, randomUUID());
};

/** A desktop of the other tenant. */
const theirs = (setting: Setting, client: string, tenant: string): Desktop =>
  desktop(setting, client, { token: setting.other.token, tenant, store: join(setting.folder, `theirs-${client}.json`) });

interface Logged {
  entries: (SyncLog & { failedCount: number })[];
  statistics: { syncs: number; succeeded: number; partial: number; failed: number; events: number; conflicts: number };
}

/** Appends an event as head headOffice. */
const headOffice = (setting: Setting, entity_type: string, entity_id: string, action: string, payload: unknown): Promise<unknown> =>
  call(`${setting.url}/api/v1/events`, setting.token, { id: randomUUID(), entity_type, entity_id, action, payload });

/** The ids of all grades in the tenant's log. */
async function grades(setting: Setting): Promise<string[]> {
  const { events } = await call<{ events: Record<string, string>[] }>(`${setting.url}/api/v1/events?limit=1000`, setting.token);
  return events.filter((event) => event['entity_type'] === 'GRADE').map((event) => event['entity_id'] ?? '');
}

/** Writes twenty grades on a desktop and starts a sync, during which a hook kills the process. */
async function sync_and_die(setting: Setting, hooks: Hooks): Promise<void> {
  const school = desktop(setting, 'desk-k');
  for (let number = 0; number < 20; number += 1) school.write('CREATE', 'GRADE', `g-${number}`, { mark: number });
  await school.up(hooks);
}

/** Afterwards every grade arrives exactly once. */
async function assert_resumes(setting: Setting): Promise<void> {
  const after = desktop(setting, 'desk-k');
  assert.equal(after.pending().length, 20, 'the outbox still holds all events');
  await after.sync();
  assert.ok(after.outbox.every((event) => event.status === 'ACKNOWLEDGED' && event.serverEventId));
  assert.equal(new Set(await grades(setting)).size, 20);
  assert.equal((await grades(setting)).length, 20, 'no duplicates');
  assert.deepEqual(await after.down(), [], 'the desktop already holds them all');
}

const scenarios: Scenarios = {
  /** "Exemple Complet": création d'un élève hors ligne, steps 1 to 6. */
  async a_pupil_made_offline(setting) {
    const school = desktop(setting, 'desk-1');
    school.write('CREATE', 'STUDENT', 'student_local_1', { firstName: 'Jean', lastName: 'DUPONT' }, 'evt_123'); // 1
    assert.equal(school.event('evt_123').status, 'PENDING');
    const answer = await school.up(); // 2 to 4
    assert.deepEqual([answer.conflicts, answer.rejected], [[], []]);
    const [acknowledged] = answer.acknowledged;
    assert.ok(acknowledged);
    assert.equal(acknowledged.outboxEventId, 'evt_123');
    assert.equal(typeof acknowledged.serverVersion, 'number');
    assert.equal(school.event('evt_123').status, 'ACKNOWLEDGED'); // 5
    assert.ok(school.table('STUDENT')[acknowledged.entityId]);
    assert.deepEqual(await school.down(), [], 'aucun changement (déjà synchronisé)'); // 6
    const other = desktop(setting, 'desk-2');
    const changes = await other.down();
    assert.deepEqual(changes.map(({ operation, entityType, entityId }) => [operation, entityType, entityId]),
      [['CREATE', 'STUDENT', acknowledged.entityId]]);
    assert.equal(other.table('STUDENT')[acknowledged.entityId]?.['lastName'], 'DUPONT');
    assert.deepEqual(await other.down(), [], 'no further changes');
  },

  /** The server assigns another id if the client's is taken, and references follow. */
  async a_taken_id_is_replaced(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'CLASS', '6A', { id: '6A', name: 'Sixième A' });
    await one.up();
    two.write('CREATE', 'CLASS', '6A', { id: '6A', name: 'Une autre sixième A' });
    two.write('CREATE', 'STUDENT', 's-1', { firstName: 'Aïcha', classId: '6A' });
    const { acknowledged } = await two.up();
    const given = acknowledged[0]?.entityId ?? '';
    assert.notEqual(given, '6A');
    assert.equal(two.table('CLASS')[given]?.['name'], 'Une autre sixième A');
    assert.equal(two.table('CLASS')['6A'], undefined);
    await one.down();
    assert.equal(one.table('CLASS')['6A']?.['name'], 'Sixième A', 'no row was overwritten');
    assert.equal(one.table('STUDENT')['s-1']?.['classId'], given, 'the reference follows');
  },

  /** "Exemple de Conflit": the server's data come back, and the user takes them. */
  async a_conflict_is_shown_and_the_server_s_version_taken(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'STUDENT', 'student_456', { firstName: 'Jean', lastName: 'DUPONT' });
    await one.up();
    await one.down();
    await two.down();
    one.write('UPDATE', 'STUDENT', 'student_456', { firstName: 'Jeanne' });
    two.write('UPDATE', 'STUDENT', 'student_456', { firstName: 'Paul' }, 'evt_123');
    await one.up();
    await two.up();
    const [conflict] = two.state.conflicts;
    assert.ok(conflict);
    assert.deepEqual([conflict.outboxEventId, conflict.serverData?.['id'], conflict.serverData?.['firstName']], ['evt_123', 'student_456', 'Jeanne']);
    assert.match(conflict.reason, /^Version locale \(\d+\) différente de version serveur \(\d+\)$/);
    assert.equal(two.event('evt_123').status, 'CONFLICT');
    await two.resolveConflict('evt_123', true);
    assert.equal(two.table('STUDENT')['student_456']?.['firstName'], 'Jeanne');
    assert.deepEqual(two.state.conflicts, []);
    await one.down();
    assert.equal(one.table('STUDENT')['student_456']?.['firstName'], 'Jeanne');
  },

  /** "Rejeter la version serveur: garder la version locale." */
  async a_conflict_is_decided_for_the_local_version(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'TEACHER', 't-1', { name: 'Mme Martin', room: '12' });
    await one.up();
    await one.down();
    await two.down();
    one.write('UPDATE', 'TEACHER', 't-1', { room: '14' });
    two.write('UPDATE', 'TEACHER', 't-1', { room: '15' }, 'evt_9');
    await one.up();
    await two.up();
    await two.resolveConflict('evt_9', false);
    assert.equal(two.table('TEACHER')['t-1']?.['room'], '15');
    await one.down();
    assert.equal(one.table('TEACHER')['t-1']?.['room'], '15', 'the choice reaches the others');
    await two.down();
    two.write('UPDATE', 'TEACHER', 't-1', { room: '16' });
    assert.equal((await two.up()).acknowledged.length, 1, 'the conflict is closed');
  },

  /** "Le serveur renvoie le conflit avec les données serveur", also if they change while the user is choosing. */
  async a_choice_is_about_what_was_shown(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean', level: '6' });
    await one.up();
    await one.down();
    await two.down();
    one.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jeanne' });
    two.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Paul', level: '4' }, 'evt_5');
    await one.up();
    await two.up();
    one.write('UPDATE', 'STUDENT', 's-1', { level: '5' });
    await one.up();
    await assert.rejects(two.resolveConflict('evt_5', false), { status: 412, code: 'PRECONDITION_FAILED' });
    assert.equal(two.event('evt_5').status, 'CONFLICT');
    assert.deepEqual([two.state.conflicts[0]?.serverData?.['firstName'], two.state.conflicts[0]?.serverData?.['level']], ['Jeanne', '5']);
    await two.resolveConflict('evt_5', false, { firstName: 'Paul' });
    await one.down();
    for (const { state } of [one, two]) {
      const held = state.db['student']?.['s-1'];
      assert.deepEqual([held?.['firstName'], held?.['level']], ['Paul', '5'], 'no unseen change was overwritten');
    }
  },

  /** A choice may also be made field by field. */
  async a_conflict_is_merged_field_by_field(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean', lastName: 'DUPONT' });
    await one.up();
    await one.down();
    await two.down();
    one.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jean-Luc' });
    two.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jean-Paul', lastName: 'DURAND' }, 'evt_7');
    await one.up();
    await two.up();
    await two.resolveConflict('evt_7', false, { lastName: 'DURAND' });
    await one.down();
    for (const { state } of [one, two]) {
      const held = state.db['student']?.['s-1'];
      assert.deepEqual([held?.['firstName'], held?.['lastName']], ['Jean-Luc', 'DURAND']);
    }
  },

  /** "Écraser la version locale", by the sample's `update`: fields that only the client wrote are removed. */
  async the_server_s_data_overwrite_the_local_ones(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await one.up();
    await one.down();
    await two.down();
    one.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jeanne' });
    two.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Paul', level: '4' }, 'evt_1');
    two.write('UPDATE', 'STUDENT', 's-1', { room: '12' }, 'evt_2');
    await one.up();
    const held = two.table('STUDENT')['s-1'] ?? {};
    for (const conflict of (await two.up()).conflicts) Object.assign(held, conflict.serverData);
    assert.deepEqual([held['firstName'], held['level'], held['room']], ['Jeanne', null, null]);
    const first = await two.resolveConflict('evt_1', true);
    const second = await two.resolveConflict('evt_2', true);
    assert.deepEqual(second.serverData, first.serverData, 'one choice for both edits');
    assert.deepEqual(two.state.conflicts, []);
  },

  /** "Appliquer chaque changement localement": a removed field disappears, and a recreated row replaces the old one. */
  async changes_remove_old_fields(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    for (const id of ['s-1', 's-2']) one.write('CREATE', 'STUDENT', id, { firstName: 'Jean', nickname: 'Jeannot' });
    await one.up();
    await two.down();
    one.write('UPDATE', 'STUDENT', 's-1', { nickname: null });
    one.write('DELETE', 'STUDENT', 's-2', {});
    one.write('CREATE', 'STUDENT', 's-2', { firstName: 'Zoé' });
    await one.up();
    assert.deepEqual((await two.down()).map(({ operation, entityId }) => [operation, entityId]),
      [['UPDATE', 's-1'], ['DELETE', 's-2'], ['CREATE', 's-2']]);
    assert.equal(two.table('STUDENT')['s-1']?.['nickname'], null);
    assert.equal(two.table('STUDENT')['s-2']?.['nickname'], undefined);
  },

  /** "Les conflits sont détectés et résolus explicitement": one side deletes a row that the other changes, and vice versa. */
  async a_deletion_in_conflict_loses_no_row(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    for (const id of ['s-1', 's-2']) one.write('CREATE', 'STUDENT', id, { firstName: 'Jean' });
    await one.up();
    await two.down();
    one.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jeanne' });
    two.write('DELETE', 'STUDENT', 's-1', {}, 'evt_1');
    one.write('DELETE', 'STUDENT', 's-2', {});
    two.write('UPDATE', 'STUDENT', 's-2', { firstName: 'Paul' }, 'evt_2');
    await one.up();
    assert.deepEqual((await two.up()).conflicts.map((conflict) => conflict.serverData?.['firstName']), ['Jeanne', undefined]);
    await two.down();
    assert.deepEqual(Object.keys(two.table('STUDENT')), ['s-1'], 'the copy shows the server rows until the user chooses');
    await two.resolveConflict('evt_1', true);
    await two.resolveConflict('evt_2', false);
    await two.down();
    await one.down();
    for (const { state } of [one, two]) {
      assert.deepEqual(['s-1', 's-2'].map((id) => state.db['student']?.[id]?.['firstName']), ['Jeanne', 'Paul']);
    }
  },

  /** A retry after a lost answer creates no duplicates. */
  async a_retry_after_a_lost_answer_creates_no_second_event(setting) {
    const school = desktop(setting, 'desk-1');
    for (let number = 0; number < 20; number += 1) school.write('CREATE', 'GRADE', `g-${number}`, { mark: number });
    let first: SyncUpResponse | undefined;
    await assert.rejects(school.up({ arrived: (answer) => { first = answer; throw new Error('cut'); } }));
    assert.deepEqual(await school.up(), first);
    assert.ok(school.outbox.every((event) => event.status === 'ACKNOWLEDGED' && event.attemptCount === 2));
    assert.equal((await grades(setting)).length, 20);
  },

  /** "Garantit qu'aucune modification n'est perdue": the desktop is killed at each step of its sync. */
  async killed_before_sending(setting) {
    killed(HERE, 'dies_before_sending', setting);
    assert.equal((await grades(setting)).length, 0, 'nothing was sent');
    await assert_resumes(setting);
  },

  dies_before_sending: (setting) => sync_and_die(setting, { sending: die }),

  async killed_before_storing_the_answer(setting) {
    killed(HERE, 'dies_before_storing_the_answer', setting);
    assert.equal((await grades(setting)).length, 20, 'the server had accepted them');
    await assert_resumes(setting);
  },

  dies_before_storing_the_answer: (setting) => sync_and_die(setting, { arrived: die }),

  /** "Retry automatique: retenter avec backoff exponentiel", through a server that is killed during the request. */
  async server_killed_while_syncing(setting) {
    const waits: number[] = [];
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds / 1000);
      if (waits.length === 6) await ask('start central');
    };
    const school = desktop(setting, 'desk-sk', { wait });
    for (let number = 0; number < 200; number += 1) school.write('CREATE', 'GRADE', `g-${number}`, { mark: number });
    const sent = school.up().then(() => true, () => false);
    await ask('kill central');
    const answered = await sent;
    assert.equal(school.pending().length, answered ? 0 : 200);
    school.write('CREATE', 'GRADE', 'g-after', { mark: 20 });
    await school.sync();
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 16]);
    assert.ok(school.outbox.every((event) => event.status === 'ACKNOWLEDGED'));
    assert.equal((await grades(setting)).length, 201, 'every event was recorded once');
    assert.deepEqual(await school.down(), []);
  },

  /** Every entity type of the document, created, updated and deleted. */
  async every_entity_type(setting) {
    const types = ENTITY_TYPES;
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    for (const type of types) one.write('CREATE', type, 'x-1', { label: type });
    assert.equal((await one.up()).acknowledged.length, types.length);
    await two.down();
    for (const type of types) two.write('UPDATE', type, 'x-1', { label: `${type} 2` });
    assert.equal((await two.up()).acknowledged.length, types.length);
    await one.down();
    for (const type of types) assert.equal(one.table(type)['x-1']?.['label'], `${type} 2`);
    for (const type of types) one.write('DELETE', type, 'x-1', {});
    assert.equal((await one.up()).acknowledged.length, types.length);
    await two.down();
    for (const type of types) assert.equal(two.table(type)['x-1'], undefined);
  },

  /** "Optionnellement filtrer par entityTypes". */
  async only_the_requested_types_are_pulled(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    for (const type of ENTITY_TYPES) one.write('CREATE', type, 'x-1', { label: type });
    await one.up();
    const changes = await two.down(['STUDENT', 'GRADE']);
    assert.deepEqual(changes.map((change) => change.entityType), ['STUDENT', 'GRADE']);
    assert.deepEqual(Object.keys(two.state.db), ['student', 'grade']);
  },

  /** "Pagination: pour les grandes quantités de données", and "Synchronisation incrémentale": each change arrives once. */
  async many_changes_arrive_page_by_page(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    for (let batch = 0; batch < 12; batch += 1) {
      for (let number = 0; number < 10; number += 1) one.write('CREATE', 'ATTENDANCE', `a-${batch}-${number}`, { present: true });
      await one.up();
    }
    one.write('UPDATE', 'ATTENDANCE', 'a-0-1', { present: false });
    await one.up();
    const first = await call<{ changes: unknown[]; hasMore: boolean }>(`${setting.url}/api/sync/down`, setting.token,
      { clientId: 'desk-3', lastSyncTimestamp: null, limit: 20 });
    assert.ok(first.hasMore && first.changes.length >= 20 && first.changes.length < 120);
    const changes = await two.down(undefined, 20);
    const created = changes.filter((change) => change.operation === 'CREATE').map((change) => change.entityId);
    assert.deepEqual([created.length, new Set(created).size], [120, 120]);
    assert.deepEqual(changes.slice(-1).map(({ operation, entityId }) => [operation, entityId]), [['UPDATE', 'a-0-1']], 'later changes follow');
    one.write('UPDATE', 'ATTENDANCE', 'a-0-0', { present: false });
    await one.up();
    assert.deepEqual((await two.down()).map(({ operation, entityId }) => [operation, entityId]), [['UPDATE', 'a-0-0']], 'then only new changes');
  },

  /** "SQLite est une cache locale": a wiped desktop also gets its own rows, whether or not it has pulled before. */
  async a_wiped_desktop_gets_its_own_rows(setting) {
    const before = desktop(setting, 'desk-1');
    before.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    before.write('CREATE', 'STUDENT', 's-2', { firstName: 'Aïcha' });
    await before.up();
    const after = wiped(setting, before);
    assert.deepEqual((await after.down()).map(({ operation, entityId }) => [operation, entityId]), [['CREATE', 's-1'], ['CREATE', 's-2']]);
    assert.deepEqual(await after.down(), [], 'once');
    after.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jeanne' });
    assert.equal((await after.up()).acknowledged.length, 1);
    const again = wiped(setting, after);
    await again.down();
    assert.equal(again.table('STUDENT')['s-1']?.['firstName'], 'Jeanne');
  },

  /** "Appliquer chaque changement localement": documents arrive as CREATE once, then as UPDATE. */
  async documents_are_created_once_then_updated(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'CLASS', '6A', { name: 'Sixième A' });
    await one.up();
    await two.down();
    await headOffice(setting, 'DELIVERY', 'BL-1', 'DELIVERY_CREATED', { reference: 'BL-1', client: 'Cantine', total_minor: 4200, qr: 'QR-1' });
    assert.deepEqual((await two.down()).map(({ operation, entityType }) => [operation, entityType]), [['CREATE', 'DELIVERY']]);
    await headOffice(setting, 'DELIVERY', 'BL-1', 'DELIVERY_VALIDATED', { qr: 'QR-1', validated_at: new Date().toISOString() });
    assert.deepEqual((await two.down()).map(({ operation, entityType }) => [operation, entityType]), [['UPDATE', 'DELIVERY']]);
    assert.deepEqual((await one.down()).map(({ operation, entityType }) => [operation, entityType]), [['CREATE', 'DELIVERY']]);
  },

  /** "Isolation Stricte": another tenant's event is rejected, and no row of another tenant is pulled. */
  async tenants_are_isolated(setting) {
    const mine = desktop(setting, 'desk-1');
    mine.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await mine.up();
    assert.deepEqual(await theirs(setting, 'desk-1', setting.other.tenant).down(), []);
    const spy = theirs(setting, 'spy', setting.tenant);
    spy.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Eve' });
    const { rejected } = await spy.up();
    assert.equal(rejected[0]?.code, 'WRONG_TENANT');
    assert.equal(spy.outbox[0]?.status, 'FAILED');
    assert.deepEqual(await spy.down(), []);
  },

  /** SyncLog: every synchronisation, with its direction, counts, status and duration. */
  async every_synchronisation_is_logged(setting) {
    const school = desktop(setting, 'desk-log');
    school.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await school.up();
    await school.down();
    const { entries, statistics } = await call<Logged>(`${setting.url}/api/v1/sync-log?client=desk-log`, setting.token);
    assert.deepEqual(entries.map(({ direction, eventsCount, conflictsCount, status }) => [direction, eventsCount, conflictsCount, status]),
      [['DOWN', 0, 0, 'SUCCESS'], ['UP', 1, 0, 'SUCCESS']]);
    assert.ok(entries.every((entry) => entry.tenantId === setting.tenant && Date.parse(entry.startedAt) <= Date.parse(entry.completedAt ?? '')));
    assert.deepEqual([statistics.syncs, statistics.succeeded, statistics.events], [2, 2, 1]);
  },

  /** SyncLog, "Analytics: statistiques de synchronisation par tenant"; "Debugging": failures are listed too. */
  async statistics_are_kept_for_each_tenant(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await one.up();
    await two.down();
    one.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Jeanne' });
    two.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Paul' });
    await one.up();
    await two.up();
    const neighbour = theirs(setting, 'desk-1', setting.other.tenant);
    await neighbour.down();
    const mine = await call<Logged>(`${setting.url}/api/v1/sync-log`, setting.token);
    assert.deepEqual([mine.statistics.syncs, mine.statistics.partial, mine.statistics.conflicts, mine.statistics.events], [4, 1, 1, 4]);
    const other = await call<Logged>(`${setting.url}/api/v1/sync-log`, setting.other.token);
    assert.deepEqual([other.statistics.syncs, other.statistics.conflicts], [1, 0]);
    assert.ok(other.entries.every((entry) => entry.tenantId === setting.other.tenant));
  },
};

await run(scenarios);
