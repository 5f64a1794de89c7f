// Runs one scenario by its name: `node X_scenarios.js NAME '{"url":...}'`. It ends with 0 where everything holds.
import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a scenario is told. */
export interface Setting {
  url: string;
  tenant: string;
  /** Of an administrator. */
  token: string;
  /** Of a shop. */
  key: string;
  /** Another tenant. */
  other: { tenant: string; token: string };
  /** Where its clients keep their stores. */
  folder: string;
}

export type Scenarios = Record<string, (setting: Setting) => Promise<void>>;

/** Asks whoever started this for something that a client cannot do, such as to kill the server, and waits until it is done. */
export async function ask(what: 'kill central' | 'start central'): Promise<void> {
  console.log(`ask: ${what}`);
  // Closed after each answer, so that a scenario which is through is not held open by it.
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    assert.equal(line, 'done');
    return;
  }
  throw new Error(`nobody answers: ${what}`);
}

/** Runs a scenario in a process of its own, which kills itself on the way. */
export function killed(file: string, scenario: string, setting: Setting): void {
  const child = spawnSync(process.execPath, [file, scenario, JSON.stringify(setting)], { stdio: ['ignore', 'inherit', 'pipe'] });
  assert.equal(child.signal, 'SIGKILL', String(child.stderr));
}

/** kill -9 of this very process. */
export const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

export async function run(scenarios: Scenarios): Promise<void> {
  const [name = '', text = '{}'] = process.argv.slice(2);
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  const setting = JSON.parse(text) as Partial<Setting>;
  // A child works in its parent's folder.
  const folder = setting.folder ?? mkdtempSync(join(tmpdir(), 'comptoir-client-'));
  // Also where the scenario fails: `process.exit` and an error that nobody catches both end here.
  if (!setting.folder) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  await scenario({ ...(setting as Setting), folder });
  console.log(`ok - ${name}`);
  process.stdin.destroy();
}
