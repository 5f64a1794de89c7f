// The phone's own queue. An event is here before a screen says "validated here", and leaves by what central's answer says of it.
import { work, type Work } from "./database";

export interface Queued {
  id: string;
  entity_type: string;
  entity_id: string;
  action: string;
  payload: Record<string, unknown>;
  occurred_at: string;
  attempts: number;
  last_error?: string;
}

/** What became of an event: how the screens speak of it after it has left the queue. */
export interface Settled {
  id: string;
  entity_type: string;
  entity_id: string;
  action: string;
  occurred_at: string;
  outcome: "confirmed" | "outdone" | "review" | "refused";
  code?: string;
  message?: string;
  /** Who validated, when and where, as central's answer says. */
  first?: { by?: string; at?: string; place?: string };
  seen: boolean;
}

export interface KeptFile {
  hash: string;
  file: Blob;
}

/** Answers that are kept; older ones are in the log of head office. */
const SETTLED_MAX = 500;

/** Keeps an event with its files, durably. */
export async function enqueue(event: Omit<Queued, "attempts">, files: (KeptFile | undefined)[]): Promise<void> {
  await work("readwrite", async (at) => {
    for (const file of files) if (file) at.put("files", file.hash, file);
    at.put("outbox", event.id, { ...event, attempts: 0 } satisfies Queued);
    at.remove("entries", event.entity_id);
  });
}

export interface FailedEvent {
  event_id: string;
  error_code: string;
  retry: boolean;
  detail?: string | null;
  resolution?: { action: string; data?: Record<string, unknown> | null } | null;
}

export interface PushAnswer {
  acked_event_ids: string[];
  failed_events: FailedEvent[];
}

/** Takes from the queue what central has answered; the rest stays. */
export async function settle(sent: Queued[], answer: PushAnswer): Promise<void> {
  const acked = new Set(answer.acked_event_ids);
  const failed = new Map(answer.failed_events.map((event) => [event.event_id, event]));
  await work("readwrite", async (at) => {
    for (const event of sent) {
      const refusal = failed.get(event.id);
      if (acked.has(event.id)) close(at, event, { outcome: "confirmed" });
      else if (refusal && !refusal.retry) close(at, event, outcomeOf(refusal));
      else at.put("outbox", event.id, { ...event, attempts: event.attempts + 1, last_error: refusal?.error_code ?? "NOT_ANSWERED" } satisfies Queued);
    }
    const old = (await at.all<Settled>("settled")).sort((one, other) => other.id.localeCompare(one.id)).slice(SETTLED_MAX);
    for (const { id } of old) at.remove("settled", id);
  });
}

function close(at: Work, event: Queued, end: Pick<Settled, "outcome"> & Partial<Settled>): void {
  const { id, entity_type, entity_id, action, occurred_at } = event;
  at.remove("outbox", id);
  at.put("settled", id, { id, entity_type, entity_id, action, occurred_at, seen: end.outcome === "confirmed", ...end } satisfies Settled);
}

function outcomeOf(refusal: FailedEvent): Pick<Settled, "outcome"> & Partial<Settled> {
  const data = refusal.resolution?.data ?? {};
  const said = (name: string): string | undefined => (typeof data[name] === "string" ? (data[name] as string) : undefined);
  const known = { code: refusal.error_code, ...defined({ message: said("message") ?? refusal.detail ?? undefined }) };
  if (refusal.error_code === "ALREADY_VALIDATED") return { outcome: "outdone", ...known, first: defined({ by: said("validated_by") ?? said("user"), at: said("at"), place: said("place") }) };
  return { outcome: said("verdict") === "QUARANTINED" ? "review" : "refused", ...known };
}

function defined<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value != null)) as never;
}

