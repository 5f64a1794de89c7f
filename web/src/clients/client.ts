// A client as a form shows it, and what an edit sends: only the fields that the person changed.
import type { Schemas } from "../lib/client";
import { plain } from "../till/catalogue";

export type ClientRow = Schemas["NodeEntityRow"];

export const FIELDS = ["name", "email", "phone", "address", "postcode", "city", "vat_number", "note"] as const;
export type FieldName = (typeof FIELDS)[number];
export type ClientForm = Record<FieldName, string>;

export function formOf(row: ClientRow | undefined): ClientForm {
  const fields = (row?.fields ?? {}) as Record<string, unknown>;
  const text = (name: string): string => {
    const value = fields[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  return Object.fromEntries(FIELDS.map((name) => [name, text(name)])) as ClientForm;
}

export function clientName(row: ClientRow | undefined, id: string): string {
  return formOf(row).name || id;
}

/** What the person changed since the form was opened; an emptied field is removed. */
export function edits(before: ClientForm, now: ClientForm): Record<string, string | null> {
  const changed = FIELDS.filter((name) => before[name] !== now[name].trim());
  return Object.fromEntries(changed.map((name) => [name, now[name].trim() || null]));
}

/** The fields of a new client: those that were filled in. */
export function newFields(form: ClientForm): Record<string, string> {
  return Object.fromEntries(FIELDS.filter((name) => form[name].trim()).map((name) => [name, form[name].trim()]));
}

export interface Clash {
  name: FieldName;
  mine: string;
  theirs: string;
}

/** Fields that both changed, to different values. What only one of them changed needs nobody. */
export function clashes(before: ClientForm, mine: ClientForm, theirs: ClientForm): Clash[] {
  return FIELDS.filter((name) => mine[name].trim() !== before[name] && theirs[name] !== before[name] && mine[name].trim() !== theirs[name]).map((name) => ({
    name,
    mine: mine[name].trim(),
    theirs: theirs[name],
  }));
}

/** Their version with the fields that only this person changed. */
export function merged(before: ClientForm, mine: ClientForm, theirs: ClientForm): ClientForm {
  return Object.fromEntries(FIELDS.map((name) => [name, mine[name].trim() !== before[name] && theirs[name] === before[name] ? mine[name] : theirs[name]])) as ClientForm;
}

export function searchClients(rows: readonly ClientRow[], typed: string): ClientRow[] {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const { name, email, phone, city, postcode } = formOf(row);
    const text = plain([row.id, name, email, phone, city, postcode].join(" "));
    return words.every((word) => text.includes(word));
  });
}
