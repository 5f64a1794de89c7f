// Who uses this screen. A node that knows its users says so at `GET /api/v1/session`; an older one knows local keys alone.
import { computed, signal } from "@preact/signals";
import { send, type Answer, type Problem } from "../lib/client";

export interface Who {
  name: string | undefined;
  login: string | undefined;
  locked: boolean;
  /** Whether a PIN opens this session again. */
  takesPin: boolean;
}

/** What a node that knows users answers; the types come with that operation. */
interface SessionAnswer {
  user?: { name?: string; login?: string } | null;
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
  return { name: undefined, login: undefined, locked: false, takesPin: false };
}

function whoOf(answer: SessionAnswer): Who {
  return {
    name: answer.user?.name,
    login: answer.user?.login,
    locked: answer.locked ?? false,
    takesPin: answer.has_pin === true && answer.password_required !== true,
  };
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
