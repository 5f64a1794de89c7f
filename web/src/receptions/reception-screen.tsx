// One reception as the log has it. What was wrong is undone by a further event: nothing is changed or removed.
import { useEffect, useState } from "preact/hooks";
import { Badge, Banner, Button } from "../design/components";
import { ReasonDialog } from "../design/reason-dialog";
import { Failure } from "../design/failure";
import { call, type Problem } from "../lib/client";
import { amountOf } from "../lib/decimal";
import { decimal, moment, money, t } from "../lib/i18n";
import { go } from "../lib/router";
import { productById, useShopData } from "../lib/shop-data";
import { live } from "../lib/stream";
import { mayRecord, nameOf } from "../session/session-state";
import { StatusBadge } from "../receipts/status-badge";
import type { ReceivedEvent } from "./count";
import { differenceText } from "./finish-dialog";
import { readReceived } from "./orders";

export function ReceptionScreen({ id }: { id: string }) {
  useShopData({ stock: false });
  const [event, setEvent] = useState<ReceivedEvent>();
  const [undoing, setUndoing] = useState<ReceivedEvent>();
  const [problem, setProblem] = useState<Problem>();
  const [asking, setAsking] = useState(false);
  const read = async (): Promise<void> => {
    const found = await call("get", "/api/v1/events/{id}", { path: { id } });
    if (!found.ok) {
      setProblem(found.problem);
      return;
    }
    const received = found.data as unknown as ReceivedEvent;
    setEvent(received);
    const { events } = await readReceived(5_000);
    setUndoing(events.find((other) => other.payload.undoes === received.entity_id));
  };
  const { durable, acked } = live.value.marks ?? {};
  useEffect(() => void read(), [id, durable, acked]);
  const payload = event?.payload;
  const name = (product: string): string => productById(product)?.name ?? product;
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <Button kind="plain" icon="back" onClick={() => go("/receptions")}>
          {t("nav-receptions")}
        </Button>
        {event && (undoing ? <Badge tone="warn" icon="back">{t("reception-undone")}</Badge> : <StatusBadge status={event.status ?? undefined} />)}
      </div>
      <Failure problem={problem} />
      {event && payload && (
        <>
          <div>
            <h1>{payload.reference || t("reception-number", { number: `${event.epoch}-${event.seq}` })}</h1>
            <p class="soft">
              {[payload.supplier, moment(event.occurred_at), nameOf(event.user), payload.order].filter(Boolean).join(" · ")} {payload.blind && <Badge tone="info">{t("reception-way-blind")}</Badge>}
            </p>
          </div>
          {undoing && (
            <Banner tone="warn" icon="back">
              {t("reception-undone-by", { name: nameOf(undoing.user), at: moment(undoing.occurred_at), reason: undoing.payload.reason ?? "" })}
            </Banner>
          )}
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t("reception-goods")}</th>
                <th scope="col" class="number">
                  {t("reception-counted")}
                </th>
                {payload.lines.some((line) => line.unit_cost) && (
                  <th scope="col" class="number">
                    {t("reception-cost", { currency: payload.currency ?? "" })}
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {payload.lines.map((line, at) => (
                <tr key={at}>
                  <td>
                    {name(line.product)} <code class="soft">{line.product}</code>
                    {line.lot && <span class="soft small under">{t("reception-lot-is", { lot: line.lot })}</span>}
                  </td>
                  <td class="number">{decimal(line.quantity)}</td>
                  {payload.lines.some((one) => one.unit_cost) && <td class="number">{line.unit_cost && cost(line.unit_cost, payload.currency)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
          {payload.differences && payload.differences.length > 0 && (
            <section class="stack">
              <h2>{t("reception-differences")}</h2>
              <ul class="rows">
                {payload.differences.map((difference, at) => (
                  <li key={at}>
                    <span class="row-main">
                      <b>{name(difference.product)}</b>
                      <span class="soft small">{difference.reason}</span>
                    </span>
                    <Badge tone={difference.kind === "damaged" ? "danger" : "warn"}>{differenceText(difference.kind, decimal(difference.quantity))}</Badge>
                  </li>
                ))}
              </ul>
            </section>
          )}
          {!undoing && event.action === "GOODS_RECEIVED" && mayRecord("GOODS_RETURNED", "RECEPTION") && (
            <div class="actions">
              <Button kind="danger" icon="back" onClick={() => setAsking(true)}>
                {t("reception-undo")}
              </Button>
            </div>
          )}
        </>
      )}
      {asking && (
        <UndoDialog
          id={id}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            void read();
          }}
        />
      )}
    </main>
  );
}

function UndoDialog({ id, onClose, onDone }: { id: string; onClose: () => void; onDone: () => void }) {
  const undo = async (reason: string): Promise<Problem | undefined> => {
    const answer = await call("post", "/api/v1/receptions/{id}/cancel", { path: { id }, body: { reason } });
    if (!answer.ok) return answer.problem;
    onDone();
    return undefined;
  };
  return (
    <ReasonDialog title={t("reception-undo")} effect={t("reception-undo-detail")} reasonLabel={t("refund-reason")} confirm={t("reception-undo")} send={undo} onClose={onClose} />
  );
}

function cost(unitCost: string, currency: string | undefined): string {
  return currency ? money(amountOf("1", unitCost, currency), currency) : decimal(unitCost);
}
