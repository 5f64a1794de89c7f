// The notes and coins of a currency, in minor units, largest first. A currency without a list is counted as one sum.
const KNOWN: Record<string, number[]> = {
  EUR: [50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
  GBP: [5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
  CHF: [100_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5],
  USD: [10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 25, 10, 5, 1],
  XOF: [10_000, 5_000, 2_000, 1_000, 500, 250, 200, 100, 50, 25, 10, 5],
  TND: [50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10],
};

export function denominations(currency: string): number[] {
  return KNOWN[currency] ?? [];
}

export interface Counted {
  value_minor: number;
  count: number;
}

/** What was typed next to each note and coin; undefined where something is no number of pieces. */
export function countedOf(currency: string, typed: Record<number, string>): Counted[] | undefined {
  const counted: Counted[] = [];
  for (const value of denominations(currency)) {
    const text = (typed[value] ?? "").trim();
    if (text === "") continue;
    if (!/^\d{1,6}$/.test(text)) return undefined;
    if (Number(text) > 0) counted.push({ value_minor: value, count: Number(text) });
  }
  return counted;
}

export function countedMinor(counted: readonly Counted[]): number {
  return counted.reduce((sum, { value_minor, count }) => sum + value_minor * count, 0);
}
