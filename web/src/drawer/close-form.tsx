// The counted closing. Counting and closing are two steps: what the count comes to is shown before anything is recorded.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Field } from "../design/components";
import { Failure } from "../design/failure";
import { call, type Problem, type Schemas } from "../lib/client";
import { count as number, money, t } from "../lib/i18n";
import { go } from "../lib/router";
import { live } from "../lib/stream";
import { hasUnrecordedSale } from "../till/kept-cart";
import { done } from "../till/sale";
import { loadTill } from "../till/till-state";
import { CountFields, emptyCount, resultOf } from "./count-fields";

export function CloseForm({ session }: { session: Schemas["TillSession"] }) {
  const { currency, expected_minor: expected } = session;
  const [count, setCount] = useState(() => emptyCount(currency, "pieces"));
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [isHeldUp, setHeldUp] = useState(hasUnrecordedSale);
  useEffect(() => {
    const timer = setInterval(() => setHeldUp(hasUnrecordedSale()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const result = resultOf(count, currency);
  const difference = result && result.minor - expected;
  const unsent = live.value.queue?.pending ?? 0;
  const isReady = result !== undefined && (difference === 0 || reason.trim() !== "") && !isHeldUp;
  const close = async (): Promise<void> => {
    if (!isReady || busy) return;
    setBusy(true);
    const body = { number: session.number, counted_minor: result.minor, counted: result.counted, ...(reason.trim() ? { reason: reason.trim() } : {}) };
    const answer = await call("post", "/api/v1/till/close", { body });
    setBusy(false);
    if (answer.ok) {
      // The receipt of the last sale is not the next thing that the till shows.
      done.value = undefined;
      await loadTill();
      go(`/drawer/${answer.data.id}`);
      return;
    }
    setProblem(answer.problem);
    // A sale was recorded meanwhile, or another screen closed the session: the figures here follow.
    await loadTill();
  };
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault();
        void close();
      }}
    >
      <h2>{t("drawer-close-title", { number: number(session.number) })}</h2>
      <CountFields currency={currency} count={count} label={t("drawer-counted")} onCount={setCount} />
      <dl class="balance" aria-live="polite">
        <div>
          <dt>{t("drawer-counted")}</dt>
          <dd class="number">{result ? money(result.minor, currency) : "–"}</dd>
        </div>
        <div>
          <dt>{t("drawer-expected")}</dt>
          <dd class="number">{money(expected, currency)}</dd>
        </div>
        <div class={difference === 0 ? "good" : "warn"}>
          <dt>{t("drawer-difference")}</dt>
          <dd class="number">{difference === undefined ? "–" : money(difference, currency)}</dd>
        </div>
      </dl>
      {difference !== 0 && <Field label={t("drawer-difference-reason")} value={reason} maxLength={500} required onValue={setReason} />}
      {isHeldUp && (
        <Banner tone="danger" role="alert">
          {t("drawer-unrecorded")}
        </Banner>
      )}
      {unsent > 0 && <Banner tone="info">{t("drawer-unsent", { number: number(unsent) })}</Banner>}
      <Failure problem={problem} />
      <div class="actions">
        <Button onClick={() => go("/drawer")}>{t("cancel")}</Button>
        <Button kind="primary" large type="submit" busy={busy} disabled={!isReady}>
          {t("drawer-close")}
        </Button>
      </div>
    </form>
  );
}
