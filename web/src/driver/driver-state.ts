// What the screens of a phone show: who it is, its stops, its line.
import { effect, signal } from "@preact/signals";
import type { Entries } from "../deliveries/delivery-flow";
import { hashOf } from "../deliveries/file-hash";
import { payloadOf, type Entry, type Stop } from "../deliveries/stop";
import { uuid7 } from "../lib/ids";
import { t } from "../lib/i18n";
import { read, write } from "./database";
import { Refused, Unreached } from "./http";
import { canEnrol, enrol, identity, isBeyondGrace, logIn, signOut, type Identity } from "./identity";
import { enqueue } from "./outbox";
import { known, type Known } from "./rows";
import { changed, changes, line, locked, synchronise } from "./sync";

export type Phase = "opening" | "unsupported" | "enrolling" | "in" | "signed-out";

export const phase = signal<Phase>("opening");
export const phone = signal<Identity | undefined>(undefined);
export const data = signal<Known>({ stops: [], names: new Map(), queue: [], settled: [], files: 0 });
/** Whether the browser has promised not to clear this phone's data by itself. */
export const persisted = signal<boolean | undefined>(undefined);

/** Reads the phone's state again, after anything changed it. */
export async function look(): Promise<void> {
  const mine = await identity();
  phone.value = mine;
  if (mine?.tenant) data.value = await known();
  if (line.value.wiped || !mine?.tenant) phase.value = (await canEnrol()) ? "enrolling" : "unsupported";
  else phase.value = mine.tokens && !line.value.needsLogin ? "in" : "signed-out";
}

const LOOK_AGAIN = 1_000;

export async function begin(): Promise<void> {
  effect(() => {
    void changes.value;
    // A database that another process still holds, as after a crash, opens a moment later.
    look().catch((error: unknown) => {
      console.warn(error);
      setTimeout(changed, LOOK_AGAIN);
    });
  });
  addEventListener("focus", () => void synchronise());
  document.addEventListener("visibilitychange", () => document.hidden || void synchronise());
  // Only a hint: whether the line works is decided by what arrives.
  addEventListener("online", () => void synchronise());
  persisted.value = await navigator.storage?.persist?.().catch(() => false);
  await synchronise();
}

/** What a person reads of a failure. */
export function failureText(error: unknown): string {
  if (error instanceof Unreached) return t("driver-unreached");
  if (error instanceof Refused) {
    switch (error.code) {
      case "LOGIN_FAILED":
        return t("session-refused");
      case "ENROLMENT_INVALID":
        return t("driver-enrolment-invalid");
      case "DEVICE_LIMIT":
        return t("driver-device-limit");
      case "DEVICE_NOT_ENROLLED":
        return t("driver-not-enrolled");
      case "TOO_MANY_ATTEMPTS":
        return t("problem-too-many");
      default:
        return `${error.message} (${error.code})`;
    }
  }
  if (error instanceof DOMException && error.name === "QuotaExceededError") return t("driver-full");
  return String(error);
}

async function tried(does: () => Promise<void>): Promise<string | undefined> {
  try {
    await does();
    return undefined;
  } catch (error) {
    return failureText(error);
  }
}

export function enrolPhone(code: string): Promise<string | undefined> {
  return tried(async () => {
    await locked(() => enrol(code, navigator.userAgent.includes("Mobile") ? t("driver-label-phone") : t("driver-label-browser")));
    line.value = { ...line.value, wiped: false, needsLogin: false };
    await look();
  });
}

export function enter(login: string, password: string): Promise<string | undefined> {
  return tried(async () => {
    await locked(() => logIn(login, password));
    line.value = { ...line.value, needsLogin: false };
    await look();
    void synchronise();
  });
}

export async function leave(): Promise<void> {
  await synchronise();
  await locked(signOut);
  changed();
}

/** Keeps a validation on the phone, durably, and lets the line try. */
export function validate(stop: Stop, entry: Entry): Promise<string | undefined> {
  return tried(async () => {
    const file = async (content: Blob | undefined) => content && { hash: await hashOf(content), file: content };
    const [signature, photo] = await Promise.all([file(entry.signature), file(entry.photo)]);
    const now = new Date();
    const payload = payloadOf(stop, entry, { signature: signature?.hash, photo: photo?.hash }, now);
    await enqueue({ id: uuid7(now.getTime()), entity_type: "DELIVERY", entity_id: stop.id, action: "DELIVERY_VALIDATED", payload, occurred_at: now.toISOString() }, [signature, photo]);
    await look();
    void synchronise();
  });
}

/** What is being entered, kept at every change. */
export const entries: Entries = {
  read: (stop) => read<Entry>("entries", stop),
  keep: (stop, entry) => void write("entries", stop, entry).catch((error: unknown) => console.error(error)),
};

export function needsContact(): boolean {
  return phone.value !== undefined && isBeyondGrace(phone.value);
}
