import { signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEPT = "comptoir.theme";

export const theme = signal<Theme>("auto");

export function useTheme(chosen: Theme, keep = false): void {
  theme.value = chosen;
  if (keep) localStorage.setItem(KEPT, chosen);
  if (chosen === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

export function keptTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return kept === "light" || kept === "dark" ? kept : "auto";
}
