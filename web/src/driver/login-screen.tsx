import { useState } from "preact/hooks";
import { Banner, Button, Field } from "../design/components";
import { count, t } from "../lib/i18n";
import { enter, phone } from "./driver-state";

/** An enrolled phone whose user has to log in. What waits is on the phone, and is sent afterwards. */
export function LoginScreen({ waiting }: { waiting: number }) {
  const [login, setLogin] = useState(phone.value?.login ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  return (
    <main class="session">
      <form
        class="session-card card"
        onSubmit={(event) => {
          event.preventDefault();
          if (busy || !login.trim() || !password) return;
          setBusy(true);
          void enter(login, password).then((problem) => {
            setBusy(false);
            setFailed(problem);
          });
        }}
      >
        <div class="session-brand">
          <span class="brand-mark" aria-hidden="true" />
          <div>
            <h1>Comptoir</h1>
            <p class="soft">{t("driver-title")}</p>
          </div>
        </div>
        {waiting > 0 && <Banner tone="info">{t("driver-waiting-login", { number: count(waiting) })}</Banner>}
        <Field label={t("session-login")} value={login} onValue={setLogin} autoComplete="username" autoCapitalize="none" spellcheck={false} maxLength={64} required />
        <Field label={t("session-password")} value={password} onValue={setPassword} type="password" autoComplete="current-password" maxLength={128} required />
        {failed && (
          <Banner tone="danger" role="alert">
            {failed}
          </Banner>
        )}
        <Button type="submit" kind="primary" large busy={busy}>
          {t("session-enter")}
        </Button>
      </form>
    </main>
  );
}
