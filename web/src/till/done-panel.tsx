import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Icon } from "../design/components";
import { call } from "../lib/client";
import { money, t } from "../lib/i18n";
import { lazy } from "../lib/lazy";
import { problemText } from "../lib/problem-text";
import { usePrint } from "../receipts/print";
import { PrintOutcome } from "../receipts/print-mark";
import type { Problem } from "../lib/client";
import type { SoldEvent } from "./cart";
import { done } from "./sale";

const ReceiptPaper = lazy(() => import("../receipts/receipt-paper").then((module) => module.ReceiptPaper));

/** After the node's "ok": the change in large type, and the receipt as the log has it. The next scan begins the next sale. */
export function DonePanel() {
  const [sold, setSold] = useState<SoldEvent>();
  const [problem, setProblem] = useState<Problem>();
  const { id, givenMinor, changeMinor } = done.value!;
  useEffect(() => {
    void call("get", "/api/v1/events/{id}", { path: { id } }).then((answer) =>
      answer.ok ? setSold(answer.data as unknown as SoldEvent) : setProblem(answer.problem),
    );
  }, [id]);
  const print = usePrint(sold?.id);
  return (
    <section class="cart done" aria-label={t("done-label")}>
      <div class="done-head" role="status">
        <Icon name="check" />
        <div>
          <b>{t("done-recorded")}</b>
          {sold && <span class="soft"> {t("done-number", { number: `${sold.action === "TRAINING_SALE_RECORDED" ? t("training-series") : ""}${sold.epoch}-${sold.seq}` })}</span>}
        </div>
      </div>
      {sold && changeMinor > 0 && (
        <p class="done-change">
          <span>{t("tender-change")}</span>
          <b class="number">{money(changeMinor, sold.payload.currency)}</b>
          <span class="soft">{t("done-given", { amount: money(givenMinor, sold.payload.currency) })}</span>
        </p>
      )}
      {problem && (
        <Banner tone="warn">
          {t("done-unread")} {problemText(problem)}
        </Banner>
      )}
      <div class="done-paper" tabIndex={0} role="region" aria-label={t("receipt-label")}>
        {sold && <ReceiptPaper event={sold} copy={print.copy} />}
      </div>
      <div class="pay-bar">
        <PrintOutcome print={print} />
        <div class="pay-buttons two">
          <Button icon="print" large disabled={!sold} busy={print.busy} onClick={() => void print.print()}>
            {t("receipt-print")}
          </Button>
          <Button kind="primary" large onClick={() => (done.value = undefined)}>
            {t("done-next")}
          </Button>
        </div>
      </div>
    </section>
  );
}
