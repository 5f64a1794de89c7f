import { useEffect, useState } from "preact/hooks";
import { Badge, Banner, Button } from "../design/components";
import { call, type Problem, type Schemas } from "../lib/client";
import { count, language, moment, t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { live } from "../lib/stream";

/** The node's messages for its people: unseen ones, and those that somebody has seen already. */
export function Notifications() {
  const [rows, setRows] = useState<Schemas["Notification"][]>([]);
  const [showsSeen, setShowsSeen] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const unseen = live.value.notifications?.unseen;
  const read = async (): Promise<void> => {
    const query = showsSeen ? { limit: 500 } : { unseen: true, limit: 100 };
    const answer = await call("get", "/api/v1/notifications", { query, headers: { "accept-language": language.value } });
    if (answer.ok) setRows([...answer.data.rows].reverse());
    setProblem(answer.ok ? undefined : answer.problem);
  };
  useEffect(() => void read(), [unseen, showsSeen, language.value]);
  const see = async (seen: readonly string[]): Promise<void> => {
    for (const id of seen) {
      const answer = await call("post", "/api/v1/notifications/{id}/seen", { path: { id } });
      if (!answer.ok) {
        setProblem(answer.problem);
        break;
      }
    }
    await read();
  };
  const open = rows.filter((row) => !row.seen_at);
  return (
    <section class="stack" id="notifications">
      <div class="screen-head">
        <h2>
          {t("notifications-title")} {open.length > 0 && <Badge tone="info">{count(unseen ?? open.length)}</Badge>}
        </h2>
        <div class="choice">
          <Button aria-pressed={showsSeen ? "true" : "false"} onClick={() => setShowsSeen(!showsSeen)}>
            {t("notifications-show-seen")}
          </Button>
          {open.length > 1 && <Button onClick={() => void see(open.map((row) => row.id))}>{t("notifications-all-seen")}</Button>}
        </div>
      </div>
      {problem && <Banner tone="danger">{problemText(problem)}</Banner>}
      {rows.length === 0 && <p class="soft">{t("notifications-none")}</p>}
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
            {row.seen_at ? (
              <span class="soft small">{t("notifications-seen-at", { at: moment(row.seen_at) })}</span>
            ) : (
              <Button onClick={() => void see([row.id])}>{t("notifications-seen")}</Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
