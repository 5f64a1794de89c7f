import { useState } from "preact/hooks";
import { Banner, Button, Field } from "../design/components";
import { Failure } from "../design/failure";
import { t } from "../lib/i18n";
import { useRequest } from "../lib/use-request";
import { signIn } from "./session";

const KEPT = "comptoir.office.login";

export function LoginScreen({ reason }: { reason: "idle" | "ended" | undefined }) {
  const [login, setLogin] = useState(localStorage.getItem(KEPT) ?? "");
  const [password, setPassword] = useState("");
  const { busy, problem, run } = useRequest();
  const enter = async (): Promise<void> => {
    const name = login.trim().toLowerCase();
    if (!name || !password) return;
    const done = await run(() => signIn(name, password));
    if (done === "busy") return;
    setPassword("");
    if (done === "done") localStorage.setItem(KEPT, name);
  };
  return (
    <main class="session">
      <div class="session-card card">
        <div class="session-brand">
          <span class="brand-mark" aria-hidden="true" />
          <div>
            <h1>Comptoir</h1>
            <p class="soft">{t("office-login-title")}</p>
          </div>
        </div>
        {reason && (
          <Banner tone="info" role="status">
            {reason === "idle" ? t("office-out-idle") : t("office-out-ended")}
          </Banner>
        )}
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void enter();
          }}
        >
          <Field label={t("office-login")} value={login} onValue={setLogin} autoComplete="username" autoCapitalize="none" spellcheck={false} maxLength={64} required autofocus={login === ""} />
          <Field label={t("office-password")} type="password" value={password} onValue={setPassword} autoComplete="current-password" maxLength={128} required autofocus={login !== ""} />
          <Failure problem={problem} text={problem?.code === "LOGIN_FAILED" ? t("office-login-failed") : undefined} />
          <Button type="submit" kind="primary" large busy={busy}>
            {t("office-enter")}
          </Button>
        </form>
      </div>
    </main>
  );
}
