// The till as the node knows it: its currency, and the session that is open.
import { computed, signal } from "@preact/signals";
import { call, type Problem, type Schemas } from "../lib/client";

export const till = signal<Schemas["TillState"] | undefined>(undefined);

const KEPT = "comptoir.currency";

/** The shop's currency; until the node has answered, that of the last time. */
export const shopCurrency = computed(() => till.value?.currency ?? localStorage.getItem(KEPT) ?? "EUR");

export async function loadTill(): Promise<Problem | undefined> {
  const answer = await call("get", "/api/v1/till");
  if (!answer.ok) return answer.problem;
  till.value = answer.data;
  localStorage.setItem(KEPT, answer.data.currency);
  return undefined;
}
