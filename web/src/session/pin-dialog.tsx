import { useState } from "preact/hooks";
import { Button, Dialog, Field } from "../design/components";
import { t } from "../lib/i18n";
import { useRequest } from "../lib/use-request";
import { Failed } from "./session-screen";
import { setPin } from "./session-state";

/** Chooses the PIN of the person who is signed in, for this node. The password proves who that is. */
export function PinDialog({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [pin, setDigits] = useState("");
  const { busy, problem, run } = useRequest();
  const isPin = /^\d{4,8}$/.test(pin);
  const save = async (): Promise<void> => {
    if (isPin && (await run(() => setPin(password, pin))) === "done") onClose();
  };
  return (
    <Dialog title={t("pin-title")} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label={t("session-password")} type="password" value={password} onValue={setPassword} name="password" autoComplete="current-password" required autofocus />
        <Field label={t("pin-new")} type="password" numeric value={pin} onValue={setDigits} autoComplete="off" maxLength={8} required error={pin && !isPin ? t("pin-wrong") : undefined} />
        <Failed problem={problem} signingIn />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={!password || !isPin}>
            {t("pin-save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
