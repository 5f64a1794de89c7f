import { decimal, moment, money, t } from "../lib/i18n";
import { methodName } from "../till/method-name";
import { soldMinor, taxes, type SoldEvent } from "../till/cart";
import { amountOf } from "../lib/decimal";
import { PrintMark } from "./print-mark";

/** A receipt as it is printed, from the record in the log. */
export function ReceiptPaper({ event, copy }: { event: SoldEvent; copy: number | undefined }) {
  const { currency, lines, payments, total_minor: total, reason } = event.payload;
  const isTraining = event.action === "TRAINING_SALE_RECORDED";
  const isRefund = event.action !== "SALE_RECORDED" && !isTraining;
  const tax = taxes(lines.map((line) => ({ amountMinor: soldMinor(line, currency), vatRate: line.vat_rate })));
  return (
    <article class={isTraining ? "paper training" : "paper"} data-mark={isTraining ? t("training-mark") : undefined}>
      {isTraining && <p class="paper-mark">{t("training-mark")}</p>}
      <PrintMark copy={copy} />
      <header>
        <b>Comptoir</b>
        <span>{isTraining ? t("paper-training") : isRefund ? t("paper-refund") : t("paper-sale")}</span>
        <span>{moment(event.occurred_at)}</span>
        <span>{t("done-number", { number: `${isTraining ? t("training-series") : ""}${event.epoch}-${event.seq}` })}</span>
      </header>
      <table>
        <caption class="heard">{t("paper-lines")}</caption>
        <tbody>
          {lines.map((line, at) => (
            <tr key={at}>
              <td>
                {line.description ?? line.product}
                <small>
                  {t("cart-each", { quantity: decimal(line.quantity), price: money(amountOf("1", line.unit_price, currency), currency) })}
                  {(line.discount_minor ?? 0) > 0 && ` ${t("cart-discount", { amount: money(line.discount_minor!, currency) })}`}
                </small>
              </td>
              <td class="number">{money(soldMinor(line, currency), currency)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr class="paper-total">
            <th scope="row">{isRefund ? t("paper-refunded") : t("paper-total")}</th>
            <td class="number">{money(total, currency)}</td>
          </tr>
          {tax.map(({ rate, minor }) => (
            <tr key={rate}>
              <th scope="row">{t("paper-tax", { rate: decimal(rate) })}</th>
              <td class="number">{money(minor, currency)}</td>
            </tr>
          ))}
          {payments?.map((payment, at) => (
            <tr key={at}>
              <th scope="row">{payment.amount_minor < 0 ? t("tender-change") : methodName(payment.method)}</th>
              <td class="number">{money(Math.abs(payment.amount_minor), currency)}</td>
            </tr>
          ))}
        </tfoot>
      </table>
      {reason && <p>{t("paper-reason", { reason })}</p>}
      <figure>
        <img src={`${event.receipt}/qr.svg`} width="132" height="132" alt={t("paper-code")} />
        <figcaption>{t("paper-proof")}</figcaption>
      </figure>
      <PrintMark copy={copy} />
      {isTraining && <p class="paper-mark">{t("training-mark")}</p>}
    </article>
  );
}
