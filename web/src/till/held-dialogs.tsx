import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Dialog, Empty, Field } from "../design/components";
import { clock, count, money, t } from "../lib/i18n";
import { problemText } from "../lib/problem-text";
import { emptyCart, totalMinor } from "./cart";
import { cart, failure, held, heldCart, hold, loadHeld, recall } from "./sale";

/** Puts the cart aside, with a word to find it again. */
export function HoldDialog({ onClose }: { onClose: () => void }) {
  const [label, setLabel] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    const done = await hold(label.trim() || t("held-unnamed"));
    setBusy(false);
    if (done) onClose();
  };
  return (
    <Dialog title={t("hold-title")} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label={t("hold-label")} value={label} onValue={setLabel} maxLength={60} autofocus />
        {failure.value && (
          <Banner tone="danger" role="alert">
            {problemText(failure.value)}
          </Banner>
        )}
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy}>
            {t("cart-hold")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The carts that were put aside, at any till of the shop. */
export function HeldDialog({ onClose }: { onClose: () => void }) {
  useEffect(() => void loadHeld(), []);
  const isFree = cart.value.lines.length === 0;
  return (
    <Dialog title={t("held-title")} closeLabel={t("close")} onClose={onClose}>
      {!isFree && <Banner tone="info">{t("held-busy")}</Banner>}
      {held.value.length === 0 ? (
        <Empty icon="pause" title={t("held-none")} />
      ) : (
        <ul class="rows">
          {held.value.map((form) => {
            const kept = heldCart(form);
            if (!kept) return null;
            const total = totalMinor({ ...emptyCart(kept.currency), lines: kept.lines });
            return (
              <li key={form.id}>
                <span class="row-main">
                  <b>{kept.label}</b>
                  <span class="soft small">{t("held-line", { at: clock(form.saved_at), lines_count: kept.lines.length, lines: count(kept.lines.length) })}</span>
                </span>
                <b class="number">{money(total, kept.currency)}</b>
                <Button disabled={!isFree} onClick={() => void recall(form).then((done) => done && onClose())}>
                  {t("held-recall")}
                </Button>
              </li>
            );
          })}
        </ul>
      )}
    </Dialog>
  );
}
