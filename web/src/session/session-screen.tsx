import { useState } from "preact/hooks";
import { Banner, Button, Choice, Field, PinPad } from "../design/components";
import { Failure } from "../design/failure";
import type { Problem } from "../lib/client";
import { t } from "../lib/i18n";
import { useRequest } from "../lib/use-request";
import { isLocked, knownLogins, knowsUsers, rememberLogin, session, signInWithKey, signInWithPassword, signInWithPin, signOut, unlock } from "./session-state";

const PIN_DIGITS_MAX = 8;

/** Signing in: a person with a PIN or a password; a local key as the small second way. */
export function SessionScreen() {
  if (isLocked.value) return <Locked />;
  return (
    <main class="session">
      <div class="session-card card">
        <Brand />
        {knowsUsers.value === false ? <KeyForm alone /> : <UserForm />}
        {knowsUsers.value !== false && (
          <details class="session-key">
            <summary>{t("session-with-key")}</summary>
            <KeyForm />
          </details>
        )}
      </div>
    </main>
  );
}

function Brand() {
  return (
    <div class="session-brand">
      <span class="brand-mark" aria-hidden="true" />
      <div>
        <h1>Comptoir</h1>
        <p class="soft">{t("session-title")}</p>
      </div>
    </div>
  );
}

export function Failed({ problem, signingIn }: { problem: Problem | undefined; signingIn?: boolean }) {
  const isRefused = signingIn && problem && ["UNAUTHORIZED", "LOGIN_FAILED"].includes(problem.code);
  return <Failure problem={problem} text={isRefused ? t("session-refused") : undefined} />;
}

function UserForm() {
  const known = knownLogins();
  const [login, setLogin] = useState(known[0] ?? "");
  const [way, setWay] = useState<"pin" | "password">(known.length > 0 ? "pin" : "password");
  const [password, setPassword] = useState("");
  const [pin, setPin] = useState("");
  const { busy, problem, run } = useRequest();
  const enter = async (): Promise<void> => {
    const name = login.trim().toLowerCase();
    if (!name) return;
    const done = await run(() => (way === "pin" ? signInWithPin(name, pin) : signInWithPassword(name, password)));
    setPin("");
    setPassword("");
    if (done === "done") rememberLogin(name);
    // A PIN is not enough: too long without contact, too many attempts, or none was chosen here.
    else if (done !== "busy" && done.code === "PASSWORD_REQUIRED") setWay("password");
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void enter();
      }}
    >
      {known.length > 0 && (
        <Choice label={t("session-who")} value={login} options={known.map((name) => ({ value: name, label: name, icon: "person" as const }))} onChoose={setLogin} />
      )}
      <Field label={t("session-login")} value={login} onValue={setLogin} name="username" autoComplete="username" required autoCapitalize="none" spellcheck={false} />
      <Choice
        label={t("session-way")}
        value={way}
        options={[
          { value: "pin", label: t("session-pin") },
          { value: "password", label: t("session-password") },
        ]}
        onChoose={setWay}
      />
      {way === "pin" ? (
        <PinPad
          value={pin}
          digitsMax={PIN_DIGITS_MAX}
          label={t("session-pin")}
          eraseLabel={t("session-erase")}
          confirmLabel={t("session-enter")}
          busy={busy}
          onValue={setPin}
          onConfirm={() => void enter()}
        />
      ) : (
        <>
          <Field label={t("session-password")} type="password" value={password} onValue={setPassword} name="password" autoComplete="current-password" required />
          <Button type="submit" kind="primary" large busy={busy} disabled={!login.trim() || !password}>
            {t("session-enter")}
          </Button>
        </>
      )}
      <Failed problem={problem} signingIn />
    </form>
  );
}

function KeyForm({ alone }: { alone?: boolean }) {
  const [key, setKey] = useState("");
  const { busy, problem, run } = useRequest();
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void run(() => signInWithKey(key.replace(/^authorization:\s*bearer\s*/i, "")));
      }}
    >
      {/* A password manager keeps a key like a password, under a name. */}
      <input class="heard" name="username" autoComplete="username" value="comptoir" readOnly tabIndex={-1} aria-hidden="true" />
      <Field label={t("session-key")} type="password" value={key} onValue={setKey} name="password" autoComplete="current-password" required />
      <p class="soft small">{t("session-key-hint")}</p>
      <Button type="submit" kind={alone ? "primary" : "normal"} large={alone ?? false} busy={busy} disabled={!key.trim()}>
        {t("session-enter")}
      </Button>
      <Failed problem={problem} signingIn />
    </form>
  );
}

/** A locked screen: its person opens it again, or another one who is known here takes over, each with a PIN or a password. */
function Locked() {
  const who = session.value.state === "in" ? session.value.who : undefined;
  const own = who?.login;
  const people = [...new Set([...(own ? [own] : []), ...knownLogins()])];
  const [login, setLogin] = useState(own ?? people[0] ?? "");
  const isOwn = login === own || own === undefined;
  const [way, setWay] = useState<"pin" | "password">(isOwn && !who?.takesPin ? "password" : "pin");
  const [pin, setPin] = useState("");
  const [password, setPassword] = useState("");
  const { busy, problem, run } = useRequest();
  const choose = (name: string): void => {
    setLogin(name);
    setPin("");
    setWay(name === own && !who?.takesPin ? "password" : "pin");
  };
  const enter = async (): Promise<void> => {
    const done = await run(() => {
      if (isOwn) return unlock(way === "pin" ? { pin } : { password });
      return way === "pin" ? signInWithPin(login, pin) : signInWithPassword(login, password);
    });
    setPin("");
    setPassword("");
    if (done === "done") {
      if (login) rememberLogin(login);
    } else if (done !== "busy" && done.code === "PASSWORD_REQUIRED") setWay("password");
  };
  return (
    <main class="session">
      <form
        class="session-card card"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <Brand />
        <Banner tone="info" icon="lock">
          {who?.name ? t("session-locked-by", { name: who.name }) : t("session-locked")}
        </Banner>
        {people.length > 1 && (
          <Choice label={t("session-who")} value={login} options={people.map((name) => ({ value: name, label: name, icon: "person" as const }))} onChoose={choose} />
        )}
        <Choice
          label={t("session-way")}
          value={way}
          options={[
            { value: "pin", label: t("session-pin") },
            { value: "password", label: t("session-password") },
          ]}
          onChoose={setWay}
        />
        {way === "pin" ? (
          <PinPad
            value={pin}
            digitsMax={PIN_DIGITS_MAX}
            label={t("session-pin")}
            eraseLabel={t("session-erase")}
            confirmLabel={t("session-enter")}
            busy={busy}
            onValue={setPin}
            onConfirm={() => void enter()}
          />
        ) : (
          <>
            <input class="heard" name="username" autoComplete="username" value={login} readOnly tabIndex={-1} aria-hidden="true" />
            <Field label={t("session-password")} type="password" value={password} onValue={setPassword} name="password" autoComplete="current-password" required />
            <Button type="submit" kind="primary" large busy={busy} disabled={!password}>
              {t("session-enter")}
            </Button>
          </>
        )}
        <Failed problem={problem} signingIn />
        <Button kind="plain" icon="person" onClick={() => void run(signOut)}>
          {t("session-other")}
        </Button>
      </form>
    </main>
  );
}
