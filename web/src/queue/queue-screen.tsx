// What waits, why, and since when; and what needs a person. The three facts stand apart here.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Badge, Banner, Button, Empty, Icon, type IconName, type Tone } from "../design/components";
import { call, type Problem, type Schemas } from "../lib/client";
import { clock, count, duration, language, moment, money, t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { standingOf } from "../lib/standing";
import { live } from "../lib/stream";
import { DemoLink } from "./demo-link";
import { StatusBadge } from "../receipts/status-badge";

type Event = Schemas["Event"];

export function QueueScreen() {
  const [queue, setQueue] = useState<Schemas["Queue"]>();
  const [waiting, setWaiting] = useState<Event[]>();
  const [problem, setProblem] = useState<Problem>();
  const { marks, sync, reached, queue: figures } = live.value;
  useEffect(() => {
    const read = async (): Promise<void> => {
      const [counts, events] = await Promise.all([call("get", "/api/v1/queue"), call("get", "/api/v1/queue/events", { query: { limit: 100 } })]);
      if (counts.ok) setQueue(counts.data);
      if (events.ok) setWaiting(events.data.rows);
      setProblem(counts.ok ? (events.ok ? undefined : events.problem) : counts.problem);
    };
    void read();
    // The ages grow without any event.
    const timer = setInterval(() => void read(), 10_000);
    return () => clearInterval(timer);
  }, [marks?.durable, marks?.acked, figures?.pending, sync?.phase, reached]);
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <h1>{t("queue-title")}</h1>
      <Facts queue={queue} />
      <DemoLink />
      {problem && (
        <Banner tone="danger" role="alert">
          {problemText(problem)} <code>{problem.code}</code>
        </Banner>
      )}
      <Notifications />
      <section class="stack">
        <h2>{t("queue-waiting")}</h2>
        {waiting?.length === 0 && (
          <Empty icon="check" title={t("queue-empty")}>
            {t("queue-empty-next")}
          </Empty>
        )}
        {waiting && waiting.length > 0 && (
          <>
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">{t("queue-what")}</th>
                  <th scope="col">{t("queue-since")}</th>
                  <th scope="col" class="wide-only">
                    {t("queue-who")}
                  </th>
                  <th scope="col">{t("receipts-state")}</th>
                </tr>
              </thead>
              <tbody>
                {waiting.map((event) => (
                  <tr key={event.id}>
                    <td>
                      {actionName(event.action)} <span class="soft">{detail(event)}</span>
                    </td>
                    <td>{moment(event.occurred_at)}</td>
                    <td class="wide-only soft">{event.user}</td>
                    <td>
                      <StatusBadge status={event.status ?? undefined} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {queue && queue.pending > waiting.length && <p class="soft">{t("queue-more", { number: count(queue.pending - waiting.length) })}</p>}
          </>
        )}
      </section>
    </main>
  );
}

function Facts({ queue }: { queue: Schemas["Queue"] | undefined }) {
  const standing = standingOf(live.value);
  const { sync, since } = live.value;
  const success = sync?.last_success_at;
  const central = (): { tone: Tone; icon: IconName; text: string } => {
    if (sync?.phase === "disabled") return { tone: "quiet", icon: "offline", text: t("fact-central-off") };
    if (standing.central === false) {
      const at = success ? t("fact-central-last", { at: moment(success) }) : t("fact-central-never");
      return { tone: "warn", icon: "offline", text: `${t("fact-central-lost")} ${at}` };
    }
    if (standing.central === undefined) return { tone: "quiet", icon: "clock", text: t("fact-central-unknown") };
    return { tone: "good", icon: "check", text: success ? t("fact-central-last", { at: clock(success) }) : t("fact-central-reached") };
  };
  const { tone, icon, text } = central();
  const lost = standing.screen === false;
  const code = sync?.alert ?? sync?.last_error;
  return (
    <div class="facts">
      <Fact title={t("fact-screen")} tone={lost ? "danger" : "good"} icon={lost ? "unplug" : "check"}>
        {lost ? t("fact-screen-lost", { at: clock(since) }) : t("fact-screen-reached")}
      </Fact>
      <Fact title={t("fact-central")} tone={tone} icon={icon}>
        {text}
        {code && (
          <>
            {" "}
            <code>{code}</code>
          </>
        )}
      </Fact>
      <Fact title={t("fact-queue")} tone={standing.toReview > 0 ? "danger" : standing.pending > 0 ? "info" : "good"} icon={standing.pending > 0 ? "clock" : "check"}>
        <b class="number">{count(standing.pending)}</b>{" "}
        {queue?.oldest_age_seconds != null && standing.pending > 0 ? t("fact-queue-oldest", { age: duration(queue.oldest_age_seconds) }) : t("fact-queue-none")}
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

function Notifications() {
  const [rows, setRows] = useState<Schemas["Notification"][]>([]);
  const [problem, setProblem] = useState<Problem>();
  const unseen = live.value.notifications?.unseen;
  const read = async (): Promise<void> => {
    const answer = await call("get", "/api/v1/notifications", { query: { unseen: true, limit: 50 }, headers: { "accept-language": language.value } });
    if (answer.ok) setRows(answer.data.rows);
    setProblem(answer.ok ? undefined : answer.problem);
  };
  useEffect(() => void read(), [unseen, language.value]);
  const see = async (id: string): Promise<void> => {
    const answer = await call("post", "/api/v1/notifications/{id}/seen", { path: { id } });
    if (answer.ok) await read();
    else setProblem(answer.problem);
  };
  if (rows.length === 0 && !problem) return null;
  return (
    <section class="stack">
      <h2>
        {t("notifications-title")} <Badge tone="danger">{count(unseen ?? rows.length)}</Badge>
      </h2>
      {problem && <Banner tone="danger">{problemText(problem)}</Banner>}
      <ul class="rows">
        {rows.map((row) => (
          <li key={row.id}>
            <span class="row-main">
              <b>{row.title}</b>
              <span>{row.detail}</span>
              <span class="soft small">
                {moment(row.at)} {row.code && <code>{row.code}</code>}
              </span>
            </span>
            <Button onClick={() => void see(row.id)}>{t("notifications-seen")}</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function actionName(action: string): string {
  switch (action) {
    case "SALE_RECORDED":
      return t("action-sale");
    case "SALE_REFUNDED":
      return t("action-refund");
    case "GOODS_RECEIVED":
      return t("action-reception");
    case "DELIVERY_VALIDATED":
      return t("action-delivery");
    case "INVOICE_CREATED":
      return t("action-invoice");
    case "AUDIT_RECORDED":
      return t("action-audit");
    case "CREATE":
      return t("action-create");
    case "UPDATE":
      return t("action-update");
    default:
      return action;
  }
}

function detail(event: Event): string {
  const payload = event.payload as { total_minor?: number; currency?: string } | null;
  if (payload && typeof payload.total_minor === "number" && payload.currency) return money(payload.total_minor, payload.currency);
  return event.entity_type === "SALE" || event.entity_type === "AUDIT" ? "" : `${event.entity_type} ${event.entity_id}`;
}
