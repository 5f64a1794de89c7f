// One synchronisation: send what waits, upload its files, ask for what changed. One page of the phone does it at a time. It
// begins at start, when the page is looked at, after each validation, by a timer, and when a heartbeat reaches central again.
import { signal } from "@preact/signals";
import { destroy, empty, read, readAll, work } from "./database";
import { Refused, request, Unreached } from "./http";
import { contacted, identity, keep, LoginRequired, proveWipe, token } from "./identity";
import { settle, type KeptFile, type PushAnswer, type Queued } from "./outbox";

const LOCK = "comptoir-driver-sync";
const EVENTS_MAX = 200;
const PULL_ROWS = 1_000;
/** The types that a driver's screens read; a phone keeps no others. */
const KEPT_TYPES = new Set(["DELIVERY", "DELIVERY_NOTE", "SETTING", "USER"]);
/** Deliveries that were validated before are left out after so long. */
const FORGET_AFTER = 3 * 86_400_000;
const FIRST = "1970-01-01T00:00:00Z";
/** The pauses of the mobile document, in seconds. */
const PAUSES = [1, 2, 4, 8, 16];
const POLL = 15_000;
const CHECKSUM = "SHA-256";
/** How often a revoked phone sends what central wants to have again. */
const HAND_OVER_MAX = 3;

export interface Line {
  /** Whether central answered the last time; undefined before the first. */
  reached: boolean | undefined;
  busy: boolean;
  lastSuccessAt: number | undefined;
  /** The code of what failed last, if something did. */
  lastError: string | undefined;
  needsLogin: boolean;
  /** This login ends soon, or was without contact for long. */
  endsSoon: boolean;
  wiped: boolean;
  /** Rows of the first load. */
  loaded: number;
}

export const line = signal<Line>({ reached: undefined, busy: false, lastSuccessAt: undefined, lastError: undefined, needsLogin: false, endsSoon: false, wiped: false, loaded: 0 });
/** Rises when something in the database has changed. */
export const changes = signal(0);

const say = (part: Partial<Line>): void => void (line.value = { ...line.value, ...part });
export const changed = (): void => void (changes.value += 1);

/** Holds the phone's one lock. Refresh tokens are used once, and events should be sent once. */
export function locked<T>(does: () => Promise<T>): Promise<T> {
  return navigator.locks.request(LOCK, does) as Promise<T>;
}

export interface Pulled {
  events: { entity_type: string; entity_id: string; action: string; payload: Record<string, unknown> | null }[];
  has_more: boolean;
  server_time: string;
  device_status: { is_active: boolean; requires_reauth: boolean };
}

let again = false;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let sparing = false;

/** Synchronises now; a call during a synchronisation is another one after it. */
export async function synchronise(): Promise<void> {
  if (line.value.busy) {
    again = true;
    return;
  }
  clearTimeout(timer);
  // A phone that nobody enrolled yet has nothing to ask for.
  if (!(await identity())?.tenant || line.value.busy) return;
  say({ busy: true });
  try {
    do {
      again = false;
      await locked(once);
    } while (again);
    failures = 0;
    say({ reached: true, lastSuccessAt: Date.now(), lastError: undefined, needsLogin: false });
  } catch (error) {
    failures += 1;
    if (error instanceof LoginRequired) say({ needsLogin: true, lastError: undefined });
    else if (error instanceof Refused) say({ reached: true, lastError: error.code });
    else if (error instanceof Unreached) say({ reached: false, lastError: "UNREACHABLE" });
    else {
      console.error(error);
      say({ lastError: error instanceof DOMException ? error.name : "INTERNAL" });
    }
  }
  say({ busy: false });
  changed();
  plan();
}

/** The next attempt by itself: soon after a failure, later while nothing fails, never in low-battery mode. */
function plan(): void {
  clearTimeout(timer);
  if (sparing || line.value.wiped || line.value.needsLogin) return;
  const pause = failures === 0 ? POLL : Math.min(POLL, PAUSES[Math.min(failures, PAUSES.length) - 1]! * 1_000);
  timer = setTimeout(() => void (document.hidden ? plan() : synchronise()), pause);
}

/** Without polling, the phone synchronises when it is looked at, after a validation, and when it is asked to. */
export function spare(on: boolean): void {
  sparing = on;
  plan();
}

async function once(): Promise<void> {
  const mine = await identity();
  if (!mine?.tokens) throw new LoginRequired();
  if (mine.revoked) return handOverAndWipe();
  await push();
  await upload();
  await pull();
  await contacted();
}

/** A request with the access token; a token that ran out on the way is renewed once. */
async function asked<T>(method: "GET" | "POST" | "PUT", path: string, body?: object | Blob): Promise<T> {
  const access = await token();
  try {
    return await request<T>(method, path, access, body);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    return request<T>(method, path, await token(access), body);
  }
}

const sha256 = async (text: string): Promise<string> =>
  Array.from(new Uint8Array(await crypto.subtle.digest(CHECKSUM, new TextEncoder().encode(text))), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function push(): Promise<void> {
  const mine = (await identity())!;
  // Version 7 ids sort by their time: the oldest goes first. What central sent back for another attempt waits for the next turn.
  const queue = (await readAll<Queued>("outbox")).sort((one, other) => one.id.localeCompare(other.id));
  for (let from = 0; from < queue.length; from += EVENTS_MAX) {
    const batch = queue.slice(from, from + EVENTS_MAX);
    const events = await Promise.all(
      batch.map(async ({ id, entity_type, entity_id, action, payload, occurred_at }) => ({ id, entity_type, entity_id, action, payload, occurred_at, user_id: mine.user ?? "", checksum: await sha256(JSON.stringify(payload)) })),
    );
    await settle(batch, await asked<PushAnswer>("POST", "/api/sync/push", { device_id: mine.device, batch_id: crypto.randomUUID(), events }));
    changed();
  }
}

/** A file that central refuses for good is dropped, so that it never blocks the others. */
async function upload(): Promise<void> {
  for (const { hash, file } of await readAll<KeptFile>("files")) {
    try {
      await asked("PUT", `/api/v1/blobs/${hash}`, file);
    } catch (error) {
      if (!(error instanceof Refused) || ![413, 422].includes(error.status)) throw error;
      console.error(`file ${hash}: ${error.code} ${error.message}`);
    }
    await work("readwrite", async (at) => at.remove("files", hash));
  }
}

async function pull(): Promise<void> {
  const mine = (await identity())!;
  let loaded = 0;
  for (let more = true; more; ) {
    const since = (await read<string>("meta", "since")) ?? FIRST;
    const query = new URLSearchParams({ device_id: mine.device, since, limit: String(PULL_ROWS) });
    const page = await asked<Pulled>("GET", `/api/sync/pull?${query}`);
    if (!page.device_status.is_active) {
      await keep({ ...(await identity())!, revoked: true });
      return handOverAndWipe();
    }
    say({ endsSoon: page.device_status.requires_reauth });
    await apply(page);
    loaded += page.events.length;
    if (since === FIRST || loaded > PULL_ROWS) say({ loaded });
    more = page.has_more;
  }
}

/** A page's rows and the time to continue from become durable together. */
export async function apply(page: Pulled): Promise<void> {
  await work("readwrite", async (at) => {
    for (const { entity_type, entity_id, payload } of page.events) {
      if (!KEPT_TYPES.has(entity_type)) continue;
      const key = `${entity_type}/${entity_id}`;
      if (payload === null || isOld(payload)) at.remove("rows", key);
      else at.put("rows", key, { ...payload, entity_type, entity_id });
    }
    at.put("meta", "since", page.server_time);
  });
}

function isOld(row: Record<string, unknown>): boolean {
  const at = (row["validation"] as { at?: string } | null | undefined)?.at;
  return at !== undefined && Date.parse(at) < Date.now() - FORGET_AFTER;
}

/** First central gets what was recorded here. Then the data goes, and after the proof the key. */
async function handOverAndWipe(): Promise<void> {
  for (let attempt = 0; attempt < HAND_OVER_MAX && (await readAll("outbox")).length > 0; attempt += 1) await push();
  const mine = (await identity())!;
  // A phone that was killed on the way has emptied its queue, and still says how much was lost.
  const unsent = mine.unsent ?? (await readAll("outbox")).length;
  await keep({ ...mine, unsent });
  await empty();
  changed();
  await proveWipe(unsent).catch((error: unknown) => {
    // Proven before: the answer was lost.
    if (!(error instanceof Refused)) throw error;
  });
  await destroy();
  localStorage.clear();
  say({ wiped: true });
}
