// The desktop document's own flows, its example of a conflict, and its complete example.
import assert from 'node:assert/strict';
import { call } from './http.mjs';
import { Desktop } from './desktop.mjs';
import { run } from './scenarios.mjs';

const desktop = (setting, client) => new Desktop({ url: setting.url, token: setting.token, tenant: setting.tenant, client });

const scenarios = {
  /** "Exemple Complet": création d'un élève hors ligne, steps 1 to 6. */
  async a_pupil_made_offline(setting) {
    const school = desktop(setting, 'desk-1');
    school.write('CREATE', 'STUDENT', 'student_local_1', { firstName: 'Jean', lastName: 'DUPONT' }, 'evt_123'); // 1
    assert.equal(school.outbox[0].status, 'PENDING');
    const answer = await school.up(); // 2 to 4
    assert.deepEqual([answer.conflicts, answer.rejected], [[], []]);
    const [acknowledged] = answer.acknowledged;
    assert.equal(acknowledged.outboxEventId, 'evt_123');
    assert.equal(typeof acknowledged.serverVersion, 'number');
    assert.equal(school.outbox[0].status, 'ACKNOWLEDGED'); // 5
    assert.ok(school.table('STUDENT')[acknowledged.entityId]);
    assert.deepEqual(await school.down(), [], 'aucun changement (déjà synchronisé)'); // 6
    const other = desktop(setting, 'desk-2');
    const changes = await other.down();
    assert.deepEqual(changes.map(({ operation, entityType, entityId }) => [operation, entityType, entityId]),
      [['CREATE', 'STUDENT', acknowledged.entityId]]);
    assert.equal(other.table('STUDENT')[acknowledged.entityId].lastName, 'DUPONT');
    assert.deepEqual(await other.down(), [], 'and nothing more');
  },

  /** The server gives another id where the client's was taken; what follows from the old id follows. */
  async a_taken_id_is_replaced(setting) {
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    one.write('CREATE', 'CLASS', '6A', { id: '6A', name: 'Sixième A' });
    await one.up();
    two.write('CREATE', 'CLASS', '6A', { id: '6A', name: 'Une autre sixième A' });
    two.write('CREATE', 'STUDENT', 's-1', { firstName: 'Aïcha', classId: '6A' });
    const { acknowledged } = await two.up();
    const given = acknowledged[0].entityId;
    assert.notEqual(given, '6A');
    assert.equal(two.table('CLASS')[given].name, 'Une autre sixième A');
    assert.equal(two.table('CLASS')['6A'], undefined);
    await one.down();
    assert.equal(one.table('CLASS')['6A'].name, 'Sixième A', 'nobody was overwritten');
    assert.equal(one.table('STUDENT')['s-1'].classId, given, 'the reference follows');
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
    const [conflict] = two.conflicts;
    assert.deepEqual([conflict.outboxEventId, conflict.serverData.id, conflict.serverData.firstName], ['evt_123', 'student_456', 'Jeanne']);
    assert.match(conflict.reason, /^Version locale \(\d+\) différente de version serveur \(\d+\)$/);
    assert.equal(two.event('evt_123').status, 'CONFLICT');
    await two.resolveConflict('evt_123', true);
    assert.equal(two.table('STUDENT').student_456.firstName, 'Jeanne');
    assert.deepEqual(two.conflicts, []);
    await one.down();
    assert.equal(one.table('STUDENT').student_456.firstName, 'Jeanne');
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
    assert.equal(two.table('TEACHER')['t-1'].room, '15');
    await one.down();
    assert.equal(one.table('TEACHER')['t-1'].room, '15', 'the choice reaches the others');
    await two.down();
    two.write('UPDATE', 'TEACHER', 't-1', { room: '16' });
    assert.equal((await two.up()).acknowledged.length, 1, 'the conflict is closed');
  },

  /** A retry after an answer that was lost: nothing is there twice. */
  async a_lost_answer_is_no_second_event(setting) {
    const school = desktop(setting, 'desk-1');
    for (let number = 0; number < 20; number += 1) school.write('CREATE', 'GRADE', `g-${number}`, { mark: number });
    let first;
    await assert.rejects(school.up({ sent: (answer) => { first = answer; throw new Error('killed'); } }));
    const second = await school.up();
    assert.deepEqual(second, first);
    assert.ok(school.outbox.every((event) => event.status === 'ACKNOWLEDGED'));
    const { events } = await call(`${setting.url}/api/v1/events?limit=1000`, setting.token);
    assert.equal(events.filter((event) => event.entity_type === 'GRADE').length, 20);
  },

  /** Every entity type of the document, created, updated and deleted. */
  async every_entity_type(setting) {
    const types = ['STUDENT', 'TEACHER', 'CLASS', 'EXAM', 'GRADE', 'PAYMENT', 'ATTENDANCE', 'ABSENCE', 'DISCIPLINARY_INCIDENT', 'ACADEMIC_YEAR', 'SCHOOL_LEVEL'];
    const [one, two] = [desktop(setting, 'desk-1'), desktop(setting, 'desk-2')];
    for (const type of types) one.write('CREATE', type, 'x-1', { label: type });
    assert.equal((await one.up()).acknowledged.length, types.length);
    await two.down();
    for (const type of types) two.write('UPDATE', type, 'x-1', { label: `${type} 2` });
    assert.equal((await two.up()).acknowledged.length, types.length);
    await one.down();
    for (const type of types) assert.equal(one.table(type)['x-1'].label, `${type} 2`);
    for (const type of types) one.write('DELETE', type, 'x-1', {});
    assert.equal((await one.up()).acknowledged.length, types.length);
    await two.down();
    for (const type of types) assert.equal(two.table(type)['x-1'], undefined);
  },

  /** "Isolation Stricte": another tenant's event is rejected, and nothing of another tenant comes down. */
  async tenants_are_kept_apart(setting) {
    const mine = desktop(setting, 'desk-1');
    const theirs = new Desktop({ url: setting.url, token: setting.other.token, tenant: setting.other.tenant, client: 'desk-1' });
    mine.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await mine.up();
    assert.deepEqual(await theirs.down(), []);
    const spy = new Desktop({ url: setting.url, token: setting.other.token, tenant: setting.tenant, client: 'spy' });
    spy.write('UPDATE', 'STUDENT', 's-1', { firstName: 'Eve' });
    const { rejected } = await spy.up();
    assert.equal(rejected[0].code, 'WRONG_TENANT');
    assert.equal(spy.outbox[0].status, 'FAILED');
    assert.deepEqual(await spy.down(), []);
  },

  /** SyncLog: every synchronisation, with its direction, counts, status and duration. */
  async every_synchronisation_is_logged(setting) {
    const school = desktop(setting, 'desk-log');
    school.write('CREATE', 'STUDENT', 's-1', { firstName: 'Jean' });
    await school.up();
    await school.down();
    const { entries, statistics } = await call(`${setting.url}/api/v1/sync-log?client=desk-log`, setting.token);
    assert.deepEqual(entries.map(({ direction, eventsCount, conflictsCount, status }) => [direction, eventsCount, conflictsCount, status]),
      [['DOWN', 0, 0, 'SUCCESS'], ['UP', 1, 0, 'SUCCESS']]);
    assert.ok(entries.every((entry) => entry.tenantId === setting.tenant && Date.parse(entry.startedAt) <= Date.parse(entry.completedAt)));
    assert.deepEqual([statistics.syncs, statistics.succeeded, statistics.events], [2, 2, 1]);
  },
};

await run(scenarios);
