import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon, type IconName, type Tone } from "../design/components";
import type { Schemas } from "../lib/client";
import { clock, count, duration, t } from "../lib/i18n";
import { standingOf } from "../lib/standing";
import { live } from "../lib/stream";

/** This screen and the node, the node and central, the queue: three facts, never one lamp. */
export function Facts({ queue }: { queue: Schemas["Queue"] | undefined }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  const standing = standingOf(live.value);
  const { sync, since } = live.value;
  const success = sync?.last_success_at;
  const last = (): string => {
    if (!success) return t("fact-central-never");
    const seconds = (now - new Date(success).getTime()) / 1_000;
    return seconds < 5 ? t("fact-central-just-now") : t("fact-central-ago", { age: duration(seconds) });
  };
  const central = (): { tone: Tone; icon: IconName; text: string } => {
    if (sync?.phase === "disabled") return { tone: "quiet", icon: "offline", text: t("fact-central-off") };
    if (standing.central === false) return { tone: "warn", icon: "offline", text: `${t("fact-central-lost")} ${last()}` };
    if (standing.central === undefined) return { tone: "quiet", icon: "clock", text: t("fact-central-unknown") };
    return { tone: "good", icon: "check", text: `${t("fact-central-reached")} ${last()}` };
  };
  const { tone, icon, text } = central();
  const lost = standing.screen === false;
  const waits = queue?.oldest_age_seconds != null && standing.pending > 0;
  return (
    <div class="facts">
      <Fact title={t("fact-screen")} tone={lost ? "danger" : "good"} icon={lost ? "unplug" : "check"}>
        {lost ? t("fact-screen-lost", { at: clock(since) }) : t("fact-screen-reached")}
      </Fact>
      <Fact title={t("fact-central")} tone={tone} icon={icon}>
        {text}
      </Fact>
      <Fact title={t("fact-queue")} tone={standing.toReview > 0 ? "danger" : standing.pending > 0 ? "info" : "good"} icon={standing.toReview > 0 ? "alert" : standing.pending > 0 ? "clock" : "check"}>
        <b class="number">{count(standing.pending)}</b> {waits ? t("fact-queue-oldest", { age: duration(queue.oldest_age_seconds!) }) : t("fact-queue-none")}
        {standing.toReview > 0 && <p>{t("fact-queue-review", { number: count(standing.toReview) })}</p>}
      </Fact>
    </div>
  );
}

function Fact({ title, tone, icon, children }: { title: string; tone: Tone; icon: IconName; children: ComponentChildren }) {
  return (
    <section class="fact card">
      <h2>{title}</h2>
      <div class={`fact-text ${tone}`}>
        <Icon name={icon} />
        <div>{children}</div>
      </div>
    </section>
  );
}
