// What is around every screen: where one can go, the state, and who is here.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Icon, IconButton, type IconName } from "./design/components";
import { count, language, t, useLanguage } from "./lib/i18n";
import { route } from "./lib/router";
import { standingOf } from "./lib/standing";
import { LOOKS, words } from "./lib/state-words";
import { live } from "./lib/stream";
import { theme, useTheme } from "./lib/theme";
import { PinDialog } from "./session/pin-dialog";
import { knowsUsers, lock, session, signOut } from "./session/session-state";

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>
        {t("nav-skip")}
      </a>
      <header class="top">
        <a class="brand" href="#/" aria-label="Comptoir">
          <span class="brand-mark" aria-hidden="true" />
          <span class="brand-name">Comptoir</span>
        </a>
        <nav class="nav" aria-label={t("nav-label")}>
          <NavLink place="" icon="basket" label={t("nav-till")} />
          <NavLink place="receipts" icon="receipt" label={t("nav-receipts")} />
          <NavLink place="deliveries" icon="truck" label={t("nav-deliveries")} />
          <NavLink place="queue" icon="up" label={t("nav-queue")} more={live.value.notifications?.unseen ?? 0} />
        </nav>
        <StateStrip />
        <Menu />
      </header>
      {live.value.reached === false && <Unreached />}
      {children}
    </>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main")?.focus();
}

function NavLink({ place, icon, label, more = 0 }: { place: string; icon: IconName; label: string; more?: number }) {
  const here = (route.value[0] ?? "") === place;
  return (
    <a class="nav-link" href={`#/${place}`} aria-current={here ? "page" : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
      {more > 0 && <span class="nav-count">{more > 99 ? "99+" : more}</span>}
    </a>
  );
}

/** One word for everything, with an icon; it opens the queue, where the three facts stand apart. */
function StateStrip() {
  const standing = standingOf(live.value);
  const age = useWaitingAge(standing.pending);
  const { tone, icon } = LOOKS[standing.word];
  const text = words(standing, age);
  return (
    <a class={`state badge ${tone}`} href="#/queue" data-word={standing.word}>
      <Icon name={icon} />
      <span role="status">{text}</span>
    </a>
  );
}

/** How long something waits already, as this screen saw it begin. */
function useWaitingAge(pending: number): number | undefined {
  const [began, setBegan] = useState<number>();
  const [now, setNow] = useState(Date.now());
  useEffect(() => setBegan(pending > 0 ? (before) => before ?? Date.now() : undefined), [pending > 0]);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (began === undefined || now - began < 60_000) return undefined;
  return (now - began) / 1_000;
}

function Unreached() {
  return (
    <div class="unreached" role="alert">
      <Icon name="unplug" />
      <span>{t("state-unreached-detail")}</span>
    </div>
  );
}

function Menu() {
  const [open, setOpen] = useState(false);
  const [choosesPin, setChoosesPin] = useState(false);
  const who = session.value.state === "in" ? session.value.who : undefined;
  const standing = standingOf(live.value);
  useEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !(event.target as Element).closest(".menu")) setOpen(false);
    };
    addEventListener("keydown", close);
    addEventListener("pointerdown", close);
    return () => {
      removeEventListener("keydown", close);
      removeEventListener("pointerdown", close);
    };
  }, [open]);
  return (
    <div class="menu">
      <IconButton icon="person" label={who?.name ?? t("menu-label")} aria-expanded={open ? "true" : "false"} onClick={() => setOpen(!open)} />
      {open && (
        <div class="menu-panel card">
          {who?.name && <b>{who.name}</b>}
          <div class="choice" role="group" aria-label={t("menu-language")}>
            <Button aria-pressed={language.value === "fr" ? "true" : "false"} onClick={() => void useLanguage("fr", true)}>
              Français
            </Button>
            <Button aria-pressed={language.value === "en" ? "true" : "false"} onClick={() => void useLanguage("en", true)}>
              English
            </Button>
          </div>
          <div class="choice" role="group" aria-label={t("menu-theme")}>
            <Button aria-pressed={theme.value === "auto" ? "true" : "false"} onClick={() => useTheme("auto", true)}>
              {t("menu-theme-auto")}
            </Button>
            <Button aria-pressed={theme.value === "light" ? "true" : "false"} onClick={() => useTheme("light", true)}>
              {t("menu-theme-light")}
            </Button>
            <Button aria-pressed={theme.value === "dark" ? "true" : "false"} onClick={() => useTheme("dark", true)}>
              {t("menu-theme-dark")}
            </Button>
          </div>
          {knowsUsers.value && who?.login && (
            <>
              <Button icon="lock" onClick={() => void lock()}>
                {t("menu-lock")}
              </Button>
              <Button
                icon="person"
                onClick={() => {
                  setOpen(false);
                  setChoosesPin(true);
                }}
              >
                {t("pin-title")}
              </Button>
            </>
          )}
          {standing.pending > 0 && <p class="small soft">{t("menu-unsent", { number: count(standing.pending) })}</p>}
          <Button icon="back" onClick={() => void signOut()}>
            {t("menu-sign-out")}
          </Button>
        </div>
      )}
      {choosesPin && <PinDialog onClose={() => setChoosesPin(false)} />}
    </div>
  );
}
