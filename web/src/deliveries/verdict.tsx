// The answer to a scan or a validation, over the whole screen: a colour, a word, and what to do next. Never just "invalid".
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Button, Icon, type IconName } from "../design/components";
import { clock, moment, t } from "../lib/i18n";
import { signalResult } from "./signal";
import { dayOf, type Refusal, type Stop } from "./stop";

export type Outcome =
  | { kind: "done"; stop: Stop }
  | { kind: "refused"; stop: Stop; why: Refusal }
  | { kind: "unknown"; code: string; knownAt: string | undefined };

interface Shown {
  tone: "good" | "wait" | "bad";
  icon: IconName;
  title: string;
  detail: string[];
}

interface VerdictProps {
  outcome: Outcome;
  nameOf: (user: string) => string;
  onClose: () => void;
  /** Goes on all the same, where a person may decide so. */
  onAnyway?: (() => void) | undefined;
}

export function Verdict({ outcome, nameOf, onClose, onAnyway }: VerdictProps) {
  const shown = shownOf(outcome, nameOf);
  const title = useRef<HTMLHeadingElement>(null);
  // The focus moves to what changed, so that a screen reader says it.
  useLayoutEffect(() => title.current?.focus(), [shown.title]);
  useEffect(() => signalResult(shown.tone !== "bad"), [shown.tone]);
  return (
    <main class={`verdict ${shown.tone}`} id="content" data-tone={shown.tone}>
      <Icon name={shown.icon} />
      <h1 ref={title} tabIndex={-1}>
        {shown.title}
      </h1>
      <div class="verdict-detail" role="status">
        {shown.detail.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
      <div class="verdict-actions">
        <Button kind="primary" large onClick={onClose}>
          {t("verdict-next")}
        </Button>
        {onAnyway && (
          <Button large onClick={onAnyway}>
            {t("verdict-anyway")}
          </Button>
        )}
      </div>
    </main>
  );
}

/** By whom, when and where: what the second driver wants to know. */
export function firstValidation(stop: Stop, nameOf: (user: string) => string): string {
  const { by, at, place } = stop.validation ?? {};
  const who = by ? nameOf(by) : t("verdict-somebody");
  if (!at) return t("verdict-by", { by: who });
  const when = dayOf(new Date(at)) === dayOf(new Date()) ? clock(at) : moment(at);
  return place ? t("verdict-by-at-place", { by: who, at: when, place: place.replace(",", ", ") }) : t("verdict-by-at", { by: who, at: when });
}

function shownOf(outcome: Outcome, nameOf: (user: string) => string): Shown {
  if (outcome.kind === "unknown") {
    const known = outcome.knownAt ? [t("verdict-unknown-known", { at: moment(outcome.knownAt) })] : [];
    return { tone: "bad", icon: "alert", title: t("verdict-unknown"), detail: [t("verdict-unknown-detail", { code: outcome.code }), ...known] };
  }
  const { stop } = outcome;
  const what = stop.client ? `${stop.reference} · ${stop.client}` : stop.reference;
  if (stop.own === "outdone") {
    return { tone: "bad", icon: "alert", title: t("verdict-outdone"), detail: [what, firstValidation(stop, nameOf), t("verdict-outdone-next")] };
  }
  if (stop.own === "review") return { tone: "bad", icon: "alert", title: t("verdict-review"), detail: [what, t("verdict-review-next")] };
  if (outcome.kind === "done") {
    if (stop.own === "waiting") return { tone: "wait", icon: "clock", title: t("verdict-here"), detail: [what, t("verdict-here-next")] };
    return { tone: "good", icon: "check", title: t("verdict-done"), detail: [what, t("verdict-done-next")] };
  }
  switch (outcome.why) {
    case "validated":
      return { tone: "bad", icon: "alert", title: t("verdict-already"), detail: [what, firstValidation(stop, nameOf), t("verdict-already-next")] };
    case "cancelled":
      return { tone: "bad", icon: "close", title: t("verdict-cancelled"), detail: [what, t("verdict-cancelled-next")] };
    case "other-site":
      return { tone: "bad", icon: "alert", title: t("verdict-site"), detail: [what, t("verdict-site-next")] };
    case "other-driver":
      return { tone: "bad", icon: "person", title: t("verdict-driver"), detail: [what, t("verdict-driver-next", { driver: nameOf(stop.assignedTo ?? "") })] };
  }
}
