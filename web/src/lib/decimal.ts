// Prices and quantities are decimal strings, amounts are integers of minor units. No amount is ever a binary fraction.

const QUANTITY_DIGITS = 4;
const PRICE_DIGITS = 6;

/** How many digits a currency has after the point; two for all but these. */
export function minorDigits(currency: string): number {
  if (/^(BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|VND|VUV|XAF|XOF|XPF)$/.test(currency)) return 0;
  return /^(BHD|IQD|JOD|KWD|LYD|OMR|TND)$/.test(currency) ? 3 : 2;
}

/** A decimal as an integer of 10^-digits; undefined where the text is no decimal, or has more digits than that. */
export function scaled(text: string, digits: number): bigint | undefined {
  const match = /^(-?)(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim());
  if (!match) return undefined;
  const fraction = (match[3] ?? "").replace(/0+$/, "");
  if (fraction.length > digits) return undefined;
  const value = BigInt(match[2]!) * 10n ** BigInt(digits) + BigInt(fraction.padEnd(digits, "0") || "0");
  return match[1] ? -value : value;
}

/** An integer of 10^-digits as the shortest decimal. */
export function unscaled(value: bigint, digits: number): string {
  const negative = value < 0n;
  const text = (negative ? -value : value).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const fraction = text.slice(text.length - digits).replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction && `.${fraction}`}`;
}

/** What a person typed as a quantity, in the form of the API; undefined where it is none, or zero. */
export function quantity(text: string): string | undefined {
  const value = scaled(text, QUANTITY_DIGITS);
  if (value === undefined || value <= 0n || value >= 10n ** BigInt(9 + QUANTITY_DIGITS)) return undefined;
  return unscaled(value, QUANTITY_DIGITS);
}

/** What a person typed as a price, in the form of the API. */
export function price(text: string): string | undefined {
  const value = scaled(text, PRICE_DIGITS);
  if (value === undefined || value < 0n || value >= 10n ** BigInt(9 + PRICE_DIGITS)) return undefined;
  return unscaled(value, PRICE_DIGITS);
}

export function addQuantities(one: string, other: string): string {
  const sum = (scaled(one, QUANTITY_DIGITS) ?? 0n) + (scaled(other, QUANTITY_DIGITS) ?? 0n);
  return unscaled(sum, QUANTITY_DIGITS);
}

export function compareQuantities(one: string, other: string): number {
  const difference = (scaled(one, QUANTITY_DIGITS) ?? 0n) - (scaled(other, QUANTITY_DIGITS) ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** value / divisor, rounded half up: away from zero. */
export function divideHalfUp(value: bigint, divisor: bigint): bigint {
  const magnitude = ((value < 0n ? -value : value) * 2n + divisor) / (divisor * 2n);
  return value < 0n ? -magnitude : magnitude;
}

/** Quantity x price in minor units, rounded once, as the node computes it. */
export function amountOf(count: string, unitPrice: string, currency: string): number {
  const product = (scaled(count, QUANTITY_DIGITS) ?? 0n) * (scaled(unitPrice, PRICE_DIGITS) ?? 0n);
  const divisor = 10n ** BigInt(QUANTITY_DIGITS + PRICE_DIGITS - minorDigits(currency));
  return Number(divideHalfUp(product, divisor));
}

/** What a person typed as an amount of money, in minor units. */
export function minor(text: string, currency: string): number | undefined {
  const value = scaled(text.replace(/[\s\u00a0\u202f]/g, ""), minorDigits(currency));
  return value === undefined || value < 0n ? undefined : Number(value);
}

/** The part of an amount that belongs to a part of a quantity. */
export function share(amountMinor: number, part: string, whole: string): number {
  const of = scaled(whole, QUANTITY_DIGITS) ?? 0n;
  if (of <= 0n) return 0;
  return Number(divideHalfUp(BigInt(amountMinor) * (scaled(part, QUANTITY_DIGITS) ?? 0n), of));
}

/** The tax inside a gross amount. */
export function taxInside(grossMinor: number, ratePerCent: string): number {
  const rate = scaled(ratePerCent, 4) ?? 0n;
  return Number(divideHalfUp(BigInt(grossMinor) * rate, 1_000_000n + rate));
}
