// The till. The input is always ready: whatever is typed or scanned anywhere on this screen goes there.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Badge, Banner, Button, Dialog, Empty, Field, Icon } from "../design/components";
import { Failure } from "../design/failure";
import { count, decimal, money, t } from "../lib/i18n";
import { amountOf, price as parsePrice, quantity as parseQuantity } from "../lib/decimal";
import { problemText } from "../lib/problem-text";
import { live } from "../lib/stream";
import { CartPanel } from "./cart-panel";
import { byExactCode, changedPrices, isComplete, load, products, search, type Product } from "./catalogue";
import { HeldDialog, HoldDialog } from "./held-dialogs";
import { ownCart } from "./kept-cart";
import { useKeys } from "../lib/keys";
import { LineDialog } from "./line-dialog";
import { Burst } from "./scanner";
import { cart, clear, done, failure, loadHeld, restore, said, selected, sell, sendAgain, sending, training } from "./sale";
import { DonePanel } from "./done-panel";
import { lazy } from "../lib/lazy";
import { loadTill, till } from "./till-state";
import { TenderDialog } from "./tender-dialog";

type Open = { kind: "pay" } | { kind: "hold" } | { kind: "held" } | { kind: "line"; key: string } | { kind: "unknown"; code: string; name?: string; quantity: string };

const OpenForm = lazy(() => import("../drawer/open-form").then((module) => module.OpenForm));

let restored = false;
/** Whether this tab sells without a session. */
const sellsWithout = signal(false);

export function TillScreen() {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState<Open>();
  const input = useRef<HTMLInputElement>(null);
  const burst = useRef(new Burst());
  const { text, quantity } = multiplied(typed);
  const found = search(products.value, text);
  const asksForFloat = useFloat();
  const isBusy = open !== undefined || cart.value.sent !== undefined || asksForFloat;

  useEffect(() => {
    if (!restored) {
      restored = true;
      void ownCart().then((kept) => {
        restore(kept);
        // Paid before the browser was killed: the node records the same id once.
        if (kept.sent) void sendAgain();
      });
    } else if (cart.value.sent && !sending.value) void sendAgain();
    void loadHeld();
  }, []);
  useCatalogue();
  useLayoutEffect(() => {
    if (isBusy) return;
    // A dialog that closed gave the focus back while the page was still inert: the input has it, and takes no text.
    input.current?.blur();
    input.current?.focus({ preventScroll: true });
  }, [isBusy]);

  const choose = (product: Product, quantity: string): void => {
    if (product.price === undefined) setOpen({ kind: "unknown", code: product.id, name: product.name, quantity });
    else sell(product, quantity);
    setTyped("");
    setAt(0);
    input.current?.focus({ preventScroll: true });
  };
  const enter = (): void => {
    const scanned = burst.current.finish(performance.now());
    const { text, quantity } = multiplied(input.current?.value ?? "");
    if (!text) {
      done.value = undefined;
      return;
    }
    const exact = byExactCode(text) ?? (scanned === undefined ? undefined : byExactCode(multiplied(scanned).text));
    // A scanned number is a whole code: it never stands for the product that merely begins like it.
    const isWholeCode = scanned !== undefined && /^\d{8,}$/.test(text.trim());
    const chosen = exact ?? (isWholeCode ? undefined : search(products.value, text)[at]);
    if (chosen) choose(chosen, quantity);
    else {
      setOpen({ kind: "unknown", code: text.trim(), quantity });
      setTyped("");
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    if (isBusy || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = shortcut(event, { found: found.length, at, setAt, setOpen, setTyped, typed });
    if (act) {
      event.preventDefault();
      return;
    }
    const target = event.target as HTMLElement;
    const own = target === input.current;
    if (event.key === "Enter") {
      if (!own && target.closest("button, a, input, select")) return;
      event.preventDefault();
      enter();
      return;
    }
    burst.current.press(event.key, event.code, performance.now());
    // A key pressed while a button has the focus is meant for the input; the key itself then arrives there.
    if (!own && event.key.length === 1 && event.key !== " " && !target.closest("input, textarea, select")) input.current?.focus();
  };
  useKeys(onKey);

  return (
    <main class={`till${cart.value.lines.length > 0 || done.value ? " busy" : ""}${training.value ? " training" : ""}`} data-mark={training.value ? t("training-mark") : undefined} id="content" tabIndex={-1}>
      <h1 class="heard">{t("nav-till")}</h1>
      <section class="till-find" aria-label={t("till-find")}>
        <div class="search">
          <Icon name="search" />
          <input
            ref={input}
            class="input"
            type="text"
            role="combobox"
            aria-expanded={found.length > 0 ? "true" : "false"}
            aria-controls={found.length > 0 ? "found" : undefined}
            aria-autocomplete="list"
            aria-activedescendant={text && found[at] ? `found-${at}` : undefined}
            aria-label={t("till-search")}
            placeholder={t("till-search")}
            autoComplete="off"
            autoCapitalize="none"
            spellcheck={false}
            enterKeyHint="done"
            value={typed}
            onInput={(event) => {
              setTyped(event.currentTarget.value);
              setAt(0);
            }}
          />
          {quantity !== "1" && <Badge tone="info">× {decimal(quantity)}</Badge>}
        </div>
        <Notices />
        <Found found={found} at={text ? at : -1} typed={text} onChoose={(product) => choose(product, quantity)} />
      </section>
      {done.value ? (
        <DonePanel />
      ) : asksForFloat ? (
        <section class="cart asks" aria-label={t("drawer-open-title")}>
          <OpenForm onLater={() => (sellsWithout.value = true)} />
        </section>
      ) : (
        <CartPanel onPay={() => setOpen({ kind: "pay" })} onHold={() => setOpen({ kind: "hold" })} onHeld={() => setOpen({ kind: "held" })} onLine={(key) => setOpen({ kind: "line", key })} />
      )}
      <Said />
      {open?.kind === "pay" && <TenderDialog onClose={() => setOpen(undefined)} />}
      {open?.kind === "hold" && <HoldDialog onClose={() => setOpen(undefined)} />}
      {open?.kind === "held" && <HeldDialog onClose={() => setOpen(undefined)} />}
      {open?.kind === "line" && <LineDialog lineKey={open.key} onClose={() => setOpen(undefined)} />}
      {open?.kind === "unknown" && <UnknownDialog code={open.code} known={open.name} quantity={open.quantity} onClose={() => setOpen(undefined)} />}
    </main>
  );
}

/** Whether the float is asked for before anything is sold. A sale that is under way is finished first. */
function useFloat(): boolean {
  const { reached, marks } = live.value;
  const isOpen = till.value?.session != null;
  useEffect(() => {
    // Another screen may open or close the session: its record moves the mark.
    if (reached !== false) void loadTill();
  }, [reached, isOpen ? undefined : marks?.durable]);
  const isSelling = cart.value.lines.length > 0 || cart.value.sent !== undefined;
  return till.value?.asks_for_float === true && !isOpen && !sellsWithout.value && !isSelling && !training.value;
}

/** `3*code` is three of it. */
export function multiplied(typed: string): { text: string; quantity: string } {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*[*×]\s*(.*)$/.exec(typed);
  const many = match && parseQuantity(match[1]!);
  return many ? { text: match[2]!, quantity: many } : { text: typed, quantity: "1" };
}

interface Keys {
  found: number;
  at: number;
  typed: string;
  setAt: (at: number) => void;
  setOpen: (open: Open) => void;
  setTyped: (typed: string) => void;
}

/** Acts on a key of the till; false for every other key. */
function shortcut(event: KeyboardEvent, { found, at, typed, setAt, setOpen, setTyped }: Keys): boolean {
  const line = selected.value;
  const hasLines = cart.value.lines.length > 0;
  switch (event.key) {
    case "ArrowDown":
      setAt(Math.min(at + 1, Math.max(0, found - 1)));
      return true;
    case "ArrowUp":
      setAt(Math.max(at - 1, 0));
      return true;
    case "Escape":
      setTyped("");
      return true;
    case "F2":
      if (line) setOpen({ kind: "line", key: line });
      return true;
    case "F7":
      if (training.value) return true;
      setOpen({ kind: "held" });
      return true;
    case "F8":
      if (hasLines && !training.value) setOpen({ kind: "hold" });
      return true;
    case "F9":
      if (hasLines) setOpen({ kind: "pay" });
      return true;
    case "Delete":
      if (typed || !event.shiftKey || !hasLines) return false;
      clear();
      return true;
    default:
      return false;
  }
}

/** Reads the products at the start, and again when the node received changes. */
function useCatalogue(): void {
  const rows = live.value.sync?.rows;
  const reached = live.value.reached;
  useEffect(() => {
    if (reached === false) return;
    // Changes come in bursts.
    const timer = setTimeout(() => void load(), isComplete.value ? 1_500 : 0);
    return () => clearTimeout(timer);
  }, [rows, reached]);
}

function Notices() {
  const problem = failure.value;
  return (
    <>
      {training.value && (
        <Banner tone="warn" role="status">
          <b>{t("training-on")}</b> {t("training-detail")}
        </Banner>
      )}
      {cart.value.sent && (
        <Banner tone={sending.value ? "info" : "danger"} icon={sending.value ? "clock" : "alert"} role="alert">
          <b>{sending.value ? t("till-recording") : t("till-not-recorded")}</b>
          {!sending.value && (
            <>
              <p>{problem ? problemText(problem) : t("problem-unreachable")}</p>
              <p>{t("till-not-recorded-next")}</p>
              <Button kind="primary" onClick={() => void sendAgain()}>
                {t("till-send-again")}
              </Button>
            </>
          )}
        </Banner>
      )}
      {problem && !cart.value.sent && (
        <Failure problem={problem} />
      )}
      {changedPrices.value > 0 && (
        <Banner tone="info" role="status">
          {t("till-prices-changed", { number: count(changedPrices.value) })}{" "}
          <Button onClick={() => (changedPrices.value = 0)}>{t("close")}</Button>
        </Banner>
      )}
    </>
  );
}

function Found({ found, at, typed, onChoose }: { found: Product[]; at: number; typed: string; onChoose: (product: Product) => void }) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (at >= 0) list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  if (found.length === 0) {
    if (!isComplete.value && products.value.length === 0) return <p class="soft">{t("till-loading")}</p>;
    if (products.value.length === 0) {
      return (
        <Empty icon="basket" title={t("till-no-products")}>
          {t("till-no-products-next")}
        </Empty>
      );
    }
    return (
      <Empty icon="search" title={t("till-nothing-found", { typed })}>
        {t("till-nothing-found-next")}
      </Empty>
    );
  }
  return (
    <ul class={typed ? "tiles" : "tiles idle"} id="found" role="listbox" tabIndex={0} aria-label={t("till-products")} ref={list}>
      {found.map((product, index) => (
        <li
          key={product.id}
          id={`found-${index}`}
          role="option"
          aria-selected={index === at ? "true" : "false"}
          class={index === at ? "tile on" : "tile"}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onChoose(product)}
        >
          <span class="tile-name">{product.name}</span>
          <span class="tile-foot">
            <code>{product.id}</code>
            <b class="number">{product.price === undefined ? t("till-no-price") : money(amountOf("1", product.price, product.currency ?? cart.value.currency), product.currency ?? cart.value.currency)}</b>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** One polite line that says what the last key did. */
function Said() {
  const last = said.value;
  return (
    <p class="heard" role="status">
      {last?.name && t("till-said", { name: last.name, quantity: decimal(last.quantity ?? "1") })}
    </p>
  );
}

/** A code that no product has, or a product without a price: it can be sold at a price that the cashier types. */
function UnknownDialog({ code, known, quantity, onClose }: { code: string; known: string | undefined; quantity: string; onClose: () => void }) {
  const [name, setName] = useState(known ?? "");
  const [price, setPrice] = useState("");
  const parsed = parsePrice(price);
  const add = (): void => {
    if (parsed === undefined) return;
    sell({ id: code, name: name.trim() || code, price: parsed, currency: undefined, vatRate: undefined, category: undefined, eans: [], packs: [], lowStock: undefined, version: 0 }, quantity);
    onClose();
  };
  return (
    <Dialog title={known ? t("unknown-unpriced", { name: known }) : t("unknown-title", { code })} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        {!known && <p class="soft">{t("unknown-detail")}</p>}
        <Field label={t("unknown-name")} value={name} onValue={setName} maxLength={200} autofocus={!known} />
        <Field label={t("unknown-price", { currency: cart.value.currency })} value={price} onValue={setPrice} numeric autofocus={known !== undefined} error={price && parsed === undefined ? t("not-a-price") : undefined} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" disabled={parsed === undefined}>
            {t("unknown-add")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
