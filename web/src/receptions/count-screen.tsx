// Counting what came. The input is always ready: a scan counts one more at once, and every number can be typed.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Badge, Button, Dialog, Empty, Field, IconButton } from "../design/components";
import { Failure } from "../design/failure";
import { Finder, Progress } from "../design/finder";
import { call, type Problem } from "../lib/client";
import { addQuantities, compareQuantities } from "../lib/decimal";
import { count as countText, decimal, editable, t } from "../lib/i18n";
import { DraftState } from "../lib/draft-state";
import { useKeys } from "../lib/keys";
import { go } from "../lib/router";
import { draftOf, SavedDraft } from "../lib/saved-draft";
import { useShopData } from "../lib/shop-data";
import { byExactCode, byPackCode, products, search } from "../till/catalogue";
import { Burst } from "../till/scanner";
import { multiplied } from "../till/till-screen";
import { changed, join, keepSurplus, progressOf, quantityOrZero, scan, times, withoutLine, type Count, type CountLine } from "./count";
import { FinishDialog } from "./finish-dialog";
import { LineDialog } from "./line-dialog";

type Goods = { id: string; name: string };
type Open =
  | { kind: "surplus"; line: CountLine; quantity: string }
  | { kind: "unexpected"; goods: Goods; quantity: string; isKnown: boolean }
  | { kind: "line"; key: string }
  | { kind: "finish" }
  | { kind: "give-up" };

/** A scan is saved soon: counting again costs more than a request to the shop's own node. */
const SAVED_AFTER = 800;

export function CountScreen({ id }: { id: string }) {
  const [start, setStart] = useState<Count>();
  const [draft, setDraft] = useState<SavedDraft<Count>>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    let opened: SavedDraft<Count> | undefined;
    void call("get", "/api/v1/saved-forms/{id}", { path: { id } }).then((found) => {
      const count = found.ok ? draftOf<Count>(found.data) : undefined;
      if (!found.ok) setProblem(found.problem);
      if (!found.ok || !count) return;
      opened = new SavedDraft<Count>(id, { entityType: "RECEPTION", action: "GOODS_RECEIVED" }, SAVED_AFTER, found.data.etag);
      setStart(count);
      setDraft(opened);
    });
    return () => opened?.stop();
  }, [id]);
  if (start && draft) return <Counting start={start} draft={draft} />;
  return (
    <main class="screen" id="content" tabIndex={-1} aria-busy={problem ? undefined : "true"}>
      <h1>{t("nav-receptions")}</h1>
      <Failure problem={problem} text={problem?.code === "NOT_FOUND" ? t("draft-gone") : undefined} />
    </main>
  );
}

function Counting({ start, draft }: { start: Count; draft: SavedDraft<Count> }) {
  useShopData({ stock: false });
  const [count, setCount] = useState(start);
  const [last, setLast] = useState<string>();
  const [said, setSaid] = useState("");
  const [open, setOpen] = useState<Open>();
  const input = useRef<HTMLInputElement>(null);
  const burst = useRef(new Burst());
  // A scanner is faster than a rendering.
  const latest = useRef(count);
  const become = (next: Count): void => {
    latest.current = next;
    setCount(next);
    draft.change(next);
  };
  const counted = (next: Count, line: CountLine): void => {
    become(next);
    setLast(line.key);
    setSaid(t("reception-said", { name: line.name, quantity: decimal(line.counted) }));
  };
  const take = (goods: Goods, quantity: string, isKnown: boolean): void => {
    const scanned = scan(latest.current, goods, quantity);
    if (scanned.kind === "counted" && (isKnown || latest.current.lines.some((line) => line.product === goods.id))) counted(scanned.count, scanned.line);
    else if (scanned.kind === "surplus") setOpen({ kind: "surplus", line: scanned.line, quantity });
    else setOpen({ kind: "unexpected", goods, quantity, isKnown });
  };
  /** Goods of a whole code: a product's, a pack's, or what is counted already. */
  const goodsOf = (code: string): { goods: Goods; each: string } | undefined => {
    const pack = byPackCode(code);
    if (pack) return { goods: pack.product, each: pack.quantity };
    const line = latest.current.lines.find((one) => one.product.toLowerCase() === code.toLowerCase());
    const product = byExactCode(code) ?? (line && { id: line.product, name: line.name });
    return product && { goods: product, each: "1" };
  };
  /** A whole code, from the input or from a scanner that typed elsewhere. */
  const takeCode = (typed: string): boolean => {
    const { text, quantity } = multiplied(typed);
    const code = text.trim();
    // Keys of a scanner that was set for another keyboard: their places say which digits were meant.
    const scanned = burst.current.finish(performance.now());
    const found = goodsOf(code) ?? (scanned === undefined ? undefined : goodsOf(scanned));
    if (found) {
      take(found.goods, times(quantity, found.each), true);
      return true;
    }
    if (!/^\d{8,}$/.test(code) && search(products.value, code).length > 0) return false;
    take({ id: code, name: code }, quantity, false);
    return true;
  };
  useKeys((event) => {
    if (open || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (event.key === "F9") {
      event.preventDefault();
      setOpen({ kind: "finish" });
    } else if (event.key.length === 1 && event.key !== " " && !target.closest("input, textarea, select, dialog")) {
      input.current?.focus();
    }
  });
  useLayoutEffect(() => {
    if (open) return;
    // A dialog that closed gave the focus back while the page was still inert: the input has it, and takes no text.
    input.current?.blur();
    input.current?.focus({ preventScroll: true });
  }, [open === undefined]);
  const { done, of } = progressOf(count);
  const isElsewhere = draft.state.value.kind === "elsewhere";
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <div>
          <h1>{count.orderName ?? t("reception-free")}</h1>
          <p class="soft">
            {count.supplier} {count.blind && <Badge tone="info">{t("reception-way-blind")}</Badge>}
          </p>
        </div>
        <DraftState
          draft={draft}
          onTheirs={(theirs) => {
            latest.current = theirs;
            setCount(theirs);
          }}
        />
      </div>
      {of > 0 && !count.blind && <Progress done={done} of={of} label={t("reception-progress", { done: countText(done), of: countText(of) })} />}
      <Finder
        label={t("reception-scan")}
        input={input}
        find={(typed) => search(products.value, multiplied(typed).text, 8)}
        keyOf={(product) => product.id}
        onChoose={(product) => take(product, multiplied(input.current?.value ?? "").quantity, true)}
        onKey={(event) => event.key !== "Enter" && burst.current.press(event.key, event.code, performance.now())}
        onEnter={takeCode}
        none={(typed) => t("reception-unknown-hint", { typed })}
      >
        {(product) => (
          <>
            <b>{product.name}</b> <code class="soft">{product.id}</code>
          </>
        )}
      </Finder>
      <p class={said ? "said" : "heard"} role="status">
        {said}
      </p>
      {count.lines.length === 0 ? (
        <Empty icon="boxes" title={t("reception-empty")}>
          {t("reception-empty-next")}
        </Empty>
      ) : (
        <ol class="count-lines">
          {count.lines.map((line) => (
            <Line
              key={line.key}
              line={line}
              isBlind={count.blind}
              isLast={line.key === last}
              burst={burst.current}
              onCounted={(quantity) => become(changed(latest.current, line.key, { counted: quantity }).count)}
              onScan={takeCode}
              onOpen={() => setOpen({ kind: "line", key: line.key })}
              onEnd={() => input.current?.focus()}
            />
          ))}
        </ol>
      )}
      <div class="bar">
        <Button icon="trash" onClick={() => setOpen({ kind: "give-up" })}>
          {t("draft-give-up")}
        </Button>
        <Button kind="primary" large shortcut="F9" disabled={count.lines.length === 0 || isElsewhere} onClick={() => setOpen({ kind: "finish" })}>
          {t("reception-finish")}
        </Button>
      </div>
      {open?.kind === "surplus" && (
        <AskDialog
          title={t("reception-surplus-title", { name: open.line.name })}
          detail={t("reception-surplus-detail", { expected: decimal(open.line.expected ?? "0"), counted: decimal(addQuantities(open.line.counted, open.quantity)) })}
          confirm={t("reception-surplus-keep")}
          onClose={() => setOpen(undefined)}
          onConfirm={() => {
            const kept = keepSurplus(latest.current, open.line.key, open.quantity);
            if (kept.kind === "counted") counted(kept.count, kept.line);
            setOpen(undefined);
          }}
        />
      )}
      {open?.kind === "unexpected" && (
        <UnexpectedDialog
          goods={open.goods}
          isKnown={open.isKnown}
          onClose={() => setOpen(undefined)}
          onJoin={(name) => {
            const joined = join(latest.current, { id: open.goods.id, name }, open.quantity);
            if (joined.kind === "counted") counted(joined.count, joined.line);
            setOpen(undefined);
          }}
        />
      )}
      {open?.kind === "line" && (
        <LineDialog
          line={count.lines.find((line) => line.key === open.key)!}
          isFree={count.order === undefined || count.lines.find((line) => line.key === open.key)?.expected === undefined}
          currency={count.currency}
          onClose={() => setOpen(undefined)}
          onSave={(fields) => {
            become(changed(latest.current, open.key, fields).count);
            setOpen(undefined);
          }}
          onRemove={() => {
            become(withoutLine(latest.current, open.key));
            setOpen(undefined);
          }}
        />
      )}
      {open?.kind === "finish" && <FinishDialog count={count} draft={draft} onChange={become} onClose={() => setOpen(undefined)} />}
      {open?.kind === "give-up" && (
        <AskDialog
          title={t("draft-give-up-title")}
          detail={t("reception-give-up-detail")}
          confirm={t("draft-give-up")}
          onClose={() => setOpen(undefined)}
          onConfirm={() => void draft.remove().then((failed) => (failed ? setOpen(undefined) : go("/receptions")))}
        />
      )}
    </main>
  );
}

interface LineProps {
  line: CountLine;
  isBlind: boolean;
  isLast: boolean;
  burst: Burst;
  onCounted: (quantity: string) => void;
  onScan: (code: string) => boolean;
  onOpen: () => void;
  /** After the last line, Enter goes back to the input. */
  onEnd: () => void;
}

function Line({ line, isBlind, isLast, burst, onCounted, onScan, onOpen, onEnd }: LineProps) {
  const row = useRef<HTMLLIElement>(null);
  const [typed, setTyped] = useState<string>();
  useEffect(() => {
    if (isLast) row.current?.scrollIntoView({ block: "nearest" });
  }, [isLast, line.counted]);
  const shown = typed ?? editable(line.counted);
  const parsed = typed === undefined ? line.counted : quantityOrZero(typed);
  const settle = (): void => {
    if (typed !== undefined && parsed !== undefined) onCounted(parsed);
    setTyped(undefined);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key !== "Enter") {
      burst.press(event.key, event.code, performance.now());
      return;
    }
    event.preventDefault();
    const code = burst.finish(performance.now());
    // A scanner typed into the number: its code is goods, and the number stays as it was.
    if (code && /^\d{8,}$/.test(code)) {
      setTyped(undefined);
      onScan(code);
      return;
    }
    settle();
    const fields = [...document.querySelectorAll<HTMLInputElement>(".count-lines .input")];
    const next = fields[fields.indexOf(event.currentTarget as HTMLInputElement) + 1];
    if (next) next.focus();
    else onEnd();
  };
  const step = (by: string): void => {
    const next = addQuantities(line.counted, by);
    onCounted(compareQuantities(next, "0") < 0 ? "0" : next);
  };
  return (
    <li class={isLast ? "count-line on" : "count-line"} ref={row}>
      <button type="button" class="line-text" onClick={onOpen}>
        <span class="line-name">{line.name}</span>
        <span class="soft small">
          <code>{line.product}</code>
          {line.lot && ` · ${t("reception-lot-is", { lot: line.lot })}`}
          {line.damaged !== "0" && ` · ${t("reception-damaged-is", { quantity: decimal(line.damaged) })}`}
        </span>
      </button>
      <span class="count-figures">
        <IconButton icon="minus" label={t("cart-less", { name: line.name })} disabled={line.counted === "0"} onClick={() => step("-1")} />
        <input
          class="input number"
          inputMode="decimal"
          aria-label={t("reception-counted-of", { name: line.name })}
          aria-invalid={parsed === undefined ? "true" : undefined}
          value={shown}
          onFocus={(event) => event.currentTarget.select()}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onBlur={settle}
          onKeyDown={press}
        />
        <IconButton icon="plus" label={t("cart-more", { name: line.name })} onClick={() => step("1")} />
        {!isBlind && <Expected line={line} />}
      </span>
    </li>
  );
}

function Expected({ line }: { line: CountLine }) {
  if (line.expected === undefined) return <Badge tone="warn">{t("reception-unexpected")}</Badge>;
  const over = compareQuantities(addQuantities(line.counted, line.damaged), line.expected);
  const text = t("reception-of", { expected: decimal(line.expected) });
  if (over === 0) {
    return (
      <Badge tone="good" icon="check">
        {text}
      </Badge>
    );
  }
  return <Badge tone={over > 0 ? "warn" : "quiet"}>{text}</Badge>;
}

export function AskDialog({ title, detail, confirm, onClose, onConfirm }: { title: string; detail: string; confirm: string; onClose: () => void; onConfirm: () => void }) {
  return (
    <Dialog title={title} closeLabel={t("close")} onClose={onClose}>
      <p>{detail}</p>
      <div class="actions">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button kind="primary" autofocus onClick={onConfirm}>
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}

/** Goods that are not on the order, or that no product of head office is: asked once, then they are a line like the others. */
function UnexpectedDialog({ goods, isKnown, onClose, onJoin }: { goods: Goods; isKnown: boolean; onClose: () => void; onJoin: (name: string) => void }) {
  const [name, setName] = useState(isKnown ? goods.name : "");
  return (
    <Dialog title={isKnown ? t("reception-unexpected-title", { name: goods.name }) : t("unknown-title", { code: goods.id })} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onJoin(name.trim() || goods.id);
        }}
      >
        <p>{isKnown ? t("reception-unexpected-detail") : t("reception-unknown-detail")}</p>
        {!isKnown && <Field label={t("unknown-name")} value={name} onValue={setName} maxLength={200} autofocus />}
        <div class="actions">
          <Button onClick={onClose}>{t("reception-leave-out")}</Button>
          <Button kind="primary" type="submit" autofocus={isKnown}>
            {t("reception-join")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
