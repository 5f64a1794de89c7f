import { useState } from "preact/hooks";
import { Banner, Button } from "../design/components";
import { Failure } from "../design/failure";
import { call, type Problem } from "../lib/client";
import { money, t } from "../lib/i18n";
import { mayRecord } from "../session/session-state";
import { loadTill, shopCurrency, till } from "../till/till-state";
import { CountFields, emptyCount, resultOf } from "./count-fields";

/** Opens a session with the cash that is in the drawer. `onLater`: sells without one. */
export function OpenForm({ onLater }: { onLater?: () => void }) {
  const currency = shopCurrency.value;
  const [count, setCount] = useState(() => emptyCount(currency, "amount"));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const float = resultOf(count, currency);
  const open = async (): Promise<void> => {
    if (!float || busy) return;
    setBusy(true);
    const answer = await call("post", "/api/v1/till/open", { body: { float_minor: float.minor, counted: float.counted } });
    setBusy(false);
    if (answer.ok) till.value = answer.data;
    else {
      setProblem(answer.problem);
      // Another screen was faster: this one shows the session that is open.
      if (answer.problem.code === "TILL_ALREADY_OPEN") await loadTill();
    }
  };
  if (!mayRecord("TILL_OPENED", "TILL_SESSION")) {
    return (
      <div class="stack">
        <h2>{t("drawer-closed")}</h2>
        <Banner tone="info">{t("drawer-may-not-open")}</Banner>
        {onLater && <Button onClick={onLater}>{t("drawer-later")}</Button>}
      </div>
    );
  }
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
    >
      <h2>{t("drawer-open-title")}</h2>
      <p class="soft">{t("drawer-open-detail")}</p>
      <CountFields currency={currency} count={count} label={t("drawer-float")} onCount={setCount} />
      {count.way === "pieces" && float && (
        <p class="sum">
          <span class="soft">{t("drawer-float")}</span>
          <b class="number">{money(float.minor, currency)}</b>
        </p>
      )}
      <Failure problem={problem} />
      <div class="actions">
        {onLater && <Button onClick={onLater}>{t("drawer-later")}</Button>}
        <Button kind="primary" large type="submit" busy={busy} disabled={!float}>
          {t("drawer-open")}
        </Button>
      </div>
    </form>
  );
}
