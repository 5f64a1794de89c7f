// Deliveries at the shop's node: its rows, its notes, and its log as the place where a validation is durable.
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../design/failure";
import { call, send, type Problem, type Schemas } from "../lib/client";
import { t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { problemText } from "../lib/problem-text";
import { go, route } from "../lib/router";
import { live } from "../lib/stream";
import { DeliveryFlow } from "./delivery-flow";
import { hashOf } from "./file-hash";
import { ownOf, remember } from "./own-validations";
import { payloadOf, stopOf, type Entry, type Me, type Stop } from "./stop";

type Row = Schemas["NodeDeliveryRow"];
type Fields = Record<string, unknown>;
type Draft = { id: string; entity_id: string; occurred_at: string; payload: Record<string, unknown> };

const ROWS = 1_000;

/** Every row of a list. An unchanged page costs the node nothing: the browser asks by ETag. */
async function all<T>(address: string): Promise<T[] | Problem> {
  const rows: T[] = [];
  for (let cursor = ""; ; ) {
    const answer = await send<{ rows: T[]; next_cursor?: string | null }>("get", `${address}?limit=${ROWS}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    if (!answer.ok) return answer.problem;
    rows.push(...answer.data.rows);
    if (!answer.data.next_cursor) return rows;
    cursor = answer.data.next_cursor;
  }
}

interface Read {
  rows: Row[];
  notes: Map<string, Fields>;
  setting: Fields | undefined;
  names: Map<string, string>;
}

async function read(): Promise<Read | Problem> {
  const entities = (type: string): Promise<{ id: string; fields: Fields }[] | Problem> => all(`/api/v1/entities/${type}`);
  const [rows, notes, settings, users, own] = await Promise.all([
    all<Row>("/api/v1/deliveries"),
    entities("DELIVERY_NOTE"),
    entities("SETTING"),
    entities("USER"),
    call("get", "/api/v1/user-names"),
  ]);
  if (!Array.isArray(rows)) return rows;
  // A person who may read deliveries alone sees them without their notes.
  const byId = (list: { id: string; fields: Fields }[] | Problem): Map<string, Fields> => new Map(Array.isArray(list) ? list.map(({ id, fields }) => [id, fields]) : []);
  const names = new Map((own.ok ? own.data.rows : []).map(({ id, name }) => [id, name]));
  for (const [id, { name }] of byId(users)) if (typeof name === "string") names.set(id, name);
  return { rows, notes: byId(notes), setting: byId(settings).get("deliveries"), names };
}

export function DeliveriesScreen({ id }: { id: string | undefined }) {
  const [known, setKnown] = useState<Read>();
  const [problem, setProblem] = useState<Problem>();
  const [me, setMe] = useState<Me & { name: string | undefined }>({ user: undefined, site: undefined, name: undefined });
  const attempts = useRef(new Map<string, Draft>());
  const { marks, sync, reached } = live.value;

  const refresh = async (): Promise<void> => {
    const found = await read();
    if ("code" in found) setProblem(found);
    else {
      setKnown(found);
      setProblem(undefined);
    }
  };
  useEffect(() => void refresh(), [marks?.durable, marks?.acked, sync?.rows, reached]);
  useEffect(() => {
    void Promise.all([call("get", "/api/v1/session"), call("get", "/api/v1/status")]).then(([session, status]) => {
      const user = session.ok ? session.data.user : undefined;
      setMe({ user: user?.id, name: user?.name, site: status.ok ? status.data.site : undefined });
    });
  }, []);

  const validate = async (stop: Stop, entry: Entry): Promise<string | undefined> => {
    // A repetition after a lost answer sends the same event.
    const draft = attempts.current.get(stop.id) ?? { ...(await draftOf(stop, entry)) };
    attempts.current.set(stop.id, draft);
    for (const file of [entry.signature, entry.photo]) {
      const failed = file && (await upload(file));
      if (failed) return problemText(failed);
    }
    const answer = await send("post", "/api/v1/events", { ...draft, entity_type: "DELIVERY", action: "DELIVERY_VALIDATED", schema_version: 3 });
    if (!answer.ok) {
      if (answer.problem.status !== 0) attempts.current.delete(stop.id);
      return problemText(answer.problem);
    }
    attempts.current.delete(stop.id);
    remember(stop.id, draft.id);
    await refresh();
    return undefined;
  };

  if (!known) {
    return (
      <main class="screen narrow" id="content" tabIndex={-1} aria-busy={problem ? undefined : "true"}>
        <h1>{t("deliveries-title")}</h1>
        <Failure problem={problem} />
      </main>
    );
  }
  const nameOf = (user: string): string => known.names.get(user) ?? (user === me.user && me.name ? me.name : readable(user));
  const stops = known.rows.map((row) =>
    stopOf({ id: row.id, reference: row.reference, client: row.client, qr: row.qr, assignedTo: row.assigned_to, validation: row.validation, own: ownOf(row) }, known.notes.get(row.id), known.setting),
  );
  const source = { stops, me, knownAt: sync?.last_success_at ?? undefined, sparing: false, nameOf, validate };
  return <DeliveryFlow source={source} at="/deliveries/" id={id ?? route.value[1]} go={go} />;
}

/** A user whose name the node does not know has an id that tells people nothing. */
function readable(user: string): string {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(user) ? t("verdict-other-user", { id: user.slice(-6) }) : user;
}

async function draftOf(stop: Stop, entry: Entry): Promise<Draft> {
  const [signature, photo] = await Promise.all([entry.signature && hashOf(entry.signature), entry.photo && hashOf(entry.photo)]);
  const now = new Date();
  return { id: uuid7(now.getTime()), entity_id: stop.id, occurred_at: now.toISOString(), payload: payloadOf(stop, entry, { signature, photo }, now) };
}

async function upload(file: Blob): Promise<Problem | undefined> {
  const unreachable = (detail: string): Problem => ({ code: "UNREACHABLE", status: 0, title: "", detail, retryable: true });
  try {
    const answer = await fetch(`/api/v1/blobs/${await hashOf(file)}`, { method: "PUT", body: file, headers: { "content-type": "application/octet-stream" }, signal: AbortSignal.timeout(30_000) });
    if (answer.ok) return undefined;
    const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>;
    return { code: problem.code ?? `HTTP_${answer.status}`, status: answer.status, title: problem.title ?? "", detail: problem.detail ?? "", retryable: problem.retryable ?? false };
  } catch (error) {
    return unreachable(String(error));
  }
}
