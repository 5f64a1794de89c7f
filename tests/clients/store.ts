// What a client keeps on its disk, where the documents have SQLite: one file, replaced whole, so that a client that is killed finds
// either what was before a change or what was after it.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

export class Store<T> {
  readonly state: T;

  constructor(private readonly path: string, empty: T) {
    this.state = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : empty;
  }

  save(): void {
    const beside = `${this.path}.new`;
    const file = openSync(beside, 'w');
    writeSync(file, JSON.stringify(this.state));
    fsyncSync(file);
    closeSync(file);
    renameSync(beside, this.path);
  }
}
