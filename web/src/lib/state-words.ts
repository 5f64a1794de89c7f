// How the words of standing.ts look and read, on every screen.
import type { IconName, Tone } from "../design/components";
import { count, duration, t } from "./i18n";
import type { Standing, Word } from "./standing";

export const LOOKS: Record<Word, { tone: Tone; icon: IconName }> = {
  "up-to-date": { tone: "good", icon: "check" },
  sending: { tone: "info", icon: "up" },
  waiting: { tone: "info", icon: "clock" },
  offline: { tone: "warn", icon: "offline" },
  action: { tone: "danger", icon: "alert" },
  unreached: { tone: "danger", icon: "unplug" },
  starting: { tone: "quiet", icon: "clock" },
};

export function words(standing: Standing, age: number | undefined): string {
  const pending = count(standing.pending);
  switch (standing.word) {
    case "up-to-date":
      return t("state-up-to-date");
    case "sending":
      return t("state-sending", { number: pending });
    case "waiting":
      return age === undefined ? t("state-waiting", { number: pending }) : t("state-waiting-since", { number: pending, age: duration(age) });
    case "offline":
      return standing.pending > 0 ? t("state-offline-pending", { number: pending }) : t("state-offline");
    case "action":
      return t("state-action", { number: count(standing.toReview) });
    case "unreached":
      return t("state-unreached");
    case "starting":
      return t("state-starting");
  }
}
