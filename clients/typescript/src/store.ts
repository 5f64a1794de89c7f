// A client's disk, in place of the documents' SQLite: one file, replaced as a whole, so that a killed client finds the state
// either before or after a change.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export class Store<T> {
  readonly state: T;
  #destroyed = false;

  constructor(private readonly path: string, empty: T) {
    this.state = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : empty;
  }

  save(): void {
    if (this.#destroyed) return;
    const temporary = `${this.path}.new`;
    const file = openSync(temporary, 'w', 0o600);
    writeSync(file, JSON.stringify(this.state));
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, this.path);
  }

  /** Deletes the file for good; what is in memory is never written again. */
  destroy(): void {
    this.#destroyed = true;
    for (const path of [`${this.path}.new`, this.path]) rmSync(path, { force: true });
    const folder = openSync(dirname(this.path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  }
}
