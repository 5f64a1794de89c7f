// The session of the till: what should be in the drawer, cash in and out, the X report, the counted closing, and the Z reports.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Empty } from "../design/components";
import { Failure } from "../design/failure";
import { call, type Problem, type Schemas } from "../lib/client";
import { clock, count, decimal, moment, money, t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { go } from "../lib/router";
import { live } from "../lib/stream";
import { mayRecord } from "../session/session-state";
import { methodName } from "../till/method-name";
import { loadTill, till } from "../till/till-state";
import { CashDialog } from "./cash-dialog";
import { CloseForm } from "./close-form";
import { OpenForm } from "./open-form";
import { netMinor, type ClosingEvent } from "./report";
import { XPaper } from "./report-paper";
import { ZReport } from "./z-report";

export function DrawerScreen({ id }: { id: string | undefined }) {
  const [problem, setProblem] = useState<Problem>();
  const durable = live.value.marks?.durable;
  const reached = live.value.reached;
  useEffect(() => {
    if (reached !== false) void loadTill().then(setProblem);
  }, [durable, reached]);
  const session = till.value?.session;
  if (id && id !== "close") return <ZReport key={id} id={id} />;
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("nav-drawer")}</h1>
        {session && id !== "close" && <SessionActions session={session} />}
      </div>
      <Failure problem={problem} />
      {till.value && !session && (
        <section class="card narrow-card">
          <OpenForm />
        </section>
      )}
      {session && id === "close" && <CloseForm key={session.number} session={session} />}
      {session && id !== "close" && <SessionNow session={session} />}
      {id !== "close" && <Closings last={till.value?.last_closed} />}
    </main>
  );
}

function SessionActions({ session }: { session: Schemas["TillSession"] }) {
  const [movesCash, setMovesCash] = useState(false);
  const x = useXReport();
  return (
    <div class="actions">
      {mayRecord("CASH_MOVED", "TILL_SESSION") && (
        <Button icon="up" onClick={() => setMovesCash(true)}>
          {t("drawer-cash")}
        </Button>
      )}
      <Button icon="print" busy={x.busy} onClick={() => void x.print()}>
        {t("drawer-x")}
      </Button>
      {mayRecord("TILL_CLOSED", "TILL_SESSION") && (
        <Button kind="primary" icon="lock" onClick={() => go("/drawer/close")}>
          {t("drawer-count")}
        </Button>
      )}
      {x.said && (
        <Banner tone={x.problem ? "danger" : "good"} role="status">
          {x.said}
        </Banner>
      )}
      <div class="print-only">
        <XPaper session={session} at={new Date()} />
      </div>
      {movesCash && <CashDialog currency={session.currency} onClose={() => setMovesCash(false)} />}
    </div>
  );
}

/** Prints the X report: on the shop's printer, else from this page. */
function useXReport(): { busy: boolean; problem: Problem | undefined; said: string | undefined; print: () => Promise<void> } {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [said, setSaid] = useState<string>();
  const print = async (): Promise<void> => {
    setBusy(true);
    setSaid(undefined);
    const answer = await call("post", "/api/v1/till/print");
    setBusy(false);
    setProblem(answer.ok ? undefined : answer.problem);
    if (answer.ok) setSaid(t("receipt-sent-to-printer"));
    else if (answer.problem.code === "PRINTER_MISSING") globalThis.print();
    else setSaid(problemText(answer.problem));
  };
  return { busy, problem, said, print };
}

function SessionNow({ session }: { session: Schemas["TillSession"] }) {
  const { currency } = session;
  return (
    <>
      <div class="facts">
        <section class="card fact">
          <h2>{t("drawer-session", { number: count(session.number) })}</h2>
          <b class="figure">{clock(session.opened_at)}</b>
          <span class="soft small">{t("drawer-opened-with", { at: moment(session.opened_at), float: money(session.float_minor, currency) })}</span>
        </section>
        <section class="card fact">
          <h2>{t("drawer-net")}</h2>
          <b class="figure number">{money(netMinor(session), currency)}</b>
          <span class="soft small">
            {t("drawer-net-of", { sales_count: session.sales, sales: count(session.sales), refunds_count: session.refunds, refunds: count(session.refunds) })}
          </span>
        </section>
        <section class="card fact">
          <h2>{t("drawer-expected")}</h2>
          <b class="figure number">{money(session.expected_minor, currency)}</b>
          <span class="soft small">{t("drawer-expected-detail")}</span>
        </section>
      </div>
      <div class="columns">
        <section class="card stack">
          <h2>{t("drawer-by-method")}</h2>
          {session.payments.length === 0 ? (
            <p class="soft">{t("drawer-nothing-sold")}</p>
          ) : (
            <table class="table sums">
              <caption class="heard">{t("report-sums")}</caption>
              <tbody>
                {session.payments.map(({ method, amount_minor }) => (
                  <tr key={method}>
                    <th scope="row">{methodName(method)}</th>
                    <td class="number">{money(amount_minor, currency)}</td>
                  </tr>
                ))}
                {session.taxes.map(({ rate, amount_minor }) => (
                  <tr key={rate} class="soft">
                    <th scope="row">{t("paper-tax", { rate: decimal(rate) })}</th>
                    <td class="number">{money(amount_minor, currency)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {session.other_currencies > 0 && <Banner tone="warn">{t("report-other-currencies", { number: count(session.other_currencies) })}</Banner>}
        </section>
        <section class="card stack">
          <h2>{t("drawer-moves")}</h2>
          {session.moves.length === 0 ? (
            <p class="soft">{t("drawer-no-moves")}</p>
          ) : (
            <ul class="rows">
              {session.moves.map((move) => (
                <li key={move.id}>
                  <span class="row-main">
                    {move.reason}
                    <span class="soft small">{moment(move.at)}</span>
                  </span>
                  <b class="number">{money(move.amount_minor, currency)}</b>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </>
  );
}

function Closings({ last }: { last: number | undefined }) {
  const [rows, setRows] = useState<ClosingEvent[]>([]);
  const [next, setNext] = useState<string>();
  const read = async (cursor?: string): Promise<void> => {
    const answer = await call("get", "/api/v1/till/closings", { query: cursor ? { limit: 20, cursor } : { limit: 20 } });
    if (!answer.ok) return;
    const page = answer.data.rows as unknown as ClosingEvent[];
    setRows((before) => (cursor ? [...before, ...page] : page));
    setNext(answer.data.next_cursor ?? undefined);
  };
  useEffect(() => {
    if (last) void read();
  }, [last]);
  if (last === undefined) return null;
  return (
    <section class="stack">
      <h2>{t("drawer-closings")}</h2>
      {last === 0 ? (
        <Empty icon="receipt" title={t("drawer-no-closings")}>
          {t("drawer-no-closings-next")}
        </Empty>
      ) : (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("drawer-closing")}</th>
              <th scope="col">{t("drawer-closed-at")}</th>
              <th scope="col" class="number">
                {t("drawer-net")}
              </th>
              <th scope="col" class="number">
                {t("drawer-difference")}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, occurred_at, payload }) => (
              <tr key={id} class="link" onClick={() => go(`/drawer/${id}`)}>
                <td>
                  <a href={`#/drawer/${id}`}>Z {count(payload.number)}</a>
                </td>
                <td>{moment(occurred_at)}</td>
                <td class="number">{money(netMinor(payload), payload.currency)}</td>
                <td class={payload.difference_minor === 0 ? "number" : "number discount"}>{money(payload.difference_minor, payload.currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {next && <Button onClick={() => void read(next)}>{t("receipts-more")}</Button>}
    </section>
  );
}
