// What waits, why, and since when; and what needs a person. The three facts are shown separately here.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Empty } from "../design/components";
import { Failure } from "../design/failure";
import { call, type Problem, type Schemas } from "../lib/client";
import { count, duration, moment, t } from "../lib/i18n";
import { live } from "../lib/stream";
import { may, nameOf } from "../session/session-state";
import { DemoLink } from "./demo-link";
import { StatusBadge } from "../receipts/status-badge";
import { eventDetail, eventName } from "./event-name";
import { Facts } from "./facts";
import { Attention } from "./attention";
import { Notifications } from "./notifications";
import { syncProblemText } from "./sync-problem";

type Event = Schemas["Event"];
type Status = Schemas["NodeStatus"];

export function QueueScreen() {
  const [status, setStatus] = useState<Status>();
  const [waiting, setWaiting] = useState<Event[]>();
  const [problem, setProblem] = useState<Problem>();
  const { marks, sync, reached, queue: figures } = live.value;
  useEffect(() => {
    const read = async (): Promise<void> => {
      const [state, events] = await Promise.all([call("get", "/api/v1/status"), call("get", "/api/v1/queue/events", { query: { limit: 100 } })]);
      if (state.ok) setStatus(state.data);
      if (events.ok) setWaiting(events.data.rows);
      setProblem(state.ok ? (events.ok ? undefined : events.problem) : state.problem);
    };
    void read();
    // The ages grow without any event.
    const timer = setInterval(() => void read(), 10_000);
    return () => clearInterval(timer);
  }, [marks?.durable, marks?.acked, figures?.pending, sync?.phase, sync?.last_error, reached]);
  const pending = status?.queue.pending ?? 0;
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("queue-title")}</h1>
        <div class="choice">
          {sync && sync.phase !== "disabled" && may("record") && <RetryButton />}
          {may("export") && (
            <a class="button" href="/api/v1/events/export" download>
              {t("queue-export")}
            </a>
          )}
        </div>
      </div>
      <Facts queue={status?.queue} />
      <DemoLink />
      <Failure problem={problem} />
      {status && <Attempts sync={status.sync} />}
      <Attention />
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
                      {eventName(event)} <span class="soft">{eventDetail(event)}</span>
                    </td>
                    <td>{moment(event.occurred_at)}</td>
                    <td class="wide-only soft">{nameOf(event.user)}</td>
                    <td>
                      <StatusBadge status={event.status ?? undefined} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {pending > waiting.length && <p class="soft">{t("queue-more", { number: count(pending - waiting.length) })}</p>}
          </>
        )}
        {!may("export") && pending > 0 && <p class="soft small">{t("queue-export-who")}</p>}
      </section>
      <Notifications />
    </main>
  );
}

/** Why nothing goes out at the moment: how often it was tried, since when it fails, what was answered, and when it is tried next. */
function Attempts({ sync }: { sync: Status["sync"] }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const issue = sync.alert ?? sync.last_error;
  if (!issue) return null;
  const next = sync.retry_at ? Math.max(0, (new Date(sync.retry_at).getTime() - now) / 1_000) : undefined;
  return (
    <Banner tone={sync.alert ? "danger" : "warn"} role="status">
      <b>{syncProblemText(issue.code)}</b>
      <p>
        {sync.failures > 0 && `${t("queue-attempts", { attempts_count: sync.failures, attempts: count(sync.failures), at: moment(issue.at) })} `}
        {next !== undefined && (next >= 1 ? t("queue-next", { time: duration(next) }) : t("queue-next-now"))}
      </p>
      <p class="small soft">
        <code>{issue.code}</code> {issue.detail}
      </p>
    </Banner>
  );
}

function RetryButton() {
  const [asked, setAsked] = useState(false);
  const phase = live.value.sync?.phase;
  const retry = async (): Promise<void> => {
    setAsked(true);
    await call("post", "/api/v1/queue/retry");
    setTimeout(() => setAsked(false), 1_500);
  };
  return (
    <Button kind="primary" icon="again" busy={asked || phase === "sending"} onClick={() => void retry()}>
      {t("queue-retry")}
    </Button>
  );
}
