// One receipt: printed, and refunded in parts.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Choice, Dialog, Field } from "../design/components";
import { Failure } from "../design/failure";
import { call, send, type Problem, type Schemas } from "../lib/client";
import { addQuantities, compareQuantities, quantity as parseQuantity } from "../lib/decimal";
import { decimal, money, moment, t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { go } from "../lib/router";
import { mayRecord } from "../session/session-state";
import { refundLine, soldMinor, type Method, type SoldEvent, type SoldLine } from "../till/cart";
import { methodName } from "../till/method-name";
import { usePrint } from "./print";
import { PrintOutcome } from "./print-mark";
import { ReceiptPaper } from "./receipt-paper";
import { StatusBadge } from "./status-badge";

interface Found {
  sale: SoldEvent;
  refunds: SoldEvent[];
  isComplete: boolean;
}

export function ReceiptScreen({ id }: { id: string }) {
  const [found, setFound] = useState<Found>();
  const [single, setSingle] = useState<SoldEvent>();
  const [problem, setProblem] = useState<Problem>();
  const [refunding, setRefunding] = useState(false);
  const read = async (): Promise<void> => {
    const answer = await call("get", "/api/v1/sales/{id}", { path: { id } });
    if (answer.ok) {
      const { sale, refunds, is_complete } = answer.data;
      setFound({ sale: sale as unknown as SoldEvent, refunds: refunds as unknown as SoldEvent[], isComplete: is_complete });
      return;
    }
    // A refund has a receipt too, and nothing that could be refunded.
    const event = answer.problem.code === "NOT_FOUND" ? await call("get", "/api/v1/events/{id}", { path: { id } }) : undefined;
    if (event?.ok && event.data.entity_type === "SALE") setSingle(event.data as unknown as SoldEvent);
    else setProblem(answer.problem);
  };
  useEffect(() => void read(), [id]);
  const event = found?.sale ?? single;
  const print = usePrint(event?.id);
  const rest = found ? remaining(found) : [];
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <div class="screen-head">
        <Button kind="plain" icon="back" onClick={() => go("/receipts")}>
          {t("nav-receipts")}
        </Button>
        <h1 class="heard">{event ? t("done-number", { number: `${event.epoch}-${event.seq}` }) : t("receipt-label")}</h1>
        {event && <StatusBadge status={event.status ?? undefined} />}
      </div>
      <Failure problem={problem} text={problem?.code === "NOT_FOUND" ? t("receipt-missing", { number: id }) : undefined} />
      {event?.decision?.verdict && event.status === "FAILED" && (
        <Banner tone="danger">
          {t("receipt-failed")} <code>{event.decision.code ?? event.decision.verdict}</code>
        </Banner>
      )}
      {event && (
        <>
          <div class="actions">
            {found && mayRecord("SALE_REFUNDED", "SALE") && (
              <Button kind="danger" disabled={rest.length === 0} onClick={() => setRefunding(true)}>
                {rest.length === 0 ? t("refund-nothing-left") : t("refund-title")}
              </Button>
            )}
            <Button kind="primary" icon="print" busy={print.busy} onClick={() => void print.print()}>
              {t("receipt-print")}
            </Button>
          </div>
          <PrintOutcome print={print} />
          <ReceiptPaper event={event} copy={print.copy} />
        </>
      )}
      {found && found.refunds.length > 0 && (
        <section class="stack">
          <h2>{t("refund-list")}</h2>
          <ul class="rows">
            {found.refunds.map((refund) => (
              <li key={refund.id}>
                <span class="row-main">
                  <a href={`#/receipts/${refund.id}`}>
                    {refund.epoch}-{refund.seq}
                  </a>
                  <span class="soft small">
                    {moment(refund.occurred_at)} {refund.payload.reason}
                  </span>
                </span>
                <b class="number">{money(refund.payload.total_minor, refund.payload.currency)}</b>
              </li>
            ))}
          </ul>
        </section>
      )}
      {refunding && found && (
        <RefundDialog
          found={found}
          rest={rest}
          onClose={() => setRefunding(false)}
          onDone={() => {
            setRefunding(false);
            void read();
          }}
        />
      )}
    </main>
  );
}

interface Rest {
  line: SoldLine;
  refunded: string;
  left: string;
}

/** What can still be refunded: each line of the sale less what came back of its product at its price. */
function remaining({ sale, refunds }: Found): Rest[] {
  if (refunds.some((refund) => refund.action === "SALE_CANCELLED")) return [];
  const back = refunds.flatMap((refund) => refund.payload.lines).map((line) => ({ ...line }));
  return sale.payload.lines
    .map((line) => {
      let refunded = "0";
      for (const other of back.filter((one) => one.product === line.product && one.unit_price === line.unit_price)) {
        const room = addQuantities(line.quantity, `-${refunded}`);
        const taken = compareQuantities(other.quantity, room) > 0 ? room : other.quantity;
        refunded = addQuantities(refunded, taken);
        other.quantity = addQuantities(other.quantity, `-${taken}`);
      }
      return { line, refunded, left: addQuantities(line.quantity, `-${refunded}`) };
    })
    .filter(({ left }) => compareQuantities(left, "0") > 0);
}

function RefundDialog({ found, rest, onClose, onDone }: { found: Found; rest: Rest[]; onClose: () => void; onDone: () => void }) {
  const { sale } = found;
  const { currency } = sale.payload;
  const [id] = useState(uuid7);
  const [chosen, setChosen] = useState<string[]>(rest.map(() => "0"));
  const [reason, setReason] = useState("");
  const [method, setMethod] = useState<Method>("cash");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const parsed = chosen.map((text) => (text.trim() === "" || /^0+([.,]0*)?$/.test(text.trim()) ? "0" : parseQuantity(text)));
  const lines = rest.flatMap(({ line, refunded, left }, at) => {
    const many = parsed[at];
    return many && many !== "0" && compareQuantities(many, left) <= 0 ? [refundLine(line, refunded, many)] : [];
  });
  const isValid = rest.every(({ left }, at) => parsed[at] !== undefined && compareQuantities(parsed[at]!, left) <= 0);
  const total = lines.reduce((sum, line) => sum + soldMinor(line, currency), 0);
  const record = async (): Promise<void> => {
    if (!isValid || lines.length === 0 || !reason.trim()) return;
    setBusy(true);
    const answer = await send<Schemas["AppendResponse"]>("post", "/api/v1/refunds", {
      id,
      original: sale.entity_id,
      currency,
      total_minor: total,
      lines,
      reason: reason.trim(),
      payments: [{ method, amount_minor: total }],
    });
    setBusy(false);
    if (answer.ok) onDone();
    else setProblem(answer.problem);
  };
  return (
    <Dialog title={t("refund-of", { number: `${sale.epoch}-${sale.seq}` })} closeLabel={t("close")} wide onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void record();
        }}
      >
        {!found.isComplete && <Banner tone="warn">{t("refund-incomplete")}</Banner>}
        <ul class="rows">
          {rest.map(({ line, left }, at) => (
            <li key={at}>
              <span class="row-main">
                <b>{line.description ?? line.product}</b>
                <span class="soft small">{t("refund-left", { quantity: decimal(left) })}</span>
              </span>
              <Button onClick={() => setChosen(chosen.map((other, index) => (index === at ? left : other)))}>{t("refund-all")}</Button>
              <span class="short">
                <Field
                  label={t("line-quantity")}
                  value={chosen[at] ?? "0"}
                  numeric
                  autofocus={at === 0}
                  onValue={(value) => setChosen(chosen.map((other, index) => (index === at ? value : other)))}
                  error={parsed[at] === undefined || compareQuantities(parsed[at]!, left) > 0 ? t("refund-too-many") : undefined}
                />
              </span>
            </li>
          ))}
        </ul>
        <Field label={t("refund-reason")} value={reason} onValue={setReason} maxLength={500} required />
        <Choice
          label={t("tender-method")}
          value={method}
          options={(["cash", "card", "account"] as const).map((value) => ({ value, label: methodName(value) }))}
          onChoose={setMethod}
        />
        <p class="due">
          <span class="soft">{t("refund-due")}</span>
          <b class="number">{money(total, currency)}</b>
        </p>
        <Failure problem={problem} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" large busy={busy} disabled={!isValid || lines.length === 0 || !reason.trim()}>
            {t("refund-record")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
