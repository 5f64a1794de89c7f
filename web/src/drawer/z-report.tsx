import { useEffect, useState } from "preact/hooks";
import { Button } from "../design/components";
import { Failure } from "../design/failure";
import { call, type Problem } from "../lib/client";
import { count, t } from "../lib/i18n";
import { go } from "../lib/router";
import { live } from "../lib/stream";
import { usePrint } from "../receipts/print";
import { PrintOutcome } from "../receipts/print-mark";
import { StatusBadge } from "../receipts/status-badge";
import type { ClosingEvent } from "./report";
import { ZPaper } from "./report-paper";

/** A Z report, from the record in the log. */
export function ZReport({ id }: { id: string }) {
  const [event, setEvent] = useState<ClosingEvent>();
  const [problem, setProblem] = useState<Problem>();
  const acked = live.value.marks?.acked;
  useEffect(() => {
    void call("get", "/api/v1/events/{id}", { path: { id } }).then((answer) => {
      if (answer.ok && answer.data.action === "TILL_CLOSED") setEvent(answer.data as unknown as ClosingEvent);
      else setProblem(answer.ok ? { code: "NOT_FOUND", status: 404, title: "", detail: "", retryable: false } : answer.problem);
    });
  }, [id, acked]);
  const print = usePrint(event?.id);
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <div class="screen-head">
        <Button kind="plain" icon="back" onClick={() => go("/drawer")}>
          {t("nav-drawer")}
        </Button>
        <h1 class="heard">{event ? t("report-z", { number: count(event.payload.number) }) : t("drawer-closing")}</h1>
        {event && <StatusBadge status={event.status ?? undefined} />}
      </div>
      <Failure problem={problem} />
      {event && (
        <>
          <div class="actions">
            <Button kind="primary" icon="print" busy={print.busy} onClick={() => void print.print()}>
              {t("receipt-print")}
            </Button>
          </div>
          <PrintOutcome print={print} />
          <ZPaper event={event} copy={print.copy} />
        </>
      )}
    </main>
  );
}
