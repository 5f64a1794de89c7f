// Events that central holds back. A release lets one take effect, at the position of the release.
import { useState } from "preact/hooks";
import { Badge, Banner, Button, Empty } from "../design/components";
import { ReasonDialog } from "../design/reason-dialog";
import { Failure } from "../design/failure";
import type { Problem } from "../lib/client";
import { count, moment, t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
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
      <Failure problem={problem} />
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
  const [id] = useState(() => uuid7());
  const release = async (reason: string): Promise<Problem | undefined> => {
    const answer = await call("post", "/api/v1/quarantine/{event_id}/release", { path: { event_id: event.id }, body: { id, reason } as never });
    if (!answer.ok) return answer.problem;
    onReleased(answer.data.decision.verdict, answer.data.decision.detail);
    return undefined;
  };
  return (
    <ReasonDialog
      title={t("office-release-title", { entity: event.entity_id })}
      effect={t("office-release-effect")}
      reasonLabel={t("office-release-reason")}
      confirm={t("office-release")}
      kind="primary"
      send={release}
      onClose={onClose}
    />
  );
}
