// Who uses head office's screens. The access token is in the memory of this page alone; the cookie with the refresh token is read
// by no script.
import { signal } from "@preact/signals";
import type { components } from "../api/central";
import { send, type Answer, type Problem } from "../lib/client";

export type Me = components["schemas"]["Me"];
export type Session = { state: "asking" } | { state: "out"; reason?: "idle" | "ended" } | { state: "in"; me: Me };

export const session = signal<Session>({ state: "asking" });

interface Tokens {
  access_token: string;
  expires_in: number;
}

let access: { token: string; until: number } | undefined;
/** A token is replaced this long before it ends, so that no request carries one that ends on the way. */
const EARLY = 30_000;
const LOGIN = "/api/v1/office/login";
const LOCK = "comptoir-office-refresh";

function keep(tokens: Tokens): string {
  access = { token: tokens.access_token, until: Date.now() + tokens.expires_in * 1_000 - EARLY };
  return tokens.access_token;
}

/** One exchange at a time in the whole browser: of two at once, one would present a used token. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request(LOCK, work) as Promise<T>) : work();
}

let refreshing: Promise<Answer<Tokens>> | undefined;

function refreshed(): Promise<Answer<Tokens>> {
  refreshing ??= alone(() => send<Tokens>("post", "/api/v1/office/refresh")).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

/** The access token of now, or why there is none. */
async function token(isRefused: boolean): Promise<Answer<string>> {
  if (access && !isRefused && Date.now() < access.until) return { ok: true, data: access.token, status: 200, etag: null };
  const answer = await refreshed();
  if (answer.ok) return { ...answer, data: keep(answer.data) };
  // Without an answer nobody is signed out: central may be starting again.
  if (answer.problem.status === 401) end("ended");
  return answer;
}

/** Sends a request in the name of the person, with a new token where the last one has ended. */
export async function authorized<T>(request: (headers: Record<string, string>) => Promise<Answer<T>>): Promise<Answer<T>> {
  for (const isRefused of [false, true]) {
    const own = await token(isRefused);
    if (!own.ok) return own;
    const answer = await request({ authorization: `Bearer ${own.data}` });
    if (answer.ok || answer.problem.status !== 401 || isRefused) return answer;
  }
  throw new Error("unreachable: the second round returns");
}

function end(reason?: "idle" | "ended"): void {
  const wasIn = session.value.state === "in";
  access = undefined;
  session.value = wasIn && reason ? { state: "out", reason } : { state: "out" };
}

async function askWho(): Promise<Problem | undefined> {
  const answer = await authorized((headers) => send<Me>("get", "/api/v1/me", undefined, headers));
  if (!answer.ok) return answer.problem;
  session.value = { state: "in", me: answer.data };
  return undefined;
}

/** Goes on with the login of the cookie, if there is one. */
export async function resume(): Promise<void> {
  while (session.value.state === "asking") {
    const problem = await askWho();
    if (!problem || session.value.state !== "asking") return;
    if (problem.status === 401 || problem.status === 403) return end();
    await new Promise((next) => setTimeout(next, 2_000));
  }
}

export async function signIn(login: string, password: string): Promise<Problem | undefined> {
  const answer = await send<Tokens>("post", LOGIN, { login, password });
  if (!answer.ok) return answer.problem;
  keep(answer.data);
  return askWho();
}

/** Ends the login at central. Without an answer the cookie stays, and the person reads that. */
export async function signOut(reason?: "idle"): Promise<Problem | undefined> {
  const answer = await send("delete", LOGIN);
  if (!answer.ok && reason !== "idle") return answer.problem;
  end(reason);
  return undefined;
}

/** Whether the person may do this somewhere. Central decides again. */
export function may(...operations: string[]): boolean {
  const now = session.value;
  return now.state === "in" && operations.some((operation) => now.me.may.includes(operation));
}

/** The name of a site; the company's for none. */
export function siteName(id: string | null | undefined): string {
  const now = session.value;
  if (now.state !== "in") return "";
  if (!id) return now.me.company.name;
  return now.me.sites.find((site) => site.id === id)?.name ?? id.slice(0, 8);
}

export function currency(): string {
  return session.value.state === "in" ? session.value.me.company.currency : "EUR";
}
