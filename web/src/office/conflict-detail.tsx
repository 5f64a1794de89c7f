import { useState } from "preact/hooks";
import { Badge, Banner, Button, Icon } from "../design/components";
import { Failure } from "../design/failure";
import type { Problem } from "../lib/client";
import { moment, t } from "../lib/i18n";
import { useKeys } from "../lib/keys";
import { uuid7 } from "../lib/ids";
import { call, type Schemas } from "./api";
import { reason, titleOf, type Conflict } from "./conflicts-screen";
import { useLoaded } from "./loaded";
import { showValue, type Json } from "./values";

type Side = "server" | "local";
type Preview = Schemas["ConflictPreview"];

/** What is sent: a whole side where every field takes it, else the fields that differ from the server's. */
export function choiceOf(conflict: Conflict, picks: Record<string, Side>): { choice: "server" | "local" | "merged"; fields?: Record<string, Json> } {
  const sides = new Set(conflict.differences.map((difference) => picks[difference.field] ?? "server"));
  if (sides.size === 0) return { choice: "server" };
  if (sides.size === 1) return { choice: [...sides][0]! };
  const fields: Record<string, Json> = {};
  for (const { field, local } of conflict.differences) {
    if (picks[field] === "local") fields[field] = (local ?? null) as Json;
  }
  return { choice: "merged", fields };
}

export function ConflictDetail({ id, onDecided, onGone }: { id: string; onDecided: () => void; onGone: () => void }) {
  const [etag, setEtag] = useState<string>();
  const { data, problem, again } = useLoaded(async () => {
    const answer = await call("get", "/api/v1/conflicts/{event_id}", { path: { event_id: id } });
    if (answer.ok) setEtag(answer.etag ?? answer.data.etag);
    return answer;
  }, [id]);
  const [picks, setPicks] = useState<Record<string, Side>>({});
  const [preview, setPreview] = useState<Preview>();
  const [failed, setFailed] = useState<Problem>();
  const [changed, setChanged] = useState(false);
  const [busy, setBusy] = useState(false);
  // One id for one decision: a lost answer and a second try are the same event.
  const [decision] = useState(() => uuid7());

  const fields = data?.differences.map((difference) => difference.field) ?? [];
  const isComplete = fields.every((field) => picks[field]);
  const pick = (side: Side, field?: string): void => {
    setPreview(undefined);
    setPicks(field ? { ...picks, [field]: side } : Object.fromEntries(fields.map((name) => [name, side])));
  };
  const ask = async (confirmed: boolean): Promise<void> => {
    if (!data || !etag || busy) return;
    setBusy(true);
    setFailed(undefined);
    const options = { path: { event_id: id }, headers: { "if-match": etag } };
    const { choice, fields: merged } = choiceOf(data, picks);
    const body = merged ? { choice, fields: merged } : { choice };
    const refused = (problem: Problem): void => {
      // Somebody else was quicker, or the school changed it again: nothing is decided on what is no longer there.
      if (problem.code === "PRECONDITION_FAILED") {
        setChanged(true);
        setPicks({});
        setPreview(undefined);
        again();
      } else if (problem.code === "ALREADY_RESOLVED") {
        setChanged(true);
        again();
        onGone();
      } else setFailed(problem);
    };
    if (confirmed) {
      const answer = await call("post", "/api/v1/conflicts/{event_id}/resolve", { ...options, body: { ...body, id: decision } as never });
      if (answer.ok) onDecided();
      else refused(answer.problem);
    } else {
      const answer = await call("post", "/api/v1/conflicts/{event_id}/preview", { ...options, body: body as never });
      if (answer.ok) setPreview(answer.data);
      else refused(answer.problem);
    }
    setBusy(false);
  };
  useKeys((event) => {
    if ((event.target as Element).closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (data?.state !== "open") return;
    const ofField = /^[1-9]$/.test(key) ? fields[Number(key) - 1] : undefined;
    if (key === "a") pick("server");
    else if (key === "b") pick("local");
    else if (ofField) pick(picks[ofField] === "local" ? "server" : "local", ofField);
    else if (key === "enter" && !ownEnter(event.target as Element) && isComplete) void ask(preview !== undefined);
    else if (key === "escape" && preview) setPreview(undefined);
    else return;
    event.preventDefault();
  });
  if (problem && !data) {
    return (
      <section class="inbox-detail">
        <Failure problem={problem} />
      </section>
    );
  }
  if (!data) return <section class="inbox-detail" aria-busy="true" />;
  const edit = data.edits[0];
  return (
    <section class="inbox-detail stack" aria-label={titleOf(data)}>
      <a class="back-link" href="#/conflicts">
        <Icon name="back" /> {t("office-back-to-list")}
      </a>
      <div>
        <h2>{titleOf(data)}</h2>
        <p class="soft">
          {data.entity_type} {data.entity_id} · {reason(data.code)}
        </p>
      </div>
      {changed && (
        <Banner tone="warn" role="alert">
          {t("office-changed-meanwhile")}
        </Banner>
      )}
      {data.state === "resolved" ? (
        <Banner tone="good" role="status">
          {t("office-resolved", { user: data.resolution?.user ?? "–", at: moment(data.resolution?.decided_at ?? Date.now()) })}
        </Banner>
      ) : (
        <p>{t("office-question", { user: edit?.user ?? t("office-somebody"), at: moment(edit?.occurred_at ?? Date.now()) })}</p>
      )}
      <Differences conflict={data} picks={picks} onPick={pick} isOpen={data.state === "open"} />
      <Failure problem={failed} />
      {preview && <Effect preview={preview} />}
      {data.state === "open" && (
        <div class="actions">
          {!preview && (
            <>
              <Button shortcut="A" onClick={() => pick("server")}>
                {t("office-keep-server")}
              </Button>
              <Button shortcut="B" onClick={() => pick("local")}>
                {t("office-keep-local")}
              </Button>
              <Button kind="primary" shortcut="Enter" disabled={!isComplete} busy={busy} onClick={() => void ask(false)}>
                {t("office-see-effect")}
              </Button>
            </>
          )}
          {preview && (
            <>
              <Button onClick={() => setPreview(undefined)}>{t("cancel")}</Button>
              <Button kind="primary" shortcut="Enter" busy={busy} onClick={() => void ask(true)}>
                {t("office-confirm")}
              </Button>
            </>
          )}
        </div>
      )}
      <Unchanged conflict={data} />
      <p class="soft small">{t("office-nothing-lost")}</p>
    </section>
  );
}

/** Whether Enter does something else there. The row of the list that is open has no use for it. */
function ownEnter(target: Element): boolean {
  return target.closest("button, a, summary") !== null && target.closest(".inbox-row[aria-current]") === null;
}

function Differences({ conflict, picks, onPick, isOpen }: { conflict: Conflict; picks: Record<string, Side>; onPick: (side: Side, field: string) => void; isOpen: boolean }) {
  const value = (side: Side, field: string, given: unknown) => (
    <label class="side">
      {isOpen && <input type="radio" name={`field-${field}`} checked={picks[field] === side} onChange={() => onPick(side, field)} />}
      <span class={given === undefined ? "soft" : ""}>{showValue(given as Json | undefined)}</span>
    </label>
  );
  return (
    <table class="table differences">
      <thead>
        <tr>
          <th scope="col">{t("office-field")}</th>
          <th scope="col" class="wide-only">
            {t("office-before")}
          </th>
          <th scope="col">
            {t("office-server")} <kbd aria-hidden="true">A</kbd>
          </th>
          <th scope="col">
            {t("office-local")} <kbd aria-hidden="true">B</kbd>
          </th>
        </tr>
      </thead>
      <tbody>
        {conflict.differences.map(({ field, base, server, local }, index) => (
          <tr key={field}>
            <th scope="row">
              {index < 9 && isOpen && <kbd aria-hidden="true">{index + 1}</kbd>} {field}
            </th>
            <td class="soft wide-only">{showValue(base as Json | undefined)}</td>
            <td>{value("server", field, server)}</td>
            <td>{value("local", field, local)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Effect({ preview }: { preview: Preview }) {
  const changes = Object.entries(preview.changes);
  return (
    <Banner tone="info" role="status">
      <b>{t("office-effect")}</b>
      {!preview.exists && <p>{t("office-effect-deleted")}</p>}
      {changes.length === 0 && preview.exists && <p>{t("office-effect-none")}</p>}
      {changes.length > 0 && (
        <ul class="plain-list">
          {changes.map(([field, value]) => (
            <li key={field}>
              {field} → <b>{showValue(value as Json)}</b>
            </li>
          ))}
        </ul>
      )}
    </Banner>
  );
}

function Unchanged({ conflict }: { conflict: Conflict }) {
  const different = new Set(conflict.differences.map((difference) => difference.field));
  const same = Object.entries(conflict.server.fields).filter(([field]) => !different.has(field));
  if (same.length === 0) return null;
  return (
    <details>
      <summary>
        {t("office-unchanged")} <Badge tone="quiet">{same.length}</Badge>
      </summary>
      <dl class="facts">
        {same.map(([field, value]) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd>{showValue(value as Json)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
