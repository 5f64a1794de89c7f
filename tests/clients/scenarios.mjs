// Runs one scenario by its name: `node X_scenarios.mjs NAME '{"url":...}'`. It ends with 0 where everything holds.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';

/** @param {Record<string, (setting: any) => Promise<void>>} scenarios */
export async function run(scenarios) {
  const [name, setting] = process.argv.slice(2);
  const scenario = scenarios[name];
  if (!scenario) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'comptoir-client-'));
  // Also where the scenario fails: `process.exit` and an error that nobody catches both end here.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  await scenario({ folder, ...JSON.parse(setting) });
  console.log(`ok - ${name}`);
}
