// The stops of today in the order of the tour, those of later days, and what is done.
import { useState } from "preact/hooks";
import { Badge, Button, Choice, Empty, Icon, type IconName, type Tone } from "../design/components";
import { clock, count, t } from "../lib/i18n";
import { round, type Me, type Stop } from "./stop";

interface StopsListProps {
  stops: Stop[];
  me: Me;
  /** What precedes the id of a stop in its address. */
  at: string;
  nameOf: (user: string) => string;
  onScan: () => void;
}

export function StopsList({ stops, me, at, nameOf, onScan }: StopsListProps) {
  const isAnybodys = me.user === undefined || !stops.some((stop) => stop.assignedTo === me.user);
  const [whose, setWhose] = useState<"mine" | "all">(isAnybodys ? "all" : "mine");
  const isMine = (stop: Stop): boolean => !stop.assignedTo || stop.assignedTo === me.user;
  const { todo, later, done } = round(whose === "mine" ? stops.filter(isMine) : stops, new Date());
  const link = (stop: Stop, rank?: number) => <StopLink key={stop.id} stop={stop} at={at} rank={rank} driver={stop.assignedTo && !isMine(stop) ? nameOf(stop.assignedTo) : undefined} />;
  return (
    <>
      <div class="screen-head">
        <h1>{t("deliveries-title")}</h1>
        <Button kind="primary" icon="scan" class="scan-button" onClick={onScan}>
          {t("deliveries-scan")}
        </Button>
      </div>
      {!isAnybodys && (
        <Choice
          label={t("deliveries-whose")}
          value={whose}
          options={[
            { value: "mine", label: t("deliveries-mine") },
            { value: "all", label: t("deliveries-all") },
          ]}
          onChoose={setWhose}
        />
      )}
      <section class="stack">
        <h2>
          {t("deliveries-todo")} <Badge tone="quiet">{count(todo.length)}</Badge>
        </h2>
        {todo.length === 0 && (
          <Empty icon={done.length > 0 ? "check" : "truck"} title={done.length > 0 ? t("deliveries-all-done") : t("deliveries-none")}>
            {done.length > 0 ? t("deliveries-all-done-next") : t("deliveries-none-next")}
          </Empty>
        )}
        <ul class="stops">{todo.map((stop, rank) => link(stop, rank + 1))}</ul>
      </section>
      {later.length > 0 && (
        <details class="stack">
          <summary>
            {t("deliveries-later")} <Badge tone="quiet">{count(later.length)}</Badge>
          </summary>
          <ul class="stops">{later.map((stop) => link(stop))}</ul>
        </details>
      )}
      {done.length > 0 && (
        <section class="stack">
          <h2>
            {t("deliveries-done")} <Badge tone="quiet">{count(done.length)}</Badge>
          </h2>
          <ul class="stops">{done.map((stop) => link(stop))}</ul>
        </section>
      )}
    </>
  );
}

function StopLink({ stop, at, rank, driver }: { stop: Stop; at: string; rank: number | undefined; driver: string | undefined }) {
  const standing = standingOfStop(stop);
  return (
    <li>
      <a class="stop" href={`${at}${encodeURIComponent(stop.id)}`}>
        {rank !== undefined && <span class="stop-rank number">{rank}</span>}
        <span class="stop-main">
          <b>{stop.client || stop.reference}</b>
          {stop.address && <span>{stop.address}</span>}
          <span class="soft small">
            {stop.reference}
            {driver && ` · ${driver}`}
            {stop.date && rank === undefined && !standing && ` · ${stop.date}`}
            {standing && stop.validation?.at && ` · ${clock(stop.validation.at)}`}
          </span>
          {standing && (
            <Badge tone={standing.tone} icon={standing.icon}>
              {standing.text}
            </Badge>
          )}
        </span>
        <Icon name="next" />
      </a>
    </li>
  );
}

/** The state of a stop in one word; undefined while it waits for its driver. */
export function standingOfStop(stop: Stop): { tone: Tone; icon: IconName; text: string } | undefined {
  if (stop.own === "outdone") return { tone: "danger", icon: "alert", text: t("stop-outdone") };
  if (stop.own === "review") return { tone: "warn", icon: "alert", text: t("stop-review") };
  if (stop.own === "waiting") return { tone: "info", icon: "clock", text: t("stop-waiting") };
  if (stop.validation) return { tone: "good", icon: "check", text: t("stop-validated") };
  if (stop.cancelled) return { tone: "quiet", icon: "close", text: t("stop-cancelled") };
  return undefined;
}
