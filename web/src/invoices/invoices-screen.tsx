import { useEffect, useState } from "preact/hooks";
import { Badge, Button, Empty, Field } from "../design/components";
import { Failure } from "../design/failure";
import { send, type Problem, type Schemas } from "../lib/client";
import { count, day, moment, money, t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { go } from "../lib/router";
import { savedDrafts } from "../lib/saved-draft";
import { useShopData } from "../lib/shop-data";
import { live } from "../lib/stream";
import { clientName } from "../clients/client";
import { clients, useClients } from "../clients/clients-data";
import { totalMinor } from "../till/cart";
import { shopCurrency } from "../till/till-state";
import { plain, products } from "../till/catalogue";
import { isOfficial, newDraft, newestFirst, type InvoiceDraft, type InvoiceRow } from "./invoice";
import { invoices, invoicesProblem, useInvoices } from "./invoices-data";

const SHOWN = 100;

/** Drafts that wait for somebody, and the invoices of the shop. */
export function InvoicesScreen() {
  useInvoices();
  useClients();
  useShopData({ stock: false });
  const [drafts, setDrafts] = useState<{ form: Schemas["SavedForm"]; draft: InvoiceDraft }[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const [typed, setTyped] = useState("");
  const reached = live.value.reached;
  useEffect(() => void savedDrafts<InvoiceDraft>("INVOICE", "INVOICE_CREATED").then(setDrafts), [reached, live.value.marks?.durable]);
  const begin = async (): Promise<void> => {
    const id = uuid7();
    const draft = newDraft(products.value.find(({ product }) => product.currency)?.product.currency ?? shopCurrency.value);
    const saved = await send("put", `/api/v1/saved-forms/${id}`, { entity_type: "INVOICE", action: "INVOICE_CREATED", draft }, { "if-none-match": "*" });
    if (saved.ok) go(`/invoices/draft/${id}`);
    else setProblem(saved.problem);
  };
  const nameOf = (id: string): string => clientName(clients.value?.find((row) => row.id === id), id);
  const rows = invoices.value;
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const text = (row: InvoiceRow): string => plain([row.reference, row.provisional_reference, row.credit_note, nameOf(row.client)].join(" "));
  const found = newestFirst(rows ?? []).filter((row) => words.every((word) => text(row).includes(word)));
  const shownProblem = problem ?? invoicesProblem.value;
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("nav-invoices")}</h1>
        <div class="inline">
          <Field label={t("invoices-find")} value={typed} onValue={setTyped} autoComplete="off" spellcheck={false} />
          <Button kind="primary" icon="plus" onClick={() => void begin()}>
            {t("invoices-new")}
          </Button>
        </div>
      </div>
      <Failure problem={shownProblem} />
      {drafts.length > 0 && (
        <section class="stack">
          <h2>{t("invoices-drafts")}</h2>
          <ul class="rows">
            {drafts.map(({ form, draft }) => (
              <li key={form.id}>
                <span class="row-main">
                  <b>{draft.client?.name ?? t("invoice-no-client")}</b>
                  <span class="soft small">{t("draft-saved", { at: moment(form.saved_at) })}</span>
                </span>
                <b class="number">{money(totalMinor(draft.cart), draft.cart.currency)}</b>
                <Button kind="primary" icon="edit" onClick={() => go(`/invoices/draft/${form.id}`)}>
                  {t("invoices-continue")}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {rows && found.length === 0 && (
        <Empty icon="page" title={rows.length === 0 ? t("invoices-none") : t("stock-nothing-found")}>
          {rows.length === 0 ? t("invoices-none-next") : t("stock-nothing-found-next")}
        </Empty>
      )}
      {found.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("invoice-number")}</th>
              <th scope="col">{t("invoice-client")}</th>
              <th scope="col" class="wide-only">
                {t("invoice-due")}
              </th>
              <th scope="col" class="number">
                {t("receipts-amount")}
              </th>
              <th scope="col">{t("receipts-state")}</th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, SHOWN).map((row) => (
              <tr key={row.id} class="link" onClick={() => go(`/invoices/${encodeURIComponent(row.id)}`)}>
                <td>
                  <a href={`#/invoices/${encodeURIComponent(row.id)}`}>{isOfficial(row) ? row.reference : (row.provisional_reference ?? t("invoice-unnumbered"))}</a>
                  {isOfficial(row) && row.provisional_reference && <span class="soft small under">{row.provisional_reference}</span>}
                </td>
                <td>{nameOf(row.client)}</td>
                <td class="wide-only soft">{row.due_on ? day(row.due_on) : "–"}</td>
                <td class="number">{money(row.total_minor, row.currency)}</td>
                <td>
                  <InvoiceBadge row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found.length > SHOWN && <p class="soft">{t("stock-more", { number: count(found.length - SHOWN) })}</p>}
    </main>
  );
}

export function isCancelled(row: InvoiceRow): boolean {
  return row.credit_note !== null || row.pending.some((event) => event.action === "INVOICE_CANCELLED");
}

export function InvoiceBadge({ row }: { row: InvoiceRow }) {
  if (isCancelled(row)) {
    return (
      <Badge tone="warn" icon="back">
        {t("invoice-cancelled")}
      </Badge>
    );
  }
  if (!isOfficial(row)) {
    return (
      <Badge tone="quiet" icon="clock">
        {t("invoice-provisional")}
      </Badge>
    );
  }
  return (
    <Badge tone="good" icon="check">
      {t("invoice-official")}
    </Badge>
  );
}
