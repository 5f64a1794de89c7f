// Which validations this browser made. The node's row shows who was first; only together do they say that this one was not.
import type { Schemas } from "../lib/client";
import type { Own } from "./stop";

const KEPT = "comptoir.validations";
const KEPT_MAX = 300;

type Kept = Record<string, string>;

function kept(): Kept {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Kept;
  } catch {
    return {};
  }
}

/** Notes the event with which this browser validated a delivery. */
export function remember(delivery: string, event: string): void {
  const { [delivery]: _, ...others } = kept();
  const newest = Object.entries({ ...others, [delivery]: event }).slice(-KEPT_MAX);
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(newest)));
}

/** What became of the validation that was made at this node. */
export function ownOf(row: Schemas["NodeDeliveryRow"]): Own | undefined {
  const pending = row.pending.filter((event) => event.action === "DELIVERY_VALIDATED");
  if (pending.some((event) => event.status === "PENDING" || event.status === "SENDING")) return "waiting";
  const own = kept()[row.id] ?? pending[0]?.event_id;
  if (own === undefined) return undefined;
  if (row.validation?.event_id === own) return "confirmed";
  return row.validation ? "outdone" : "review";
}
