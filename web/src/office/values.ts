import { t } from "../lib/i18n";

export type Json = string | number | boolean | null | Json[] | { [field: string]: Json };

/** A value as people read it; text as it is, everything else as its JSON. */
export function showValue(value: Json | undefined): string {
  if (value === undefined) return t("office-absent");
  if (value === null) return t("office-removed");
  if (value === "") return t("office-empty-text");
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? t("office-yes") : t("office-no");
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}
