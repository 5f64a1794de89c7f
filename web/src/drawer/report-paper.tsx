// The reports of the till on paper: X while the session is open, Z once it is closed.
import type { ComponentChildren } from "preact";
import type { Schemas } from "../lib/client";
import { count, decimal, moment, money, t } from "../lib/i18n";
import { PrintMark } from "../receipts/print-mark";
import { methodName } from "../till/method-name";
import { netMinor, type ClosingEvent, type Sums } from "./report";

/** The report of the open session, as it is now. */
export function XPaper({ session, at }: { session: Schemas["TillSession"]; at: Date }) {
  const { currency } = session;
  return (
    <article class="paper">
      <header>
        <b>{t("report-x", { number: count(session.number) })}</b>
        <span>{t("report-opened", { at: moment(session.opened_at) })}</span>
        <span>{t("report-printed", { at: moment(at) })}</span>
      </header>
      <SumsTable sums={session} currency={currency}>
        <Row label={t("drawer-float")} minor={session.float_minor} currency={currency} />
        <Moves sums={session} currency={currency} />
        <Row label={t("drawer-expected")} minor={session.expected_minor} currency={currency} isTotal />
      </SumsTable>
    </article>
  );
}

/** The report of a closed session, as its record has it. */
export function ZPaper({ event, copy }: { event: ClosingEvent; copy: number | undefined }) {
  const report = event.payload;
  const { currency } = report;
  return (
    <article class="paper">
      <PrintMark copy={copy} />
      <header>
        <b>{t("report-z", { number: count(report.number) })}</b>
        <span>{t("report-opened", { at: moment(report.opened_at) })}</span>
        <span>{t("report-closed", { at: moment(event.occurred_at) })}</span>
        <span>{t("done-number", { number: `${event.epoch}-${event.seq}` })}</span>
      </header>
      <SumsTable sums={report} currency={currency}>
        <Row label={t("drawer-float")} minor={report.float_minor} currency={currency} />
        <Moves sums={report} currency={currency} />
        <Row label={t("drawer-expected")} minor={report.expected_minor} currency={currency} />
        <Row label={t("drawer-counted")} minor={report.counted_minor} currency={currency} />
        <Row label={t("drawer-difference")} minor={report.difference_minor} currency={currency} isTotal />
      </SumsTable>
      {report.reason && <p>{t("paper-reason", { reason: report.reason })}</p>}
      {report.counted && report.counted.length > 0 && (
        <table>
          <caption class="heard">{t("drawer-way-pieces")}</caption>
          <tbody>
            {report.counted.map((cash) => (
              <tr key={cash.value_minor}>
                <td>{t("cart-each", { quantity: count(cash.count), price: money(cash.value_minor, currency) })}</td>
                <td class="number">{money(cash.value_minor * cash.count, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <table>
        <caption class="heard">{t("report-grand-total")}</caption>
        <tbody>
          <Row label={t("report-grand-total")} minor={report.grand_total_minor} currency={currency} isTotal />
        </tbody>
      </table>
      {report.unsent > 0 && <p>{t("report-unsent", { number: count(report.unsent) })}</p>}
      <figure>
        <img src={`${event.receipt}/qr.svg`} width="132" height="132" alt={t("paper-code")} />
        <figcaption>{t("report-proof")}</figcaption>
      </figure>
    </article>
  );
}

function SumsTable({ sums, currency, children }: { sums: Sums; currency: string; children: ComponentChildren }) {
  return (
    <table>
      <caption class="heard">{t("report-sums")}</caption>
      <tbody>
        <Row label={t("report-sales", { number: count(sums.sales) })} minor={sums.sales_minor} currency={currency} />
        <Row label={t("report-refunds", { number: count(sums.refunds) })} minor={0 - sums.refunds_minor} currency={currency} />
        <Row label={t("paper-total")} minor={netMinor(sums)} currency={currency} isTotal />
        {sums.taxes.map(({ rate, amount_minor }) => (
          <Row key={rate} label={t("paper-tax", { rate: decimal(rate) })} minor={amount_minor} currency={currency} />
        ))}
      </tbody>
      <tbody>
        {sums.payments.map(({ method, amount_minor }) => (
          <Row key={method} label={methodName(method)} minor={amount_minor} currency={currency} />
        ))}
        {sums.other_currencies > 0 && (
          <tr>
            <th scope="row" colSpan={2}>
              {t("report-other-currencies", { number: count(sums.other_currencies) })}
            </th>
          </tr>
        )}
      </tbody>
      <tfoot>{children}</tfoot>
    </table>
  );
}

function Moves({ sums, currency }: { sums: Sums; currency: string }) {
  return (
    <>
      {sums.cash_in_minor !== 0 && <Row label={t("drawer-cash-in")} minor={sums.cash_in_minor} currency={currency} />}
      {sums.cash_out_minor !== 0 && <Row label={t("drawer-cash-out")} minor={0 - sums.cash_out_minor} currency={currency} />}
    </>
  );
}

function Row({ label, minor, currency, isTotal }: { label: string; minor: number; currency: string; isTotal?: boolean }) {
  return (
    <tr class={isTotal ? "paper-total" : undefined}>
      <th scope="row">{label}</th>
      <td class="number">{money(minor, currency)}</td>
    </tr>
  );
}
