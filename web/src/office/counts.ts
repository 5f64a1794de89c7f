// What waits for a person, counted by the lists that the screens show, so that a count never differs from its list.
import { signal } from "@preact/signals";
import { call } from "./api";
import { may } from "./session";

/** Rows of the first page, and whether there are more. */
export interface Count {
  number: number;
  more: boolean;
}

const PAGE = 1_000;

export const waiting = signal<{ conflicts: Count | undefined; quarantine: Count | undefined }>({ conflicts: undefined, quarantine: undefined });

/** Counts again. What central does not answer keeps its last count. */
export async function countWaiting(): Promise<void> {
  const [conflicts, quarantine] = await Promise.all([
    may("decide_conflict") ? call("get", "/api/v1/conflicts", { query: { limit: PAGE } }) : undefined,
    may("release_quarantine") ? call("get", "/api/v1/quarantine", { query: { limit: PAGE } }) : undefined,
  ]);
  waiting.value = {
    conflicts: conflicts?.ok ? { number: conflicts.data.conflicts.length, more: conflicts.data.more } : waiting.value.conflicts,
    quarantine: quarantine?.ok ? { number: quarantine.data.events.length, more: quarantine.data.more } : waiting.value.quarantine,
  };
}
