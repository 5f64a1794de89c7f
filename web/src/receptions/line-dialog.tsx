import { useState } from "preact/hooks";
import { Button, Dialog, Field } from "../design/components";
import { price as parsePrice } from "../lib/decimal";
import { editable, editablePrice, t } from "../lib/i18n";
import { seesCosts } from "../session/session-state";
import { quantityOrZero, type CountLine } from "./count";

interface Props {
  line: CountLine;
  /** Whether the line can be removed: what is expected stays. */
  isFree: boolean;
  currency: string | undefined;
  onClose: () => void;
  onSave: (fields: Partial<CountLine>) => void;
  onRemove: () => void;
}

/** Everything about one line: the count, what came damaged, lot and cost. */
export function LineDialog({ line, isFree, currency, onClose, onSave, onRemove }: Props) {
  const [counted, setCounted] = useState(editable(line.counted));
  const [damaged, setDamaged] = useState(editable(line.damaged));
  const [reason, setReason] = useState(line.reason);
  const [lot, setLot] = useState(line.lot);
  const [cost, setCost] = useState(editablePrice(line.unitCost));
  const [many, broken] = [quantityOrZero(counted), quantityOrZero(damaged)];
  const isCost = cost.trim() === "" || parsePrice(cost) !== undefined;
  const wantsReason = broken !== undefined && broken !== "0" && !reason.trim();
  const isValid = many !== undefined && broken !== undefined && isCost && !wantsReason;
  const save = (): void => {
    if (!isValid) return;
    onSave({ counted: many, damaged: broken, reason: reason.trim(), lot: lot.trim(), unitCost: parsePrice(cost) ?? "" });
  };
  return (
    <Dialog title={line.name} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <div class="two">
          <Field label={t("reception-counted")} value={counted} numeric autofocus onValue={setCounted} error={many === undefined ? t("not-a-quantity") : undefined} />
          <Field label={t("reception-damaged")} value={damaged} numeric onValue={setDamaged} error={broken === undefined ? t("not-a-quantity") : undefined} />
        </div>
        <Field label={t("reception-reason")} value={reason} onValue={setReason} maxLength={500} error={wantsReason ? t("reception-reason-wanted") : undefined} />
        <div class="two">
          <Field label={t("reception-lot")} value={lot} onValue={setLot} maxLength={64} autoComplete="off" />
          {seesCosts() && <Field label={t("reception-cost", { currency: currency ?? "" })} value={cost} numeric onValue={setCost} error={isCost ? undefined : t("not-a-price")} />}
        </div>
        <div class="actions">
          {isFree && (
            <Button kind="danger" icon="trash" onClick={onRemove}>
              {t("line-remove")}
            </Button>
          )}
          <Button kind="primary" type="submit" disabled={!isValid}>
            {t("line-save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
