// Writing an invoice. It saves itself every five seconds and when the page is hidden, and becomes an event only when it is issued.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, Empty, Field, IconButton } from "../design/components";
import { Failure } from "../design/failure";
import { Finder } from "../design/finder";
import { call, send, type Problem, type Schemas } from "../lib/client";
import { price as parsePrice, quantity as parseQuantity } from "../lib/decimal";
import { DraftState } from "../lib/draft-state";
import { decimal, editable, editablePrice, money, t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { go } from "../lib/router";
import { draftOf, SavedDraft } from "../lib/saved-draft";
import { stock, stockText, useShopData } from "../lib/shop-data";
import { clientName, formOf, newFields, searchClients, type ClientForm } from "../clients/client";
import { ClientFields } from "../clients/client-fields";
import { clients, useClients } from "../clients/clients-data";
import { add, change, lineMinor, remove, taxes, totalMinor, type Line } from "../till/cart";
import { byExactCode, products, search, type Product } from "../till/catalogue";
import { multiplied } from "../till/till-screen";
import { invoiceBody, isComplete, provisionalReference, type InvoiceDraft } from "./invoice";

const SAVED_AFTER = 5_000;

export function DraftScreen({ id }: { id: string }) {
  const [start, setStart] = useState<InvoiceDraft>();
  const [draft, setDraft] = useState<SavedDraft<InvoiceDraft>>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    let opened: SavedDraft<InvoiceDraft> | undefined;
    void call("get", "/api/v1/saved-forms/{id}", { path: { id } }).then((found) => {
      const read = found.ok ? draftOf<InvoiceDraft>(found.data) : undefined;
      if (!found.ok) setProblem(found.problem);
      if (!found.ok || !read) return;
      opened = new SavedDraft<InvoiceDraft>(id, { entityType: "INVOICE", action: "INVOICE_CREATED" }, SAVED_AFTER, found.data.etag);
      setStart(read);
      setDraft(opened);
    });
    return () => opened?.stop();
  }, [id]);
  if (start && draft) return <Writing start={start} saved={draft} />;
  return (
    <main class="screen" id="content" tabIndex={-1} aria-busy={problem ? undefined : "true"}>
      <h1>{t("invoices-new")}</h1>
      <Failure problem={problem} text={problem?.code === "NOT_FOUND" ? t("draft-gone") : undefined} />
    </main>
  );
}

type Open = "client" | "issue" | "give-up";

function Writing({ start, saved }: { start: InvoiceDraft; saved: SavedDraft<InvoiceDraft> }) {
  useClients();
  useShopData({ stock: true });
  const [draft, setDraft] = useState(start);
  const [open, setOpen] = useState<Open>();
  const [problem, setProblem] = useState<Problem>();
  const input = useRef<HTMLInputElement>(null);
  const { cart, client } = draft;
  const become = (next: InvoiceDraft): void => {
    setDraft(next);
    saved.change(next);
  };
  const take = (product: Product, quantity: string): void => become({ ...draft, cart: add(cart, product, quantity) });
  const tax = taxes(cart.lines.map((line) => ({ amountMinor: lineMinor(line, cart.currency), vatRate: line.vatRate })));
  const isElsewhere = saved.state.value.kind === "elsewhere";
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <Button kind="plain" icon="back" onClick={() => go("/invoices")}>
          {t("nav-invoices")}
        </Button>
        <DraftState draft={saved} onTheirs={setDraft} />
      </div>
      <h1>{t("invoices-new")}</h1>
      <section class="card stack">
        <h2>{t("invoice-client")}</h2>
        {client ? (
          <p class="chosen">
            <b>{client.name}</b>
            <Button
              icon="edit"
              onClick={() => {
                const { client: _, ...rest } = draft;
                become(rest);
              }}
            >
              {t("invoice-other-client")}
            </Button>
          </p>
        ) : (
          <div class="stack">
            <Finder
              label={t("clients-find")}
              autofocus={cart.lines.length === 0}
              find={(typed) => searchClients(clients.value ?? [], typed).slice(0, 8)}
              keyOf={(row) => row.id}
              onChoose={(row) => become({ ...draft, client: { id: row.id, name: clientName(row, row.id) } })}
              none={(typed) => t("clients-nothing-found", { typed })}
            >
              {(row) => (
                <>
                  <b>{clientName(row, row.id)}</b> <span class="soft">{formOf(row).city}</span>
                </>
              )}
            </Finder>
            <div>
              <Button icon="plus" onClick={() => setOpen("client")}>
                {t("clients-new")}
              </Button>
            </div>
          </div>
        )}
        <span class="medium">
          <Field label={t("invoice-due")} type="date" value={draft.dueOn} onValue={(dueOn) => become({ ...draft, dueOn })} />
        </span>
      </section>
      <section class="card stack">
        <h2>{t("invoice-lines")}</h2>
        <Finder
          label={t("till-search")}
          input={input}
          find={(typed) => search(products.value, multiplied(typed).text, 8)}
          keyOf={(product) => product.id}
          onChoose={(product) => take(product, multiplied(input.current?.value ?? "").quantity)}
          onEnter={(typed) => {
            const { text, quantity } = multiplied(typed);
            const product = byExactCode(text);
            if (product) take(product, quantity);
            return product !== undefined;
          }}
          none={(typed) => t("till-nothing-found", { typed })}
        >
          {(product) => (
            <span class="found-goods">
              <b>{product.name}</b>
              <span class="soft small">{stockText(stock.value.get(product.id))}</span>
            </span>
          )}
        </Finder>
        {cart.lines.length === 0 ? (
          <Empty icon="page" title={t("invoice-empty")}>
            {t("invoice-empty-next")}
          </Empty>
        ) : (
          <ul class="invoice-lines">
            {cart.lines.map((line) => (
              <InvoiceLine
                key={line.key}
                line={line}
                currency={cart.currency}
                onChange={(fields) => become({ ...draft, cart: change(cart, line.key, fields) })}
                onRemove={() => become({ ...draft, cart: remove(cart, line.key) })}
              />
            ))}
          </ul>
        )}
        <p class="due">
          <span class="soft">{t("paper-total")}</span>
          <b class="number">{money(totalMinor(cart), cart.currency)}</b>
        </p>
        {tax.length > 0 && <p class="taxes soft small">{tax.map(({ rate, minor }) => t("cart-tax", { rate: decimal(rate), amount: money(minor, cart.currency) })).join(" · ")}</p>}
      </section>
      <Failure problem={problem} />
      <div class="bar">
        <Button icon="trash" onClick={() => setOpen("give-up")}>
          {t("draft-give-up")}
        </Button>
        <Button kind="primary" large disabled={!isComplete(draft) || isElsewhere} onClick={() => setOpen("issue")}>
          {t("invoice-issue")}
        </Button>
      </div>
      {!isComplete(draft) && <p class="soft small">{t("invoice-incomplete")}</p>}
      {open === "client" && (
        <NewClientDialog
          onClose={() => setOpen(undefined)}
          onDone={(id, name) => {
            become({ ...draft, client: { id, name } });
            setOpen(undefined);
          }}
        />
      )}
      {open === "issue" && <IssueDialog draft={draft} saved={saved} onClose={() => setOpen(undefined)} />}
      {open === "give-up" && (
        <Dialog title={t("draft-give-up-title")} closeLabel={t("close")} onClose={() => setOpen(undefined)}>
          <p>{t("invoice-give-up-detail")}</p>
          <div class="actions">
            <Button onClick={() => setOpen(undefined)}>{t("cancel")}</Button>
            <Button
              kind="danger"
              onClick={() =>
                void saved.remove().then((failed) => {
                  setOpen(undefined);
                  if (failed) setProblem(failed);
                  else go("/invoices");
                })
              }
            >
              {t("draft-give-up")}
            </Button>
          </div>
        </Dialog>
      )}
    </main>
  );
}

function InvoiceLine({ line, currency, onChange, onRemove }: { line: Line; currency: string; onChange: (fields: Partial<Line>) => void; onRemove: () => void }) {
  const [quantity, setQuantity] = useState<string>();
  const [price, setPrice] = useState<string>();
  const many = quantity === undefined ? line.quantity : parseQuantity(quantity);
  const each = price === undefined ? line.unitPrice : parsePrice(price);
  return (
    <li>
      <span class="row-main">
        <b>{line.name}</b>
        <code class="soft small">{line.product}</code>
      </span>
      <span class="short">
        <Field
          label={t("line-quantity")}
          numeric
          value={quantity ?? editable(line.quantity)}
          onValue={(typed) => {
            setQuantity(typed);
            const parsed = parseQuantity(typed);
            if (parsed) onChange({ quantity: parsed });
          }}
          error={many === undefined ? t("not-a-quantity") : undefined}
        />
      </span>
      <span class="short">
        <Field
          label={t("unknown-price", { currency })}
          numeric
          value={price ?? editablePrice(line.unitPrice)}
          onValue={(typed) => {
            setPrice(typed);
            const parsed = parsePrice(typed);
            if (parsed !== undefined) onChange({ unitPrice: parsed });
          }}
          error={each === undefined ? t("not-a-price") : undefined}
        />
      </span>
      <b class="number line-sum">{money(lineMinor(line, currency), currency)}</b>
      <IconButton icon="trash" label={t("cart-remove", { name: line.name })} onClick={onRemove} />
    </li>
  );
}

/** A client that nobody wrote down yet; the invoice may name it before head office knows it. */
function NewClientDialog({ onClose, onDone }: { onClose: () => void; onDone: (id: string, name: string) => void }) {
  const [id] = useState(uuid7);
  const [form, setForm] = useState<ClientForm>(formOf(undefined));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const create = async (): Promise<void> => {
    if (!form.name.trim()) return;
    setBusy(true);
    const answer = await send<Schemas["AppendResponse"]>("post", "/api/v1/clients", { id, fields: newFields(form) });
    setBusy(false);
    if (answer.ok) onDone(id, form.name.trim());
    else setProblem(answer.problem);
  };
  return (
    <Dialog title={t("clients-new")} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <ClientFields form={form} onChange={setForm} short />
        <Failure problem={problem} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!form.name.trim()}>
            {t("client-create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function IssueDialog({ draft, saved, onClose }: { draft: InvoiceDraft; saved: SavedDraft<InvoiceDraft>; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const issue = async (): Promise<void> => {
    setBusy(true);
    const answer = await send<Schemas["AppendResponse"]>("post", "/api/v1/invoices", invoiceBody(draft));
    if (!answer.ok) {
      setBusy(false);
      setProblem(answer.problem);
      return;
    }
    await saved.remove();
    go(`/invoices/${draft.cart.id}`);
  };
  return (
    <Dialog title={t("invoice-issue")} closeLabel={t("close")} onClose={onClose}>
      <p>{t("invoice-issue-detail", { reference: provisionalReference(draft.cart.id) })}</p>
      <p class="due">
        <span class="soft">{draft.client?.name}</span>
        <b class="number">{money(totalMinor(draft.cart), draft.cart.currency)}</b>
      </p>
      <Failure problem={problem} />
      <div class="actions">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button kind="primary" large busy={busy} autofocus onClick={() => void issue()}>
          {t("invoice-issue")}
        </Button>
      </div>
    </Dialog>
  );
}
