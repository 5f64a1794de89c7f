// The driver's phone on the road: central serves these pages, a service worker keeps them, and the phone's own queue is the place
// where a validation is durable.
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Icon } from "../design/components";
import { DeliveryFlow } from "../deliveries/delivery-flow";
import { t } from "../lib/i18n";
import { route } from "../lib/router";
import { standingOf, type Standing } from "../lib/standing";
import { LOOKS, words } from "../lib/state-words";
import type { Live } from "../lib/stream";
import { data, entries, needsContact, phase, phone, validate } from "./driver-state";
import { EnrolScreen } from "./enrol-screen";
import { LoginScreen } from "./login-screen";
import { sparing } from "./power";
import { SettingsScreen } from "./settings-screen";
import { renewable } from "./shell-worker";
import { line } from "./sync";
import { WaitingScreen } from "./waiting-screen";

const go = (address: string): void => void (location.hash = address);

/** The phone's line in the words of every screen. */
export function standing(): Standing {
  const { reached, busy, lastError, lastSuccessAt } = line.value;
  const { queue, settled } = data.value;
  const live: Live = {
    reached: true,
    since: 0,
    queue: { pending: queue.length, to_review: settled.filter((event) => !event.seen).length },
    sync: {
      phase: busy && queue.length > 0 ? "sending" : "idle",
      alert: null,
      last_error: lastError ?? (reached === false ? "UNREACHABLE" : null),
      complete_through: null,
      rows: 0,
      loaded_rows: null,
      last_success_at: lastSuccessAt === undefined ? null : new Date(lastSuccessAt).toISOString(),
    },
  };
  return standingOf(live);
}

export function DriverApp() {
  useEffect(() => {
    document.title = `${t("deliveries-title")} · Comptoir`;
  });
  switch (phase.value) {
    case "opening":
      return (
        <main class="session">
          <p class="soft opening" role="status">
            <span class="spinner" aria-hidden="true" /> {t("opening")}
          </p>
        </main>
      );
    case "unsupported":
    case "enrolling":
      return <EnrolScreen supported={phase.value === "enrolling"} wiped={line.value.wiped} />;
    case "signed-out":
      return <LoginScreen waiting={data.value.queue.length} />;
    case "in":
      return <Signed />;
  }
}

function Signed() {
  const [place, id] = route.value;
  return (
    <>
      <header class="top">
        <a class="brand driver-brand" href="#/" aria-label={t("deliveries-title")}>
          <span class="brand-mark" aria-hidden="true" />
        </a>
        <State />
        <a class="button plain" href="#/settings" aria-label={t("driver-settings")} title={t("driver-settings")} aria-current={place === "settings" ? "page" : undefined}>
          <Icon name="person" />
        </a>
      </header>
      <Notices isFree={place !== "stops" || id === undefined} />
      {place === "queue" ? <WaitingScreen /> : place === "settings" ? <SettingsScreen /> : <Stops id={place === "stops" ? id : undefined} />}
    </>
  );
}

function State() {
  const now = standing();
  const { tone, icon } = LOOKS[now.word];
  return (
    <a class={`state badge ${tone}`} href="#/queue" data-word={now.word}>
      <Icon name={icon} />
      <span role="status">{words(now, undefined)}</span>
    </a>
  );
}

/** What a person should know whatever is shown. New pages are loaded where nobody is in the middle of a stop. */
function Notices({ isFree }: { isFree: boolean }) {
  useEffect(() => {
    const renew = (): void => {
      if (renewable.value && isFree && document.hidden) location.reload();
    };
    document.addEventListener("visibilitychange", renew);
    return () => document.removeEventListener("visibilitychange", renew);
  }, [isFree]);
  const notices = [
    sparing.value && (
      <Banner key="power" tone="info" icon="battery">
        {t("driver-sparing")}
      </Banner>
    ),
    needsContact() && (
      <Banner key="grace" tone="danger" role="alert">
        {t("driver-grace")}
      </Banner>
    ),
    line.value.endsSoon && !needsContact() && (
      <Banner key="soon" tone="warn">
        {t("driver-login-ends")}
      </Banner>
    ),
    renewable.value && isFree && (
      <Banner key="new" tone="info">
        <p>{t("driver-new-version")}</p>
        <Button onClick={() => location.reload()}>{t("driver-reload")}</Button>
      </Banner>
    ),
  ].filter(Boolean);
  return notices.length > 0 ? (
    <aside class="notices" aria-label={t("notifications-title")}>
      {notices}
    </aside>
  ) : null;
}

function Stops({ id }: { id: string | undefined }) {
  const { stops, names } = data.value;
  const { lastSuccessAt, busy, loaded, lastError } = line.value;
  const [first] = useState(() => lastSuccessAt);
  const mine = phone.value;
  if (stops.length === 0 && busy && first === undefined && !lastError) {
    return (
      <main class="screen narrow" id="content" tabIndex={-1}>
        <h1>{t("deliveries-title")}</h1>
        <p class="opening" role="status">
          <span class="spinner" aria-hidden="true" /> {t("driver-loading", { number: loaded })}
        </p>
      </main>
    );
  }
  const nameOf = (user: string): string => names.get(user) ?? (user === mine?.user ? (mine.login ?? user) : readable(user));
  const source = {
    stops,
    me: { user: mine?.user, site: mine?.site },
    knownAt: lastSuccessAt === undefined ? undefined : new Date(lastSuccessAt).toISOString(),
    sparing: sparing.value,
    entries,
    nameOf,
    validate: async (...[stop, entry]: Parameters<typeof validate>) => (needsContact() ? t("driver-grace") : validate(stop, entry)),
  };
  return <DeliveryFlow source={source} at="/stops/" id={id} go={go} />;
}

/** A user whose name the phone does not know has an id that tells people nothing. */
function readable(user: string): string {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(user) ? t("verdict-other-user", { id: user.slice(-6) }) : user;
}
