// Low-battery mode: no polling, no camera picture by itself, a dark screen. By the battery where the browser shows it, or by a switch.
import { computed, effect, signal } from "@preact/signals";
import { keptTheme, theme } from "../lib/theme";
import { spare } from "./sync";

/** Below this, and not on a charger. */
const LOW = 0.2;
const KEPT = "comptoir.power";

export type PowerChoice = "auto" | "on" | "off";

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}

const isLow = signal(false);
export const powerChoice = signal<PowerChoice>("auto");
export const sparing = computed(() => powerChoice.value === "on" || (powerChoice.value === "auto" && isLow.value));

export function choosePower(choice: PowerChoice): void {
  powerChoice.value = choice;
  localStorage.setItem(KEPT, choice);
}

export function watchPower(): void {
  const kept = localStorage.getItem(KEPT);
  if (kept === "on" || kept === "off") powerChoice.value = kept;
  // Some browsers show no battery; the switch is there for them.
  const ask = (navigator as { getBattery?: () => Promise<Battery> }).getBattery?.bind(navigator);
  void ask?.().then(
    (battery) => {
      const look = (): void => void (isLow.value = battery.level <= LOW && !battery.charging);
      look();
      battery.addEventListener("levelchange", look);
      battery.addEventListener("chargingchange", look);
    },
    () => undefined,
  );
  effect(() => {
    spare(sparing.value);
    const shown = sparing.value ? "dark" : theme.value;
    if (shown === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = shown;
  });
  theme.value = keptTheme();
}
