import { useEffect, useState } from "preact/hooks";
import { Badge, Button, Empty, Field } from "../design/components";
import { Failure } from "../design/failure";
import { call, type Problem } from "../lib/client";
import { moment, money, t } from "../lib/i18n";
import { go } from "../lib/router";
import { live } from "../lib/stream";
import type { SoldEvent } from "../till/cart";
import { StatusBadge } from "./status-badge";

const PAGE = 50;

/** The sales of this node, newest first. A receipt is found by its number, or by scanning its code. */
export function ReceiptsScreen() {
  const [rows, setRows] = useState<SoldEvent[]>();
  const [next, setNext] = useState<string | undefined>();
  const [problem, setProblem] = useState<Problem>();
  const [number, setNumber] = useState("");
  const read = async (cursor?: string): Promise<void> => {
    const answer = await call("get", "/api/v1/sales", { query: cursor ? { limit: PAGE, cursor } : { limit: PAGE } });
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    setProblem(undefined);
    const page = answer.data.rows as unknown as SoldEvent[];
    setRows((before) => (cursor ? [...(before ?? []), ...page] : page));
    setNext(answer.data.next_cursor ?? undefined);
  };
  const { durable, acked } = live.value.marks ?? {};
  useEffect(() => {
    // What is further down stays: only the first page is read again.
    if ((rows?.length ?? 0) <= PAGE) void read();
  }, [durable, acked, live.value.reached]);
  const open = (): void => {
    const id = receiptOf(number);
    if (id) go(`/receipts/${id}`);
  };
  return (
    <main class="screen" id="content" tabIndex={-1}>
      <div class="screen-head">
        <h1>{t("nav-receipts")}</h1>
        <form
          class="inline"
          onSubmit={(event) => {
            event.preventDefault();
            open();
          }}
        >
          <Field label={t("receipts-find")} value={number} onValue={setNumber} placeholder="1-123" autoComplete="off" />
          <Button type="submit" icon="search" disabled={!receiptOf(number)}>
            {t("receipts-open")}
          </Button>
        </form>
      </div>
      <Failure problem={problem} />
      {rows?.length === 0 && (
        <Empty icon="receipt" title={t("receipts-none")}>
          {t("receipts-none-next")}
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{t("receipts-number")}</th>
              <th scope="col">{t("receipts-at")}</th>
              <th scope="col" class="wide-only">
                {t("receipts-lines")}
              </th>
              <th scope="col" class="number">
                {t("receipts-amount")}
              </th>
              <th scope="col">{t("receipts-state")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} class="link" onClick={() => go(`/receipts/${row.id}`)}>
                <td>
                  <a href={`#/receipts/${row.id}`}>
                    {row.epoch}-{row.seq}
                  </a>
                </td>
                <td>{moment(row.occurred_at)}</td>
                <td class="wide-only soft">{summary(row)}</td>
                <td class="number">
                  {row.action !== "SALE_RECORDED" && <Badge tone="warn">{t("paper-refund")}</Badge>} {money(row.payload.total_minor, row.payload.currency)}
                </td>
                <td>
                  <StatusBadge status={row.status ?? undefined} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {next && <Button onClick={() => void read(next)}>{t("receipts-more")}</Button>}
    </main>
  );
}

function summary(row: SoldEvent): string {
  const names = (row.payload.lines ?? []).slice(0, 2).map((line) => line.description ?? line.product);
  const rest = (row.payload.lines?.length ?? 0) - names.length;
  return names.join(", ") + (rest > 0 ? ` +${rest}` : "");
}

/** Where the epoch (4 bytes) and the seq (8 bytes) begin among the 61 bytes of a receipt's code. */
const EPOCH_AT = 33;
const CODE_BYTES = 61;

/** The number as it is printed, or what a scanner reads from the code. */
function receiptOf(text: string): string | undefined {
  const code = /\/r\/([\w-]{82})$/.exec(text.trim())?.[1];
  if (code) {
    const bytes = Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return bytes.length === CODE_BYTES ? `${view.getUint32(EPOCH_AT)}-${view.getBigUint64(EPOCH_AT + 4)}` : undefined;
  }
  return /^\d+-\d+$/.test(text.trim()) ? text.trim() : undefined;
}
