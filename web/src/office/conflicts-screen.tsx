// The inbox of conflicts. Choosing and confirming are two steps; the effect is shown in between, and nothing is ever erased.
import { useEffect, useRef, useState } from "preact/hooks";
import { Badge, Button, Empty } from "../design/components";
import { Failure } from "../design/failure";
import { count, moment, t } from "../lib/i18n";
import { useKeys } from "../lib/keys";
import { call, type Schemas } from "./api";
import { ConflictDetail } from "./conflict-detail";
import { countWaiting } from "./counts";
import { useLoaded } from "./loaded";
import { MainArea } from "./main-area";

export type Conflict = Schemas["Conflict"];
const PAGE = 200;
const EVERY = 20_000;

export function ConflictsScreen({ id }: { id: string | undefined }) {
  const [type, setType] = useState("");
  const { data, problem, loading, again } = useLoaded(() => call("get", "/api/v1/conflicts", { query: { limit: PAGE } }), [], EVERY);
  const all = data?.conflicts ?? [];
  const types = [...new Set(all.map((conflict) => conflict.entity_type))].sort();
  const rows = type ? all.filter((conflict) => conflict.entity_type === type) : all;
  const at = rows.findIndex((conflict) => conflict.event_id === id);
  const open = (index: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (next) location.hash = `#/conflicts/${next.event_id}`;
  };
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }), [id]);
  useKeys((event) => {
    if ((event.target as Element).closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") open(at + 1);
    else if (event.key === "k") open(at < 0 ? 0 : at - 1);
    else return;
    event.preventDefault();
  });
  const decided = (): void => {
    const next = rows[at + 1] ?? rows[at - 1];
    again();
    void countWaiting();
    location.hash = next ? `#/conflicts/${next.event_id}` : "#/conflicts";
  };
  return (
    <MainArea inbox open={id !== undefined}>
      <section class="inbox-list stack" aria-label={t("office-conflicts")}>
        <div class="screen-head">
          <h1>
            {t("office-conflicts")} <Badge tone="quiet">{data ? `${count(all.length)}${data.more ? "+" : ""}` : "…"}</Badge>
          </h1>
          {types.length > 1 && (
            <label class="field">
              <span class="sr-only">{t("office-type")}</span>
              <select class="input" value={type} onChange={(event) => setType(event.currentTarget.value)}>
                <option value="">{t("office-all-types")}</option>
                {types.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
        </div>
        <Failure problem={problem} />
        {data && rows.length === 0 && (
          <Empty icon="check" title={t("office-conflicts-none")}>
            {t("office-conflicts-none-next")}
          </Empty>
        )}
        {!data && loading && (
          <p class="opening" role="status">
            <span class="spinner" aria-hidden="true" /> {t("opening")}
          </p>
        )}
        <ul class="inbox-rows" ref={list}>
          {rows.map((conflict) => (
            <li key={conflict.event_id}>
              <a class="inbox-row" href={`#/conflicts/${conflict.event_id}`} aria-current={conflict.event_id === id ? "true" : undefined}>
                <b>{titleOf(conflict)}</b>
                <span class="soft small">
                  {conflict.entity_type} · {reason(conflict.code)} · {moment(conflict.edits[0]?.received_at ?? Date.now())}
                </span>
                <span class="small">{conflict.differences.map((difference) => difference.field).join(", ")}</span>
              </a>
            </li>
          ))}
        </ul>
        {rows.length > 0 && <p class="soft small keys-hint">{t("office-keys")}</p>}
      </section>
      {id && <ConflictDetail key={id} id={id} onDecided={decided} onGone={again} />}
      {!id && rows.length > 0 && (
        <section class="inbox-detail inbox-nothing">
          <Empty icon="alert" title={t("office-choose-conflict")}>
            {t("office-choose-conflict-next")}
          </Empty>
          <Button kind="primary" onClick={() => open(0)}>
            {t("office-first-conflict")}
          </Button>
        </section>
      )}
    </MainArea>
  );
}

/** The name that people know the entity by, if it has one. */
export function titleOf(conflict: Conflict): string {
  for (const side of [conflict.server, conflict.local, conflict.base]) {
    const name = side.fields["name"] ?? side.fields["title"] ?? side.fields["label"];
    if (typeof name === "string" && name) return name;
  }
  return conflict.entity_id;
}

export function reason(code: Conflict["code"]): string {
  switch (code) {
    case "ENTITY_EXISTS":
      return t("office-conflict-exists");
    case "ENTITY_DELETED":
      return t("office-conflict-deleted");
    case "UNKNOWN_ENTITY":
      return t("office-conflict-unknown");
    default:
      return t("office-conflict-version");
  }
}
