// How a sale is paid. Cash may be more than is due: the change is shown large. Several payments may share the total.
import { useState } from "preact/hooks";
import { Button, Choice, Dialog, Field, IconButton } from "../design/components";
import { Failure } from "../design/failure";
import { minor, minorDigits, unscaled } from "../lib/decimal";
import { money, t } from "../lib/i18n";
import { useKeys } from "../lib/keys";
import { methodName } from "./method-name";
import { type Method, type Payment } from "./cart";
import { cart, failure, pay, sending, total } from "./sale";

const METHODS: readonly Method[] = ["cash", "card", "cheque", "account"];

export function TenderDialog({ onClose }: { onClose: () => void }) {
  const { currency } = cart.value;
  const [payments, setPayments] = useState<Payment[]>([]);
  const [method, setMethod] = useState<Method>("cash");
  const [typed, setTyped] = useState("");
  const paid = payments.reduce((sum, payment) => sum + payment.amountMinor, 0);
  const due = Math.max(0, total.value - paid);
  const amount = typed.trim() === "" ? due : minor(typed, currency);
  const isTooMuch = method !== "cash" && amount !== undefined && amount > due;
  const after = amount === undefined ? due : due - amount;
  const error = amount === undefined ? t("not-a-price") : isTooMuch ? t("tender-too-much") : undefined;

  const enter = async (): Promise<void> => {
    if (amount === undefined || isTooMuch || (amount === 0 && due > 0)) return;
    const all = amount > 0 ? [...payments, { method, amountMinor: amount }] : payments;
    if (after > 0) {
      setPayments(all);
      setTyped("");
      return;
    }
    if (await pay(all)) onClose();
    // Paid, and the node did not say that it has it: the till says so, and keeps the sale.
    else if (cart.value.sent) onClose();
  };
  useKeys((event) => {
    const chosen = METHODS[["F1", "F2", "F3", "F4"].indexOf(event.key)];
    if (!chosen) return;
    event.preventDefault();
    setMethod(chosen);
  });

  return (
    <Dialog title={t("tender-title")} closeLabel={t("close")} wide onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <p class="due">
          <span class="soft">{payments.length > 0 ? t("tender-rest") : t("tender-due")}</span>
          <b class="number">{money(due, currency)}</b>
        </p>
        {payments.length > 0 && (
          <ul class="rows">
            {payments.map((payment, at) => (
              <li key={at}>
                <span class="row-main">{methodName(payment.method)}</span>
                <b class="number">{money(payment.amountMinor, currency)}</b>
                <IconButton icon="trash" label={t("tender-remove", { method: methodName(payment.method) })} onClick={() => setPayments(payments.filter((_, other) => other !== at))} />
              </li>
            ))}
          </ul>
        )}
        <Choice label={t("tender-method")} value={method} options={METHODS.map((value) => ({ value, label: methodName(value) }))} onChoose={setMethod} />
        <Field
          label={method === "cash" ? t("tender-given") : t("tender-amount")}
          value={typed}
          numeric
          placeholder={unscaled(BigInt(due), minorDigits(currency))}
          autofocus
          error={error}
          onValue={setTyped}
        />
        {method === "cash" && due > 0 && (
          <div class="choice" role="group" aria-label={t("tender-quick")}>
            {quickAmounts(due, currency).map((quick) => (
              <Button key={quick} onClick={() => setTyped(unscaled(BigInt(quick), minorDigits(currency)))}>
                {money(quick, currency)}
              </Button>
            ))}
          </div>
        )}
        <p class="change" role="status" data-change={after < 0 ? -after : 0}>
          {after < 0 ? (
            <>
              <span>{t("tender-change")}</span> <b class="number">{money(-after, currency)}</b>
            </>
          ) : after > 0 ? (
            <span class="soft">{t("tender-remains", { amount: money(after, currency) })}</span>
          ) : (
            <span class="soft">{t("tender-exact")}</span>
          )}
        </p>
        <Failure problem={failure.value} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" large type="submit" shortcut="↵" busy={sending.value} disabled={error !== undefined}>
            {after > 0 ? t("tender-add") : t("tender-record")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What people hand over: the exact amount, then the next note and the ones above it. */
export function quickAmounts(due: number, currency: string): number[] {
  const unit = 10 ** minorDigits(currency);
  const rounded = [1, 5, 10, 20, 50, 100].map((note) => Math.ceil(due / (note * unit)) * note * unit);
  return [...new Set([due, ...rounded])].sort((one, other) => one - other).slice(0, 6);
}
