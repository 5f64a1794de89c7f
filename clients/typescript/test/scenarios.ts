// Runs one scenario by its name: `node X_scenarios.js NAME '{"url":...}'`. The exit code is 0 if everything holds.
import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** The input of a scenario. */
export interface Setting {
  url: string;
  tenant: string;
  /** An administrator's token. */
  token: string;
  /** The site of that key. */
  site: string;
  /** A shop's API key. */
  key: string;
  /** Another tenant. */
  other: { tenant: string; token: string };
  /** The folder of the clients' stores. */
  folder: string;
}

export type Scenarios = Record<string, (setting: Setting) => Promise<void>>;

/** Asks the parent process for something that a client cannot do, such as killing the server, and waits until it is done. */
export async function ask(what: 'kill central' | 'start central'): Promise<void> {
  console.log(`ask: ${what}`);
  // Closed after each answer, since open input would keep a finished scenario alive.
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    assert.equal(line, 'done');
    return;
  }
  throw new Error(`no answer to: ${what}`);
}

/** Runs a scenario in its own process, which kills itself. */
export function killed(file: string, scenario: string, setting: Setting): void {
  const child = spawnSync(process.execPath, [file, scenario, JSON.stringify(setting)], { stdio: ['ignore', 'inherit', 'pipe'] });
  assert.equal(child.signal, 'SIGKILL', String(child.stderr));
}

/** Kills this process with SIGKILL. */
export const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

export async function run(scenarios: Scenarios): Promise<void> {
  const [name = '', text = '{}'] = process.argv.slice(2);
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  const setting = JSON.parse(text) as Partial<Setting>;
  // A child uses its parent's folder.
  const folder = setting.folder ?? mkdtempSync(join(tmpdir(), 'comptoir-client-'));
  // Runs after a failure too: `process.exit` and uncaught errors both end here.
  if (!setting.folder) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  await scenario({ ...(setting as Setting), folder });
  console.log(`ok - ${name}`);
  process.stdin.destroy();
}
