// Every text comes from `messages/screens/*.ftl`. A message is named literally, as the first argument of `t`: a test compares the names
// in the sources with the catalogues.
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";
import { signal } from "@preact/signals";
import { minorDigits } from "./decimal";

export type Language = "fr" | "en";

type Catalogue = Record<Language, () => Promise<{ default: string }>>;

const catalogues: Catalogue[] = [
  {
    fr: () => import("../../../messages/screens/fr.ftl?raw"),
    en: () => import("../../../messages/screens/en.ftl?raw"),
  },
];

/** More texts, for screens that a till never loads. */
export function addCatalogue(catalogue: Catalogue): void {
  catalogues.push(catalogue);
}

const KEPT = "comptoir.language";
const bundle = signal<FluentBundle | undefined>(undefined);
export const language = signal<Language>("fr");

/** The language that a person chose here, else the browser's, else French. */
export function preferredLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "fr" || kept === "en") return kept;
  const known = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "fr" || tag === "en");
  return known === "en" ? "en" : "fr";
}

export async function useLanguage(chosen: Language, keep = false): Promise<void> {
  const sources = await Promise.all(catalogues.map((catalogue) => catalogue[chosen]()));
  const loaded = new FluentBundle(chosen, { useIsolating: false });
  const errors = sources.flatMap((source) => loaded.addResource(new FluentResource(source.default)));
  if (errors.length > 0) console.error(errors);
  if (keep) localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen;
  language.value = chosen;
  bundle.value = loaded;
}

export function t(id: string, values?: Record<string, FluentVariable>): string {
  const pattern = bundle.value?.getMessage(id)?.value;
  if (!pattern) return id;
  return bundle.value!.formatPattern(pattern, values);
}

function locale(): string {
  return language.value === "fr" ? "fr-FR" : "en-GB";
}

/** 1 234,50 € with the no-break spaces of the language. */
export function money(minorUnits: number, currency: string): string {
  const digits = minorDigits(currency);
  const format = new Intl.NumberFormat(locale(), { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(minorUnits / 10 ** digits);
}

/** A decimal string of the API as people write it. */
export function decimal(text: string): string {
  const fraction = (text.split(".")[1] ?? "").length;
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: fraction, maximumFractionDigits: fraction }).format(Number(text));
}

/** A decimal string as people type it: without marks between thousands, which a form would read as something else. */
export function editable(text: string): string {
  return language.value === "fr" ? text.replace(".", ",") : text;
}

/** A price as people type it: with at least two digits after the point. */
export function editablePrice(text: string): string {
  const [whole, fraction = ""] = text.split(".");
  return editable(text === "" ? "" : `${whole}.${fraction.padEnd(2, "0")}`);
}

export function count(value: number): string {
  return new Intl.NumberFormat(locale()).format(value);
}

export function clock(instant: string | number | Date): string {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(new Date(instant));
}

export function moment(instant: string | number | Date): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "short", timeStyle: "short" }).format(new Date(instant));
}

/** A day without a time, `YYYY-MM-DD`: at noon, so that no time zone makes another day of it. */
export function day(text: string): string {
  const date = new Date(`${text}T12:00:00`);
  return Number.isNaN(date.getTime()) ? text : new Intl.DateTimeFormat(locale(), { dateStyle: "short" }).format(date);
}

/** How long something takes already, in its largest unit. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return t("duration-seconds", { number: count(whole) });
  if (whole < 3_600) return t("duration-minutes", { number: count(Math.floor(whole / 60)) });
  if (whole < 172_800) return t("duration-hours", { number: count(Math.floor(whole / 3_600)) });
  const days = Math.floor(whole / 86_400);
  return t("duration-days", { number: count(days) });
}
