// Sales in the order of a question: by what, from when to when, where, and as known when. The question is in the address.
import { useState } from "preact/hooks";
import { Badge, Banner, Button, Empty, Field } from "../design/components";
import { Failure } from "../design/failure";
import { count, decimal, money, t } from "../lib/i18n";
import { call, download, type Schemas } from "./api";
import { addDays, isDay, today } from "./days";
import { useLoaded } from "./loaded";
import { MainArea } from "./main-area";
import { session, siteName } from "./session";

const GROUPS = ["day", "month", "site", "product", "country", "customer", "user", "entity"] as const;
type Group = (typeof GROUPS)[number];
const PAGE = 500;

interface Question {
  by: Group;
  from: string;
  to: string;
  site: string;
  /** A position or an instant: the figures as they were known then. */
  asOf: string;
}

export function questionOf(filters: string, day: string): Question {
  const given = new URLSearchParams(filters);
  const by = GROUPS.find((group) => group === given.get("by")) ?? "day";
  const dayOr = (name: string, otherwise: string): string => {
    const value = given.get(name) ?? otherwise;
    return value === "" || isDay(value) ? value : otherwise;
  };
  return { by, from: dayOr("from", addDays(day, -30)), to: dayOr("to", day), site: given.get("site") ?? "", asOf: given.get("as_of") ?? "" };
}

export function addressOfQuestion(question: Question): string {
  const given = new URLSearchParams({ by: question.by, from: question.from, to: question.to });
  if (question.site) given.set("site", question.site);
  if (question.asOf) given.set("as_of", question.asOf);
  return `#/reports/${encodeURIComponent(given.toString())}`;
}

export function ReportsScreen({ filters }: { filters: string }) {
  const company = session.value.state === "in" ? session.value.me.company : undefined;
  const question = questionOf(filters, today(company?.zone ?? "UTC"));
  const query = {
    by: question.by,
    from: question.from || undefined,
    to: question.to || undefined,
    site: question.site || undefined,
    as_of: question.asOf || undefined,
  };
  const { data, problem, loading } = useLoaded(() => call("get", "/api/v1/reports/sales", { query: { ...query, limit: PAGE } as never }), [filters]);
  return (
    <MainArea>
      <div class="screen-head">
        <h1>{t("office-report-sales")}</h1>
        <div class="inline no-print">
          <Export query={query} rows={data?.rows} name={`ventes-${question.by}-${question.from}-${question.to}`} />
          <Button icon="print" onClick={() => print()}>
            {t("office-print")}
          </Button>
        </div>
      </div>
      <Filters key={filters} question={question} />
      <Failure problem={problem} />
      {data && (
        <>
          <Completeness report={data} question={question} />
          {data.rows.length === 0 ? (
            <Empty icon="receipt" title={t("office-report-empty")}>
              {t("office-report-empty-next")}
            </Empty>
          ) : (
            <Rows rows={data.rows} question={question} />
          )}
          {data.next_cursor && <Banner tone="info">{t("office-report-cut", { number: count(PAGE) })}</Banner>}
        </>
      )}
      {!data && loading && (
        <p class="opening" role="status">
          <span class="spinner" aria-hidden="true" /> {t("opening")}
        </p>
      )}
    </MainArea>
  );
}

function Filters({ question }: { question: Question }) {
  const [edited, setEdited] = useState(question);
  const sites = session.value.state === "in" ? session.value.me.sites : [];
  const change = (part: Partial<Question>): void => setEdited({ ...edited, ...part });
  const ask = (): void => void (location.hash = addressOfQuestion(edited));
  return (
    <form
      class="filters card no-print"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <Select label={t("office-by")} value={edited.by} options={GROUPS.map((group) => [group, groupName(group)])} onValue={(by) => change({ by: by as Group })} />
      <Select label={t("office-site")} value={edited.site} options={[["", t("office-all-sites")], ...sites.map((site): [string, string] => [site.id, site.name])]} onValue={(site) => change({ site })} />
      <DayField label={t("office-from")} value={edited.from} onValue={(from) => change({ from })} />
      <DayField label={t("office-to")} value={edited.to} onValue={(to) => change({ to })} />
      <Field label={t("office-as-of")} value={edited.asOf} placeholder={t("office-as-of-now")} maxLength={40} onValue={(asOf) => change({ asOf: asOf.trim() })} />
      <Button type="submit" kind="primary">
        {t("office-show")}
      </Button>
    </form>
  );
}

function Select({ label, value, options, onValue }: { label: string; value: string; options: [string, string][]; onValue: (value: string) => void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select class="input" value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function DayField({ label, value, onValue }: { label: string; value: string; onValue: (value: string) => void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input class="input" type="date" value={value} onInput={(event) => onValue(event.currentTarget.value)} />
    </label>
  );
}

function groupName(group: Group): string {
  switch (group) {
    case "day":
      return t("office-by-day");
    case "month":
      return t("office-by-month");
    case "site":
      return t("office-by-site");
    case "product":
      return t("office-by-product");
    case "country":
      return t("office-by-country");
    case "customer":
      return t("office-by-customer");
    case "user":
      return t("office-by-user");
    case "entity":
      return t("office-by-entity");
  }
}

/** What the figures include; printed with them. */
function Completeness({ report, question }: { report: Schemas["SalesReport"]; question: Question }) {
  return (
    <p class="soft small completeness">
      <span>
        {groupName(question.by)} · {question.from || "…"} – {question.to || "…"} · {question.site ? siteName(question.site) : t("office-all-sites")}
      </span>
      <span>{t("office-complete", { position: count(report.complete_through) })}</span>
      {question.asOf && <Badge tone="info">{t("office-as-known", { at: question.asOf })}</Badge>}
      {report.stale_sites.length > 0 && (
        <Badge tone="warn" icon="clock">
          {t("office-late-sites", { names: report.stale_sites.map(siteName).join(", ") })}
        </Badge>
      )}
      {(report.parked ?? 0) > 0 && (
        <Badge tone="danger" icon="alert">
          {t("office-parked", { number: count(report.parked ?? 0) })}
        </Badge>
      )}
    </p>
  );
}

type Row = Schemas["SalesRow"];

function Rows({ rows, question }: { rows: Row[]; question: Question }) {
  const largest = Math.max(1, ...rows.map((row) => Math.abs(row.amount_minor)));
  const currencies = [...new Set(rows.map((row) => row.currency))];
  return (
    <table class="table report">
      <thead>
        <tr>
          <th scope="col">{groupName(question.by)}</th>
          <th scope="col" class="share-column wide-only">
            <span class="sr-only">{t("office-share")}</span>
          </th>
          <th scope="col" class="number">
            {t("office-amount")}
          </th>
          <th scope="col" class="number">
            {t("office-count-sales")}
          </th>
          <th scope="col" class="number wide-only">
            {t("office-count-refunds")}
          </th>
          <th scope="col" class="number wide-only">
            {t("office-quantity")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.key}/${row.currency}`}>
            <th scope="row">
              <Key row={row} question={question} />
              {row.time_unsure > 0 && (
                <>
                  {" "}
                  <Badge tone="warn" icon="clock">
                    {t("office-time-unsure", { number: count(row.time_unsure) })}
                  </Badge>
                </>
              )}
            </th>
            <td class="share-column wide-only">
              <Bar value={row.amount_minor / largest} />
            </td>
            <td class="number">{money(row.amount_minor, row.currency)}</td>
            <td class="number">{count(row.sales)}</td>
            <td class="number wide-only">{count(row.refunds)}</td>
            <td class="number wide-only">{decimal(row.quantity)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        {currencies.map((currency) => {
          const own = rows.filter((row) => row.currency === currency);
          const sum = (of: (row: Row) => number): number => own.reduce((total, row) => total + of(row), 0);
          return (
            <tr key={currency}>
              <th scope="row">{t("office-total")}</th>
              <td class="wide-only" />
              <td class="number">{money(sum((row) => row.amount_minor), currency)}</td>
              <td class="number">{count(sum((row) => row.sales))}</td>
              <td class="number wide-only">{count(sum((row) => row.refunds))}</td>
              <td class="wide-only" />
            </tr>
          );
        })}
      </tfoot>
    </table>
  );
}

/** A figure opens the lines behind it: a month its days, a day its sales, a shop its days. */
function Key({ row, question }: { row: Row; question: Question }) {
  const { key } = row;
  if (key === null) return <span class="soft">{t("office-unknown")}</span>;
  const open = (part: Partial<Question>, text: string) => <a href={addressOfQuestion({ ...question, ...part })}>{text}</a>;
  switch (question.by) {
    case "month":
      return open({ by: "day", from: `${key}-01`, to: addDays(`${addDays(`${key}-28`, 4).slice(0, 7)}-01`, -1) }, key);
    case "day":
      return open({ by: "entity", from: key, to: key }, key);
    case "site":
      return open({ by: "day", site: key }, siteName(key));
    default:
      return <>{key}</>;
  }
}

/** The same figure as the number next to it, for the eye alone. Negative amounts go the other way. */
function Bar({ value }: { value: number }) {
  const width = Math.round(Math.abs(value) * 1_000) / 10;
  return (
    <svg class={value < 0 ? "share-bar negative" : "share-bar"} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect x="0" y="0" width={Math.max(width, 0.5)} height="10" />
    </svg>
  );
}

/** A table for a French spreadsheet, and the plain one of the API with every row. */
function Export({ query, rows, name }: { query: Record<string, string | undefined>; rows: Row[] | undefined; name: string }) {
  const [failed, setFailed] = useState(false);
  const fetchFile = async (format: "plain" | "french"): Promise<void> => {
    const { downloadFrench } = await import("./french-csv");
    const done = format === "plain" ? await download("/api/v1/reports/sales", query, `${name}.csv`) : await downloadFrench(query, `${name}-excel.csv`);
    setFailed(!done);
  };
  return (
    <>
      {failed && <Badge tone="danger">{t("office-export-failed")}</Badge>}
      <Button icon="down" disabled={!rows || rows.length === 0} onClick={() => void fetchFile("french")}>
        {t("office-csv-french")}
      </Button>
      <Button icon="down" kind="plain" disabled={!rows || rows.length === 0} onClick={() => void fetchFile("plain")}>
        {t("office-csv")}
      </Button>
    </>
  );
}
