// A client's disk, in place of the documents' SQLite: one file, replaced as a whole, so that a killed client finds the state
// either before or after a change.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

export class Store<T> {
  readonly state: T;

  constructor(private readonly path: string, empty: T) {
    this.state = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : empty;
  }

  save(): void {
    const temporary = `${this.path}.new`;
    const file = openSync(temporary, 'w');
    writeSync(file, JSON.stringify(this.state));
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, this.path);
  }
}
