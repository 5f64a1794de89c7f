// What waits on the phone and why, and what central has answered otherwise than expected.
import { useState } from "preact/hooks";
import { Badge, Banner, Button, Empty } from "../design/components";
import { count, duration, moment, t } from "../lib/i18n";
import { write } from "./database";
import { data } from "./driver-state";
import type { Queued, Settled } from "./outbox";
import { changed, line, synchronise } from "./sync";

export function WaitingScreen() {
  const { queue, settled, files, stops } = data.value;
  const { busy, reached, lastSuccessAt, lastError } = line.value;
  const open = settled.filter((event) => event.outcome !== "confirmed");
  const name = (id: string): string => {
    const stop = stops.find((one) => one.id === id);
    return stop ? [stop.reference, stop.client].filter(Boolean).join(" · ") : id;
  };
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("queue-title")}</h1>
        <Button icon="up" busy={busy} onClick={() => void synchronise()}>
          {t("driver-send-now")}
        </Button>
      </div>
      <Banner tone={reached === false ? "warn" : "info"} icon={reached === false ? "offline" : "check"}>
        {reached === false ? t("driver-line-lost") : t("driver-line")} {lastSuccessAt === undefined ? t("fact-central-never") : t("fact-central-ago", { age: duration((Date.now() - lastSuccessAt) / 1_000) })} {lastError && <code>{lastError}</code>}
      </Banner>
      {open.length > 0 && (
        <section class="stack">
          <h2>{t("notifications-title")}</h2>
          <ul class="rows">
            {open.map((event) => (
              <Answered key={event.id} event={event} name={name(event.entity_id)} />
            ))}
          </ul>
        </section>
      )}
      <section class="stack">
        <h2>
          {t("queue-waiting")} <Badge tone="quiet">{count(queue.length)}</Badge>
        </h2>
        {queue.length === 0 ? (
          <Empty icon="check" title={t("queue-empty")}>
            {t("driver-queue-empty-next")}
          </Empty>
        ) : (
          <>
            <ul class="rows">
              {queue.map((event) => (
                <li key={event.id}>
                  <span class="row-main">
                    <b>{name(event.entity_id)}</b>
                    <span class="soft small">
                      {t("action-delivery")} · {moment(event.occurred_at)}
                    </span>
                    {event.last_error && (
                      <span class="small">
                        {t("driver-attempts", { number: count(event.attempts) })} <code>{event.last_error}</code>
                      </span>
                    )}
                  </span>
                </li>
              ))}
            </ul>
            <Button icon="down" onClick={() => exportQueue(queue)}>
              {t("driver-export")}
            </Button>
          </>
        )}
        {files > 0 && <p class="soft">{t("driver-files", { number: count(files) })}</p>}
      </section>
    </main>
  );
}

function Answered({ event, name }: { event: Settled; name: string }) {
  const [busy, setBusy] = useState(false);
  const see = async (): Promise<void> => {
    setBusy(true);
    await write("settled", event.id, { ...event, seen: true } satisfies Settled);
    changed();
  };
  return (
    <li>
      <span class="row-main">
        <b>{name}</b>
        <span>{answerText(event)}</span>
        <span class="soft small">
          {moment(event.occurred_at)} {event.code && <code>{event.code}</code>}
        </span>
      </span>
      {!event.seen && (
        <Button busy={busy} onClick={() => void see()}>
          {t("notifications-seen")}
        </Button>
      )}
    </li>
  );
}

function answerText(event: Settled): string {
  if (event.outcome === "outdone") {
    const { by, at, place } = event.first ?? {};
    const who = by ?? t("verdict-somebody");
    if (at && place) return t("verdict-by-at-place", { by: who, at: moment(at), place: place.replace(",", ", ") });
    return at ? t("verdict-by-at", { by: who, at: moment(at) }) : t("verdict-by", { by: who });
  }
  if (event.outcome === "review") return t("verdict-review-next");
  return t("driver-refused", { reason: event.message ?? event.code ?? "" });
}

/** The queue as a file: a lifebelt where no network comes back. */
function exportQueue(queue: Queued[]): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(queue, null, 2)], { type: "application/json" }));
  link.download = `comptoir-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
