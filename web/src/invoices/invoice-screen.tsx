// One invoice as a page to print, with both numbers; and its cancellation, which is an event of its own.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button } from "../design/components";
import { ReasonDialog } from "../design/reason-dialog";
import { call, send, type Problem, type Schemas } from "../lib/client";
import { amountOf } from "../lib/decimal";
import { day, decimal, moment, money, t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { go } from "../lib/router";
import { live } from "../lib/stream";
import { clientName, formOf } from "../clients/client";
import { clients, useClients } from "../clients/clients-data";
import { mayRecord } from "../session/session-state";
import { soldMinor, taxes } from "../till/cart";
import { isOfficial, type InvoiceEvent, type InvoiceRow } from "./invoice";
import { invoices, useInvoices } from "./invoices-data";
import { InvoiceBadge, isCancelled } from "./invoices-screen";

export function InvoiceScreen({ id }: { id: string }) {
  useInvoices();
  useClients();
  const [event, setEvent] = useState<InvoiceEvent>();
  const [cancelling, setCancelling] = useState(false);
  const row = invoices.value?.find((one) => one.id === id);
  const eventId = row?.event_id;
  useEffect(() => {
    if (!eventId) return;
    void call("get", "/api/v1/events/{id}", { path: { id: eventId } }).then((found) => found.ok && setEvent(found.data as unknown as InvoiceEvent));
  }, [eventId, live.value.marks?.acked]);
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <Button kind="plain" icon="back" onClick={() => go("/invoices")}>
          {t("nav-invoices")}
        </Button>
        <h1 class="heard">{row ? numberOf(row) : t("nav-invoices")}</h1>
        {row && <InvoiceBadge row={row} />}
      </div>
      {invoices.value && !row && (
        <Banner tone="danger" role="alert">
          {t("problem-not-found")}
        </Banner>
      )}
      {event?.status === "FAILED" && (
        <Banner tone="danger">
          {t("invoice-failed")} <code>{event.decision?.code ?? event.decision?.verdict}</code>
        </Banner>
      )}
      {row && (
        <>
          <div class="actions">
            {!isCancelled(row) && mayRecord("INVOICE_CANCELLED", "INVOICE") && (
              <Button kind="danger" icon="back" onClick={() => setCancelling(true)}>
                {t("invoice-cancel")}
              </Button>
            )}
            <Button kind="primary" icon="print" onClick={() => globalThis.print()}>
              {t("receipt-print")}
            </Button>
          </div>
          <InvoicePaper row={row} event={event} />
        </>
      )}
      {cancelling && row && <CancelDialog row={row} onClose={() => setCancelling(false)} />}
    </main>
  );
}

function numberOf(row: InvoiceRow): string {
  return isOfficial(row) ? row.reference : (row.provisional_reference ?? t("invoice-unnumbered"));
}

function InvoicePaper({ row, event }: { row: InvoiceRow; event: InvoiceEvent | undefined }) {
  const client = clients.value?.find((one) => one.id === row.client);
  const { address, postcode, city, vat_number: vat } = formOf(client);
  const { currency } = row;
  const lines = event?.payload.lines;
  const isGross = event?.payload.price_basis !== "net";
  const tax = isGross ? taxes((lines ?? []).map((line) => ({ amountMinor: soldMinor(line, currency), vatRate: line.vat_rate }))) : [];
  return (
    <article class="sheet">
      {isCancelled(row) && <p class="paper-mark">{t("invoice-cancelled-mark", { number: row.credit_note ?? t("invoice-unnumbered") })}</p>}
      <header>
        <div>
          <b class="sheet-title">{t("invoice-title", { number: numberOf(row) })}</b>
          {!isOfficial(row) && <span>{t("invoice-provisional-detail")}</span>}
          {isOfficial(row) && row.provisional_reference && <span>{t("invoice-was", { reference: row.provisional_reference })}</span>}
          {event && <span>{t("invoice-made-on", { at: moment(event.occurred_at) })}</span>}
          {row.due_on && <span>{t("invoice-due-on", { day: day(row.due_on) })}</span>}
        </div>
        <address>
          <b>{clientName(client, row.client)}</b>
          <span>{address}</span>
          <span>{[postcode, city].filter(Boolean).join(" ")}</span>
          <span>{vat}</span>
        </address>
      </header>
      {lines ? (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("stock-product")}</th>
              <th scope="col" class="number wide-only">
                {t("line-quantity")}
              </th>
              <th scope="col" class="number wide-only">
                {t("invoice-unit-price")}
              </th>
              <th scope="col" class="number wide-only">
                {t("invoice-vat")}
              </th>
              <th scope="col" class="number">
                {t("receipts-amount")}
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => (
              <tr key={at}>
                <td>
                  {line.description ?? line.product}
                  <span class="under narrow-only">{t("cart-each", { quantity: decimal(line.quantity), price: money(amountOf("1", line.unit_price, currency), currency) })}</span>
                </td>
                <td class="number wide-only">{decimal(line.quantity)}</td>
                <td class="number wide-only">{money(amountOf("1", line.unit_price, currency), currency)}</td>
                <td class="number wide-only">{line.vat_rate && `${decimal(line.vat_rate)} %`}</td>
                <td class="number">{money(soldMinor(line, currency), currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p>{t("invoice-lines-elsewhere")}</p>
      )}
      <footer>
        {tax.map(({ rate, minor }) => (
          <p key={rate}>
            <span>{t("paper-tax", { rate: decimal(rate) })}</span>
            <span class="number">{money(minor, currency)}</span>
          </p>
        ))}
        <p class="sheet-total">
          <span>{t("paper-total")}</span>
          <span class="number">{money(row.total_minor, currency)}</span>
        </p>
      </footer>
    </article>
  );
}

/** The invoice keeps its number; central numbers the credit note. */
function CancelDialog({ row, onClose }: { row: InvoiceRow; onClose: () => void }) {
  const [id] = useState(uuid7);
  const cancel = async (reason: string): Promise<Problem | undefined> => {
    const answer = await send<Schemas["AppendResponse"]>("post", `/api/v1/invoices/${encodeURIComponent(row.id)}/cancel`, { id, reason });
    if (!answer.ok) return answer.problem;
    onClose();
    return undefined;
  };
  return (
    <ReasonDialog title={t("invoice-cancel")} effect={t("invoice-cancel-detail")} reasonLabel={t("refund-reason")} confirm={t("invoice-cancel")} send={cancel} onClose={onClose} />
  );
}
