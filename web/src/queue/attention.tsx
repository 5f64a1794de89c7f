// What a person has to deal with: what central refused for good, and what somebody at head office still decides.
import { useEffect, useState } from "preact/hooks";
import { Badge, Banner, Button } from "../design/components";
import { call, type Problem, type Schemas } from "../lib/client";
import { count, language, moment, t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { live } from "../lib/stream";
import { nameOf } from "../session/session-state";
import { eventDetail, eventName } from "./event-name";

type Notification = Schemas["Notification"];
type Event = Schemas["Event"];

/** Events that are described by more than their number. */
const DESCRIBED = 30;

export function Attention() {
  const [rows, setRows] = useState<Notification[]>([]);
  const [events, setEvents] = useState<Map<string, Event>>(new Map());
  const [problem, setProblem] = useState<Problem>();
  const { queue, sync, notifications } = live.value;
  useEffect(() => {
    const read = async (): Promise<void> => {
      const found = await call("get", "/api/v1/notifications", { query: { waiting: true, limit: 200 }, headers: { "accept-language": language.value } });
      setProblem(found.ok ? undefined : found.problem);
      if (!found.ok) return;
      const latest = lastOfEach(found.data.rows);
      setRows(latest);
      const described = await Promise.all(latest.slice(0, DESCRIBED).map((row) => call("get", "/api/v1/events/{id}", { path: { id: row.event_id } })));
      setEvents(new Map(described.flatMap((one) => (one.ok ? [[one.data.id, one.data] as const] : []))));
    };
    void read();
  }, [queue?.to_review, notifications?.unseen, sync?.rows, language.value]);
  const refused = rows.filter(isRefused);
  const open = rows.filter((row) => !isRefused(row));
  return (
    <>
      {problem && <Banner tone="danger">{problemText(problem)}</Banner>}
      {open.length > 0 && (
        <section class="stack" id="attention">
          <h2>
            {t("attention-title")} <Badge tone="danger">{count(open.length)}</Badge>
          </h2>
          <List rows={open} events={events} />
        </section>
      )}
      {refused.length > 0 && (
        <section class="stack" id="refused">
          <h2>
            {t("refused-title")} <Badge tone="danger">{count(refused.length)}</Badge>
          </h2>
          <p class="soft">{t("refused-detail")}</p>
          <List rows={refused} events={events} />
        </section>
      )}
    </>
  );
}

/** What somebody else did before is refused for good, too: there are no two versions to choose from. */
function isDoneAlready(row: Notification): boolean {
  return row.kind === "CONFLICT" && (row.code === "ALREADY_CANCELLED" || row.code === "ENTITY_EXISTS");
}

function isRefused(row: Notification): boolean {
  return row.kind === "REJECTED" || isDoneAlready(row);
}

/** The last notification about each event: an earlier one says what was so before. */
function lastOfEach(rows: readonly Notification[]): Notification[] {
  return [...new Map(rows.map((row) => [row.event_id, row])).values()];
}

function List({ rows, events }: { rows: Notification[]; events: Map<string, Event> }) {
  return (
    <ul class="rows">
      {rows.map((row) => (
        <Item key={row.id} row={row} event={events.get(row.event_id)} />
      ))}
    </ul>
  );
}

function Item({ row, event }: { row: Notification; event: Event | undefined }) {
  const [seen, setSeen] = useState(row.seen_at !== undefined && row.seen_at !== null);
  const see = async (): Promise<void> => {
    const answer = await call("post", "/api/v1/notifications/{id}/seen", { path: { id: row.id } });
    if (answer.ok) setSeen(true);
  };
  return (
    <li class="attention">
      <span class="row-main">
        <b>{event ? `${eventName(event)} ${eventDetail(event)}` : row.title}</b>
        {event && <span class="soft small">{[moment(event.occurred_at), nameOf(event.user)].filter(Boolean).join(" · ")}</span>}
        <span>{row.detail}</span>
        <span>
          <b>{t("attention-next")}</b> {nextStep(row)} {row.code && <code>{row.code}</code>}
        </span>
      </span>
      {!seen && <Button onClick={() => void see()}>{t("notifications-seen")}</Button>}
    </li>
  );
}

function nextStep(row: Notification): string {
  if (isDoneAlready(row)) return t("next-done-already");
  switch (row.kind) {
    case "CONFLICT":
      return t("next-conflict");
    case "QUARANTINED":
      return t("next-quarantined");
    case "REJECTED":
      return row.code === "CENTRAL_ONLY" || row.code === "STOCK_READ_ONLY" ? t("next-central-only") : t("next-rejected");
    case "DECISION_CHANGED":
      return t("next-decision-changed");
    default:
      return t("next-other");
  }
}
