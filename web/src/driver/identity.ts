// The phone's own identity: a key pair that the browser keeps and never shows, its enrolment, and the tokens of its user.
// docs/spec/identity.md has the texts that are signed.
import { Refused, request } from "./http";
import { read, write } from "./database";

/** A token is renewed when it has less than this left. */
const RENEW_BEFORE = 60_000;
/** How long a phone works without contact. */
const GRACE = 72 * 3_600_000;
const KEY = "identity";

interface Tokens {
  access: string;
  /** By this phone's clock. */
  until: number;
  refresh: string;
}

export interface Identity {
  device: string;
  keys: CryptoKeyPair;
  publicKey: string;
  tenant?: string;
  user?: string;
  site?: string;
  login?: string;
  tokens?: Tokens;
  /** When central last answered, and the highest time ever seen: a clock that is set back extends nothing. */
  lastContact: number;
  highestTime: number;
  /** Central has revoked this phone: it hands over and wipes itself. */
  revoked?: boolean;
  /** Events that central did not take before the wipe. */
  unsent?: number;
}

/** The user has to log in. Everything recorded stays. */
export class LoginRequired extends Error {}

const hex = (bytes: ArrayBuffer): string => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function signed(identity: Identity, lines: string[]): Promise<string> {
  return hex(await crypto.subtle.sign("Ed25519", identity.keys.privateKey, new TextEncoder().encode(lines.join("\n"))));
}

export const identity = (): Promise<Identity | undefined> => read<Identity>("meta", KEY);

export const keep = (changed: Identity): Promise<void> => write("meta", KEY, changed);

/** The phone's identity, made now if there is none: the key is on the disk before anybody knows it. */
async function own(): Promise<Identity> {
  const before = await identity();
  if (before) return before;
  const keys = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = hex(await crypto.subtle.exportKey("raw", keys.publicKey));
  const now = Date.now();
  const made: Identity = { device: crypto.randomUUID(), keys, publicKey, lastContact: now, highestTime: now };
  await keep(made);
  return made;
}

/** Whether this browser can make the key: it needs a secure address and a recent version. */
export async function canEnrol(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

/** The code inside what a person scanned or pasted: the QR code of an enrolment, or the code alone. */
export function enrolmentCode(text: string): string | undefined {
  const code = text.startsWith("comptoir:enrol?") ? new URLSearchParams(text.slice("comptoir:enrol?".length)).get("code") : text.trim();
  return code && /^cpe_\S{8,300}$/.test(code) ? code : undefined;
}

export async function enrol(code: string, label: string): Promise<void> {
  const mine = await own();
  const proof = await signed(mine, ["comptoir/enrol/1", code, mine.device, mine.publicKey]);
  const body = { code, name: mine.device, public_key: mine.publicKey, proof, ...(label ? { label } : {}) };
  const { tenant, user, site } = await request<{ tenant: string; user: string; site: string }>("POST", "/api/v1/devices/enrol", undefined, body);
  await keep({ ...mine, tenant, user, site });
}

interface TokenAnswer {
  access_token: string;
  expires_in: number;
  refresh_token: string;
}

/** The refresh token is used once: its successor is on the disk before anything is done with it. */
async function keepTokens(mine: Identity, answer: TokenAnswer): Promise<string> {
  const now = timeOf(mine);
  const tokens = { access: answer.access_token, until: now + answer.expires_in * 1_000, refresh: answer.refresh_token };
  await keep({ ...mine, tokens, lastContact: now, highestTime: now });
  return tokens.access;
}

export async function logIn(login: string, password: string): Promise<void> {
  const mine = await own();
  if (!mine.tenant) throw new Error("the phone is not enrolled");
  const name = login.trim().toLowerCase();
  const { challenge } = await request<{ challenge: string }>("GET", "/api/v1/auth/challenge", undefined);
  const proof = await signed(mine, ["comptoir/login/1", challenge, mine.tenant, name, mine.device]);
  const answer = await request<TokenAnswer>("POST", "/api/v1/auth/login", undefined, { tenant: mine.tenant, login: name, password, device: mine.device, challenge, proof });
  await keepTokens({ ...mine, login: name }, answer);
}

/** A valid access token, renewed if need be. Called under the lock of a synchronisation, so that no two pages use one refresh token. */
export async function token(refused?: string): Promise<string> {
  const mine = await own();
  if (!mine.tokens) throw new LoginRequired();
  if (mine.tokens.access !== refused && timeOf(mine) < mine.tokens.until - RENEW_BEFORE) return mine.tokens.access;
  const proof = await signed(mine, ["comptoir/refresh/1", mine.tokens.refresh, mine.device]);
  try {
    return await keepTokens(mine, await request<TokenAnswer>("POST", "/api/v1/auth/refresh", undefined, { refresh_token: mine.tokens.refresh, device: mine.device, proof }));
  } catch (error) {
    // Without an answer the old token stays: within half a minute it gives the same successor again.
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    const { tokens: _, ...rest } = mine;
    await keep(rest);
    throw new LoginRequired(error.code);
  }
}

/** Ends the login. What waits stays on the phone and is sent after the next one. */
export async function signOut(): Promise<void> {
  const mine = await identity();
  if (!mine?.tokens) return;
  const { tokens, ...rest } = mine;
  await keep(rest);
  await request("POST", "/api/v1/auth/logout", undefined, { refresh_token: tokens.refresh }).catch(() => undefined);
}

/** Central has answered. */
export async function contacted(): Promise<void> {
  const mine = await identity();
  if (mine) await keep({ ...mine, lastContact: timeOf(mine), highestTime: timeOf(mine) });
}

function timeOf(mine: Identity): number {
  return Math.max(mine.highestTime, Date.now());
}

/** Whether 72 hours have passed without contact: what is recorded then would wait for a person at head office. */
export function isBeyondGrace(mine: Identity): boolean {
  return timeOf(mine) > mine.lastContact + GRACE;
}

/** Proves that the phone's data is destroyed. The key goes last, so that a phone that was killed on the way can still prove it. */
export async function proveWipe(unsent: number): Promise<void> {
  const mine = await own();
  const wipedAt = new Date().toISOString();
  const proof = await signed(mine, ["comptoir/device-wiped/1", mine.tenant ?? "", mine.device, String(unsent), wipedAt]);
  await request("POST", "/api/v1/devices/wiped", undefined, { tenant: mine.tenant, device: mine.device, unsent, wiped_at: wipedAt, proof });
}
