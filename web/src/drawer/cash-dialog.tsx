import { useState } from "preact/hooks";
import { Button, Choice, Dialog, Field } from "../design/components";
import { Failure } from "../design/failure";
import { send, type Problem, type Schemas } from "../lib/client";
import { minor } from "../lib/decimal";
import { t } from "../lib/i18n";
import { uuid7 } from "../lib/ids";
import { loadTill } from "../till/till-state";

/** Cash put into the drawer or taken out, with the reason. */
export function CashDialog({ currency, onClose }: { currency: string; onClose: () => void }) {
  const [id] = useState(uuid7);
  const [way, setWay] = useState<"out" | "in">("out");
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const amount = minor(typed, currency);
  const isValid = amount !== undefined && amount > 0 && reason.trim() !== "";
  const record = async (): Promise<void> => {
    if (!isValid || busy) return;
    setBusy(true);
    const body = { id, amount_minor: way === "in" ? amount : -amount, reason: reason.trim() };
    const answer = await send<Schemas["AppendResponse"]>("post", "/api/v1/till/cash", body);
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    await loadTill();
    onClose();
  };
  return (
    <Dialog title={t("drawer-cash")} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void record();
        }}
      >
        <Choice
          label={t("drawer-cash")}
          value={way}
          options={[
            { value: "out", label: t("drawer-cash-out"), icon: "minus" },
            { value: "in", label: t("drawer-cash-in"), icon: "plus" },
          ]}
          onChoose={setWay}
        />
        <Field label={t("drawer-amount", { currency })} value={typed} numeric autofocus error={typed && amount === undefined ? t("not-a-price") : undefined} onValue={setTyped} />
        <Field label={t("drawer-reason")} value={reason} maxLength={500} required onValue={setReason} />
        <Failure problem={problem} />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!isValid}>
            {t("drawer-cash-record")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
