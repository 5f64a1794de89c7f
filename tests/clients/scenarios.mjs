// Runs one scenario by its name: `node X_scenarios.mjs NAME '{"url":...}'`. It ends with 0 where everything holds.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync } from 'node:fs';

/** @param {Record<string, (setting: any) => Promise<void>>} scenarios */
export async function run(scenarios) {
  const [name, setting] = process.argv.slice(2);
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  await scenario({ folder: mkdtempSync(join(tmpdir(), 'comptoir-client-')), ...JSON.parse(setting) });
  console.log(`ok - ${name}`);
}
