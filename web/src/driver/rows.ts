// The stops of this phone: central's rows, and over them what waits here and what central has answered.
import type { Own, Stop } from "../deliveries/stop";
import { stopOf } from "../deliveries/stop";
import { work } from "./database";
import type { Queued, Settled } from "./outbox";

interface Row {
  entity_type: string;
  entity_id: string;
  [column: string]: unknown;
}

interface DeliveryRow extends Row {
  reference?: string | null;
  client_name?: string | null;
  qr_payload?: string | null;
  assigned_to?: string | null;
  validation?: { event_id: string; user?: string | null; at?: string | null; place?: string | null } | null;
}

export interface Known {
  stops: Stop[];
  names: Map<string, string>;
  queue: Queued[];
  settled: Settled[];
  files: number;
}

export function known(): Promise<Known> {
  return work("readonly", async (at) => {
    const [rows, queue, settled, files] = await Promise.all([at.all<Row>("rows"), at.all<Queued>("outbox"), at.all<Settled>("settled"), at.all("files")]);
    const of = (type: string): Map<string, Row> => new Map(rows.filter((row) => row.entity_type === type).map((row) => [row.entity_id, row]));
    const [notes, setting, users] = [of("DELIVERY_NOTE"), of("SETTING").get("deliveries"), of("USER")];
    const names = new Map([...users].flatMap(([id, { name }]) => (typeof name === "string" ? [[id, name] as const] : [])));
    const stops = ([...of("DELIVERY").values()] as DeliveryRow[]).map((row) => {
      const waiting = queue.find((event) => event.entity_type === "DELIVERY" && event.entity_id === row.entity_id);
      const answered = settled.filter((event) => event.entity_type === "DELIVERY" && event.entity_id === row.entity_id).sort((one, other) => other.id.localeCompare(one.id))[0];
      const facts = { id: row.entity_id, reference: row.reference ?? null, client: row.client_name ?? null, qr: row.qr_payload ?? null, assignedTo: row.assigned_to ?? null };
      const own = ownOf(waiting, answered, row);
      return stopOf({ ...facts, own, validation: validationOf(row, waiting, answered) }, notes.get(row.entity_id), setting);
    });
    const sorted = queue.sort((one, other) => one.id.localeCompare(other.id));
    return { stops, names, queue: sorted, settled: settled.sort((one, other) => other.id.localeCompare(one.id)), files: files.length };
  });
}

/** The phone's own answer counts until central's row says more: a released validation counts after all. */
function ownOf(waiting: Queued | undefined, answered: Settled | undefined, row: DeliveryRow): Own | undefined {
  if (waiting) return "waiting";
  if (!answered) return undefined;
  if (row.validation?.event_id === answered.id || answered.outcome === "confirmed") return "confirmed";
  return row.validation || answered.outcome === "outdone" ? "outdone" : "review";
}

function validationOf(row: DeliveryRow, waiting: Queued | undefined, answered: Settled | undefined): DeliveryRow["validation"] {
  if (answered?.outcome === "outdone" && answered.first) {
    const { by, at, place } = answered.first;
    return { event_id: row.validation?.event_id ?? "", user: by ?? row.validation?.user ?? null, at: at ?? row.validation?.at ?? null, place: place ?? row.validation?.place ?? null };
  }
  if (row.validation) return row.validation;
  const own = waiting ?? answered;
  return own ? { event_id: own.id, user: null, at: own.occurred_at, place: null } : null;
}
