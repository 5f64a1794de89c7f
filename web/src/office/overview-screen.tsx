// One page for the morning: what was sold, what waits for a person, and how each node is.
import { useEffect } from "preact/hooks";
import { Badge, Banner, Empty, Icon, type IconName, type Tone } from "../design/components";
import { count, duration, moment, money, t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { call, type Schemas } from "./api";
import { countWaiting, waiting, type Count } from "./counts";
import { addDays, today } from "./days";
import { useLoaded } from "./loaded";
import { MainArea } from "./main-area";
import { may, session, siteName } from "./session";

const EVERY = 15_000;

export function OverviewScreen() {
  return (
    <MainArea>
      <h1>{t("office-overview")}</h1>
      <Waiting />
      {may("report") && <Sales />}
      {may("report") && <StockAlerts />}
      {may("administer") && <Nodes />}
    </MainArea>
  );
}

function Waiting() {
  useEffect(() => {
    void countWaiting();
    const timer = setInterval(() => void countWaiting(), EVERY);
    return () => clearInterval(timer);
  }, []);
  const { conflicts, quarantine } = waiting.value;
  if (!may("decide_conflict", "release_quarantine")) return null;
  return (
    <section class="count-tiles" aria-label={t("office-waiting")}>
      {may("decide_conflict") && <Tile to="conflicts" icon="alert" label={t("office-conflicts")} of={conflicts} empty={t("office-conflicts-none")} />}
      {may("release_quarantine") && <Tile to="quarantine" icon="pause" label={t("office-quarantine")} of={quarantine} empty={t("office-quarantine-none")} />}
    </section>
  );
}

function Tile({ to, icon, label, of, empty }: { to: string; icon: IconName; label: string; of: Count | undefined; empty: string }) {
  return (
    <a class="count-tile card" href={`#/${to}`}>
      <span class="count-label">
        <Icon name={of && of.number > 0 ? icon : "check"} /> {label}
      </span>
      <b class="count-figure number">{of === undefined ? "…" : `${count(of.number)}${of.more ? "+" : ""}`}</b>
      <span class="soft small">{of?.number === 0 ? empty : t("office-open-list")}</span>
    </a>
  );
}

function Sales() {
  const zone = session.value.state === "in" ? session.value.me.company.zone : "UTC";
  const day = today(zone);
  const monday = addDays(day, -((new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7));
  const read = (from: string) => call("get", "/api/v1/reports/sales", { query: { by: "site", from, to: day } });
  const ofDay = useLoaded(() => read(day), [day], EVERY);
  const ofWeek = useLoaded(() => read(monday), [monday, day], EVERY);
  const sites = session.value.state === "in" ? session.value.me.sites : [];
  const late = new Set(ofWeek.data?.stale_sites ?? []);
  const figure = (report: Schemas["SalesReport"] | undefined, site: string): string => {
    const rows = report?.rows.filter((row) => row.key === site) ?? [];
    if (!report) return "…";
    return rows.length === 0 ? "–" : rows.map((row) => money(row.amount_minor, row.currency)).join(" + ");
  };
  return (
    <section class="stack">
      <div class="screen-head">
        <h2>{t("office-sales")}</h2>
        {ofWeek.data && <span class="soft small">{t("office-complete", { position: count(ofWeek.data.complete_through) })}</span>}
      </div>
      {ofWeek.problem && <Banner tone="danger">{problemText(ofWeek.problem)}</Banner>}
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{t("office-site")}</th>
            <th scope="col" class="number">
              {t("office-today")}
            </th>
            <th scope="col" class="number">
              {t("office-this-week")}
            </th>
          </tr>
        </thead>
        <tbody>
          {sites.map((site) => (
            <tr key={site.id}>
              <th scope="row">
                <a href={`#/reports/${encodeURIComponent(`by=day&from=${monday}&to=${day}&site=${site.id}`)}`}>{site.name}</a>{" "}
                {late.has(site.id) && (
                  <Badge tone="warn" icon="clock">
                    {t("office-late")}
                  </Badge>
                )}
              </th>
              <td class="number">{figure(ofDay.data, site.id)}</td>
              <td class="number">{figure(ofWeek.data, site.id)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const ALERTS_SHOWN = 8;

function StockAlerts() {
  const read = () => call("get", "/api/v1/reports/stock", { query: { limit: 10_000 } });
  const { data, problem } = useLoaded(read, []);
  if (problem?.status === 403) return null;
  const below = data?.rows.filter((row) => row.backordered !== "0") ?? [];
  return (
    <section class="stack">
      <h2>{t("office-stock-alerts")}</h2>
      {problem && <Banner tone="danger">{problemText(problem)}</Banner>}
      {data && below.length === 0 && (
        <Empty icon="check" title={t("office-stock-fine")}>
          {data.next_cursor ? t("office-stock-partly", { number: count(data.rows.length) }) : t("office-stock-fine-next")}
        </Empty>
      )}
      {below.length > 0 && (
        <ul class="plain-list">
          {below.slice(0, ALERTS_SHOWN).map((row) => (
            <li key={`${row.site}/${row.product}`}>
              <b>{row.product}</b> <span class="soft">{siteName(row.site)}</span> <Badge tone="warn">{t("office-backordered", { quantity: row.backordered })}</Badge>
            </li>
          ))}
          {below.length > ALERTS_SHOWN && <li class="soft">{t("office-more", { number: count(below.length - ALERTS_SHOWN) })}</li>}
        </ul>
      )}
    </section>
  );
}

type Node = Schemas["NodeState"];
/** A node that sells or pulls is heard from within this time. */
const SILENT_AFTER = 5 * 60_000;

/** The worst that central knows of a node, in a word. */
function standing(node: Node, now: number): { tone: Tone; icon: IconName; text: string } {
  if (node.revoked_at) return { tone: "quiet", icon: "lock", text: t("office-node-revoked") };
  if (node.frozen) return { tone: "danger", icon: "alert", text: t("office-node-fork") };
  const heard = lastContact(node);
  if (heard === undefined) return { tone: "quiet", icon: "clock", text: t("office-node-new") };
  if (now - heard > SILENT_AFTER) return { tone: "warn", icon: "offline", text: t("office-node-silent", { age: duration((now - heard) / 1_000) }) };
  if (node.clock_drift) return { tone: "warn", icon: "clock", text: t("office-node-clock") };
  return { tone: "good", icon: "check", text: t("office-node-fine") };
}

function lastContact(node: Node): number | undefined {
  const times = [node.last_push_at, node.last_pull_at].flatMap((at) => (at ? [Date.parse(at)] : []));
  return times.length > 0 ? Math.max(...times) : undefined;
}

function Nodes() {
  const { data, problem } = useLoaded(() => call("get", "/api/v1/nodes"), [], EVERY);
  // Central's own node has no site.
  const nodes = data?.nodes.filter((node) => node.site) ?? [];
  const now = Date.now();
  return (
    <section class="stack">
      <h2>{t("office-nodes")}</h2>
      {problem && <Banner tone="danger">{problemText(problem)}</Banner>}
      {data && nodes.length === 0 && <Empty icon="unplug" title={t("office-nodes-none")} />}
      {nodes.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("office-node")}</th>
              <th scope="col">{t("office-state")}</th>
              <th scope="col" class="wide-only">
                {t("office-last-push")}
              </th>
              <th scope="col" class="number wide-only">
                {t("office-clock-offset")}
              </th>
              <th scope="col" class="number wide-only">
                {t("office-behind")}
              </th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => {
              const { tone, icon, text } = standing(node, now);
              return (
                <tr key={node.id}>
                  <th scope="row">
                    {node.name} <span class="soft">{siteName(node.site)}</span>
                  </th>
                  <td>
                    <Badge tone={tone} icon={icon}>
                      {text}
                    </Badge>
                  </td>
                  <td class="wide-only">{node.last_push_at ? moment(node.last_push_at) : "–"}</td>
                  <td class="number wide-only">{node.clock_offset_ms == null ? "–" : t("office-ms", { number: count(node.clock_offset_ms) })}</td>
                  <td class="number wide-only">{node.pulled_to == null ? "–" : count(Math.max(0, data!.head - node.pulled_to))}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}
