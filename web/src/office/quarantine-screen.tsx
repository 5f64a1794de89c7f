// Events that central holds back. A release lets one take effect, at the position of the release.
import { useState } from "preact/hooks";
import { Actions, Badge, Banner, Button, Dialog, Empty, Field } from "../design/components";
import type { Problem } from "../lib/client";
import { count, moment, t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { problemText } from "../lib/problem-text";
import { call, type Schemas } from "./api";
import { countWaiting } from "./counts";
import { useLoaded } from "./loaded";
import { MainArea } from "./main-area";
import { siteName } from "./session";

type Event = Schemas["Event"];
const PAGE = 200;

export function QuarantineScreen() {
  const { data, problem, loading, again } = useLoaded(() => call("get", "/api/v1/quarantine", { query: { limit: PAGE } }), []);
  const [releasing, setReleasing] = useState<Event>();
  const [released, setReleased] = useState<{ event: Event; verdict: string; detail: string | undefined }>();
  const events = data?.events ?? [];
  return (
    <MainArea>
      <h1>
        {t("office-quarantine")} <Badge tone="quiet">{data ? `${count(events.length)}${data.more ? "+" : ""}` : "…"}</Badge>
      </h1>
      <p class="soft">{t("office-quarantine-what")}</p>
      {problem && (
        <Banner tone="danger" role="alert">
          {problemText(problem)} <code>{problem.code}</code>
        </Banner>
      )}
      {released && (
        <Banner tone={released.verdict === "ACCEPTED" ? "good" : "warn"} role="status">
          {released.verdict === "ACCEPTED" ? t("office-released", { entity: released.event.entity_id }) : t("office-release-refused", { entity: released.event.entity_id })} {released.detail}
        </Banner>
      )}
      {data && events.length === 0 && (
        <Empty icon="check" title={t("office-quarantine-none")}>
          {t("office-quarantine-none-next")}
        </Empty>
      )}
      {!data && loading && (
        <p class="opening" role="status">
          <span class="spinner" aria-hidden="true" /> {t("opening")}
        </p>
      )}
      <ul class="quarantine">
        {events.map((event) => (
          <li key={event.id} class="card stack">
            <div class="screen-head">
              <div>
                <b>
                  {event.action} · {event.entity_type} {event.entity_id}
                </b>
                <div class="soft small">
                  {siteName(event.site)} · {event.user ?? t("office-somebody")} · {moment(event.occurred_at)}
                </div>
              </div>
              <Button onClick={() => setReleasing(event)}>{t("office-release")}</Button>
            </div>
            <p>
              <Badge tone="warn" icon="pause">
                {event.decision?.code ?? "QUARANTINED"}
              </Badge>{" "}
              {event.decision?.detail}
            </p>
            <details>
              <summary>{t("office-payload")}</summary>
              <pre class="payload">{JSON.stringify(event.payload, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ul>
      {releasing && (
        <Release
          event={releasing}
          onClose={() => setReleasing(undefined)}
          onReleased={(verdict, detail) => {
            setReleased({ event: releasing, verdict, detail });
            setReleasing(undefined);
            again();
            void countWaiting();
          }}
        />
      )}
    </MainArea>
  );
}

function Release({ event, onClose, onReleased }: { event: Event; onClose: () => void; onReleased: (verdict: string, detail: string | undefined) => void }) {
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [id] = useState(() => uuid7());
  const release = async (): Promise<void> => {
    if (busy || !reason.trim()) return;
    setBusy(true);
    const body = { id, reason: reason.trim() };
    const answer = await call("post", "/api/v1/quarantine/{event_id}/release", { path: { event_id: event.id }, body: body as never });
    setBusy(false);
    if (answer.ok) onReleased(answer.data.decision.verdict, answer.data.decision.detail);
    else setProblem(answer.problem);
  };
  return (
    <Dialog title={t("office-release-title", { entity: event.entity_id })} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          void release();
        }}
      >
        <p>{t("office-release-effect")}</p>
        <Field label={t("office-release-reason")} value={reason} onValue={setReason} maxLength={500} required autofocus />
        {problem && (
          <Banner tone="danger" role="alert">
            {problemText(problem)} <code>{problem.code}</code>
          </Banner>
        )}
        <Actions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" kind="primary" busy={busy} disabled={!reason.trim()}>
            {t("office-release")}
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}
