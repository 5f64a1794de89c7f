import type { Schemas } from "../lib/client";
import type { Counted } from "./denominations";

type Session = Schemas["TillSession"];
export type Sums = Pick<Session, "sales" | "sales_minor" | "refunds" | "refunds_minor" | "payments" | "taxes" | "cash_in_minor" | "cash_out_minor" | "other_currencies">;

/** The payload of a closing: the Z report. */
export interface Closing extends Sums {
  number: number;
  currency: string;
  opened_at: string;
  float_minor: number;
  expected_minor: number;
  counted_minor: number;
  difference_minor: number;
  counted?: Counted[];
  reason?: string;
  grand_total_minor: number;
  unsent: number;
}
export type ClosingEvent = Omit<Schemas["Event"], "payload"> & { payload: Closing };

/** Sales less refunds. */
export function netMinor(sums: Sums): number {
  return sums.sales_minor - sums.refunds_minor;
}
