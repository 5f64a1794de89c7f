// What a phone keeps, in IndexedDB. A write is durable when its transaction is complete, and only then does a screen say so.
// Browsers close the database under a page that was in the background: then it is opened again, and the work is done once more.

const NAME = "comptoir-driver";
const VERSION = 1;

/**
 * `meta`: the phone's identity and how far it has pulled. `rows`: central's rows, by `TYPE/id`. `outbox`: events that central has
 * not answered, and those it refused. `files`: signatures and photos that are not uploaded. `settled`: what became of an event.
 * `entries`: what a person has begun to enter, by delivery.
 */
export type StoreName = "meta" | "rows" | "outbox" | "files" | "settled" | "entries";
const STORES: readonly StoreName[] = ["meta", "rows", "outbox", "files", "settled", "entries"];

let open: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  open ??= new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const store of STORES) asked.result.createObjectStore(store);
    };
    asked.onsuccess = () => {
      const found = asked.result;
      const forget = (): void => void (open = undefined);
      found.onclose = forget;
      found.onversionchange = () => {
        found.close();
        forget();
      };
      resolve(found);
    };
    asked.onerror = () => reject(asked.error ?? new Error("no database"));
  }).catch((error: unknown) => {
    open = undefined;
    throw error;
  });
  return open;
}

export interface Work {
  get: <T>(store: StoreName, key: string) => Promise<T | undefined>;
  all: <T>(store: StoreName) => Promise<T[]>;
  put: (store: StoreName, key: string, value: unknown) => void;
  remove: (store: StoreName, key: string) => void;
}

/** Does a piece of work in one transaction, and resolves when it is durable. Nothing but its own requests may be waited for in it. */
export async function work<T>(mode: IDBTransactionMode, does: (work: Work) => Promise<T>): Promise<T> {
  try {
    return await workOnce(mode, does);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (!["InvalidStateError", "AbortError", "UnknownError", "TransactionInactiveError"].includes(name)) throw error;
    // The connection was closed under the page. Once is enough: a disk that is full or broken says so a second time.
    open = undefined;
    return workOnce(mode, does);
  }
}

async function workOnce<T>(mode: IDBTransactionMode, does: (work: Work) => Promise<T>): Promise<T> {
  const transaction = (await database()).transaction(STORES as StoreName[], mode, { durability: "strict" });
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
  });
  // The caller hears of the failure by the result; this keeps it from being reported twice.
  complete.catch(() => undefined);
  const asked = <R>(request: IDBRequest): Promise<R> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result as R);
      request.onerror = () => reject(request.error ?? new Error("no answer of the database"));
    });
  const result = await does({
    get: (store, key) => asked(transaction.objectStore(store).get(key)),
    all: (store) => asked(transaction.objectStore(store).getAll()),
    put: (store, key, value) => void transaction.objectStore(store).put(value, key),
    remove: (store, key) => void transaction.objectStore(store).delete(key),
  });
  await complete;
  return result;
}

export const read = <T>(store: StoreName, key: string): Promise<T | undefined> => work("readonly", (at) => at.get<T>(store, key));
export const readAll = <T>(store: StoreName): Promise<T[]> => work("readonly", (at) => at.all<T>(store));
export const write = (store: StoreName, key: string, value: unknown): Promise<void> => work("readwrite", async (at) => at.put(store, key, value));

/** Deletes everything. */
export async function destroy(): Promise<void> {
  const before = await open?.catch(() => undefined);
  before?.close();
  open = undefined;
  await new Promise<void>((resolve, reject) => {
    const asked = indexedDB.deleteDatabase(NAME);
    // Other pages of this phone close theirs when they are asked to.
    asked.onsuccess = () => resolve();
    asked.onerror = () => reject(asked.error ?? new Error("the database stays"));
  });
}

/** Empties all stores but `meta`. */
export async function empty(): Promise<void> {
  const found = await database();
  const kept = STORES.filter((store) => store !== "meta");
  await new Promise<void>((resolve, reject) => {
    const transaction = found.transaction(kept as StoreName[], "readwrite", { durability: "strict" });
    for (const store of kept) transaction.objectStore(store).clear();
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the stores stay"));
  });
}
