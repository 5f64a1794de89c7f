// Who uses this screen. A node that knows its users says so at `GET /api/v1/session`; an older one knows local keys alone.
import { computed, signal } from "@preact/signals";
import { send, type Answer, type Problem } from "../lib/client";

export interface Who {
  id: string | undefined;
  name: string | undefined;
  login: string | undefined;
  locked: boolean;
  /** Whether a PIN opens this session again. */
  takesPin: boolean;
  /** What the node said may be done; undefined for a node that does not say it. */
  rights: Rights | undefined;
}

export interface Rights {
  /** `read`, `record`, `report`, `export` and others. */
  operations: readonly string[];
  /** What may be recorded; `null` stands for any. */
  records: readonly { action: string | null; entity_type: string | null }[];
}

/** What a node that knows users answers; the types come with that operation. */
interface SessionAnswer {
  user?: { id?: string; name?: string; login?: string } | null;
  operations?: string[];
  records?: { action?: string | null; entity_type?: string | null }[];
  locked?: boolean;
  has_pin?: boolean;
  password_required?: boolean;
}

export type Session = { state: "asking" } | { state: "out" } | { state: "in"; who: Who };

export const session = signal<Session>({ state: "asking" });
/** Whether the node knows users; undefined until it was asked. */
export const knowsUsers = signal<boolean | undefined>(undefined);
export const isLocked = computed(() => session.value.state === "in" && session.value.who.locked);

const SESSION = "/api/v1/session";
const NO_SUCH_OPERATION = [404, 405];

/** Asks the node who this is. Without an answer nothing changes: a node that restarts has not signed anybody out. */
export async function ask(): Promise<void> {
  const answer = await send<SessionAnswer>("get", SESSION);
  if (answer.ok) {
    knowsUsers.value = true;
    session.value = { state: "in", who: whoOf(answer.data) };
    return;
  }
  if (NO_SUCH_OPERATION.includes(answer.problem.status)) {
    knowsUsers.value = false;
    const queue = await send("get", "/api/v1/queue");
    if (queue.ok || queue.problem.code === "FORBIDDEN") session.value = { state: "in", who: nobody() };
    else if (queue.problem.status === 401) session.value = { state: "out" };
    return;
  }
  if (answer.problem.status === 401) {
    knowsUsers.value ??= true;
    session.value = { state: "out" };
  }
}

function nobody(): Who {
  return { id: undefined, name: undefined, login: undefined, locked: false, takesPin: false, rights: undefined };
}

/** Whether the menus offer something. The node decides again at each request. */
export function mayRecord(action: string, entityType: string): boolean {
  const rights = rightsNow();
  if (!rights) return session.value.state === "in";
  return rights.records.some((one) => (one.action === null || one.action === action) && (one.entity_type === null || one.entity_type === entityType));
}

export function may(operation: string): boolean {
  const rights = rightsNow();
  return rights ? rights.operations.includes(operation) : session.value.state === "in";
}

/** Whether costs are shown and asked for: to those who may see reports, and to the holder of a local key. */
export function seesCosts(): boolean {
  return session.value.state === "in" && (session.value.who.login === undefined || may("report"));
}

function rightsNow(): Rights | undefined {
  return session.value.state === "in" ? session.value.who.rights : undefined;
}

function whoOf(answer: SessionAnswer): Who {
  if (answer.user?.id && answer.user.name) rememberName(answer.user.id, answer.user.name);
  return {
    id: answer.user?.id,
    rights: answer.records && {
      operations: answer.operations ?? [],
      records: answer.records.map((one) => ({ action: one.action ?? null, entity_type: one.entity_type ?? null })),
    },
    name: answer.user?.name,
    login: answer.user?.login,
    locked: answer.locked ?? false,
    takesPin: answer.has_pin === true && answer.password_required !== true,
  };
}

export function maySell(): boolean {
  return mayRecord("SALE_RECORDED", "SALE");
}

/** Whether the person here has to do with the till's session. */
export function mayCount(): boolean {
  return ["TILL_OPENED", "CASH_MOVED", "TILL_CLOSED"].some((action) => mayRecord(action, "TILL_SESSION"));
}

async function begin(body: unknown, headers: Record<string, string> = {}): Promise<Problem | undefined> {
  const answer: Answer<SessionAnswer> = await send("post", SESSION, body, headers);
  if (!answer.ok) return answer.problem;
  await ask();
  return undefined;
}

export function signInWithPassword(login: string, password: string): Promise<Problem | undefined> {
  return begin({ login, password });
}

/** A quick change of cashier: for somebody who used the password here before. */
export function signInWithPin(login: string, pin: string): Promise<Problem | undefined> {
  return begin({ login, pin });
}

export function signInWithKey(key: string): Promise<Problem | undefined> {
  return begin(undefined, { authorization: `Bearer ${key.trim()}` });
}

export async function signOut(): Promise<Problem | undefined> {
  const answer = await send("delete", SESSION);
  if (!answer.ok) return answer.problem;
  session.value = { state: "out" };
  return undefined;
}

export async function lock(): Promise<Problem | undefined> {
  const answer = await send("post", `${SESSION}/lock`);
  if (!answer.ok) return answer.problem;
  await ask();
  return undefined;
}

export async function unlock(secret: { pin: string } | { password: string }): Promise<Problem | undefined> {
  const answer = await send("post", `${SESSION}/unlock`, secret);
  if (!answer.ok) return answer.problem;
  await ask();
  return undefined;
}

/** Sets the PIN of the person who is signed in. */
export async function setPin(password: string, pin: string): Promise<Problem | undefined> {
  const answer = await send("put", `${SESSION}/pin`, { password, pin });
  if (!answer.ok) return answer.problem;
  await ask();
  return undefined;
}

const LOGINS = "comptoir.logins";
const LOGINS_MAX = 6;

/** Who signed in here before, last first: a tap instead of typing. Names only. */
export function knownLogins(): string[] {
  try {
    const kept = JSON.parse(localStorage.getItem(LOGINS) ?? "[]") as unknown;
    return Array.isArray(kept) ? kept.filter((login) => typeof login === "string") : [];
  } catch {
    return [];
  }
}

export function rememberLogin(login: string): void {
  const logins = [login, ...knownLogins().filter((other) => other !== login)];
  localStorage.setItem(LOGINS, JSON.stringify(logins.slice(0, LOGINS_MAX)));
}

const NAMES = "comptoir.names";

function names(): Record<string, string> {
  try {
    const kept = JSON.parse(localStorage.getItem(NAMES) ?? "{}") as unknown;
    return kept && typeof kept === "object" ? (kept as Record<string, string>) : {};
  } catch {
    return {};
  }
}

function rememberName(id: string, name: string): void {
  const kept = Object.entries({ ...names(), [id]: name }).slice(-50);
  localStorage.setItem(NAMES, JSON.stringify(Object.fromEntries(kept)));
}

/** The name of a person who signed in on this screen before; events name people by their ids. */
export function nameOf(user: string | null | undefined): string {
  if (!user) return "";
  return names()[user] ?? (user.startsWith("key:") ? user : `${user.slice(0, 8)}…`);
}
