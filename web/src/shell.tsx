// What is around every screen: where one can go, the state, and who is here.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { Actions, Banner, Button, Dialog, Icon, IconButton } from "./design/components";
import type { Problem } from "./lib/client";
import { count, language, t, useLanguage } from "./lib/i18n";
import { problemText } from "./lib/problem-text";
import { go, route } from "./lib/router";
import { standingOf } from "./lib/standing";
import { LOOKS, words } from "./lib/state-words";
import { live } from "./lib/stream";
import { theme, useTheme } from "./lib/theme";
import { offered, placeAt, type Place } from "./places";
import { PinDialog } from "./session/pin-dialog";
import { knowsUsers, lock, mayRecord, session, signOut } from "./session/session-state";
import { cart, practise, training } from "./till/sale";

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
        <Nav />
        <StateStrip />
        <ChangePerson />
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

/** On a phone the bar at the bottom has room for five: the others are behind the last one. */
const PHONE_LINKS = 5;

function Nav() {
  const [open, setOpen] = useState(false);
  const places = offered();
  const here = placeAt(route.value[0]);
  const isFolded = places.length > PHONE_LINKS;
  const behind = isFolded ? places.slice(PHONE_LINKS - 1) : [];
  const unseen = live.value.notifications?.unseen ?? 0;
  useClosing(open, ".nav", () => setOpen(false));
  useEffect(() => setOpen(false), [route.value]);
  return (
    <nav class={open ? "nav open" : "nav"} aria-label={t("nav-label")}>
      {places.map((place) => (
        <NavLink key={place.path} place={place} here={here === place.path} behind={behind.includes(place)} more={place.path === "queue" ? unseen : 0} />
      ))}
      {isFolded && (
        <button type="button" class={behind.some((place) => place.path === here) ? "nav-link nav-more on" : "nav-link nav-more"} aria-expanded={open ? "true" : "false"} onClick={() => setOpen(!open)}>
          <Icon name="more" />
          <span>{t("nav-more")}</span>
          {unseen > 0 && <Count many={unseen} />}
        </button>
      )}
    </nav>
  );
}

function NavLink({ place, here, behind, more }: { place: Place; here: boolean; behind: boolean; more: number }) {
  return (
    <a class={behind ? "nav-link behind" : "nav-link"} href={`#/${place.path}`} aria-current={here ? "page" : undefined}>
      <Icon name={place.icon} />
      <span>{place.label()}</span>
      {more > 0 && <Count many={more} />}
    </a>
  );
}

function Count({ many }: { many: number }) {
  return <span class="nav-count">{many > 99 ? "99+" : many}</span>;
}

/** Closes what is open when Escape is pressed, or something outside of it. */
function useClosing(open: boolean, inside: string, close: () => void): void {
  // Before the next key arrives.
  useLayoutEffect(() => {
    if (!open) return;
    const hear = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !(event.target as Element).closest(inside)) close();
    };
    addEventListener("keydown", hear);
    addEventListener("pointerdown", hear);
    return () => {
      removeEventListener("keydown", hear);
      removeEventListener("pointerdown", hear);
    };
  }, [open]);
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

/** One tap to hand the till over: the screen is locked, and the next person enters a PIN. */
function ChangePerson() {
  const who = session.value.state === "in" ? session.value.who : undefined;
  if (!knowsUsers.value || !who?.login) return null;
  return (
    <Button kind="plain" icon="lock" class="change-person" aria-label={t("menu-change", { name: who.name ?? who.login })} title={t("menu-lock")} onClick={() => void lock()}>
      <span class="wide-only">{who.name ?? who.login}</span>
    </Button>
  );
}

function Menu() {
  const [open, setOpen] = useState(false);
  const [choosesPin, setChoosesPin] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const who = session.value.state === "in" ? session.value.who : undefined;
  const standing = standingOf(live.value);
  useClosing(open, ".menu", () => setOpen(false));
  const leave = (): void => {
    setOpen(false);
    if (standing.pending > 0) setLeaving(true);
    else void signOut();
  };
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
          {mayRecord("TRAINING_SALE_RECORDED", "TRAINING") && (
            <Button
              icon="receipt"
              aria-pressed={training.value ? "true" : "false"}
              disabled={cart.value.lines.length > 0}
              onClick={() => {
                setOpen(false);
                practise(!training.value);
                go("/");
              }}
            >
              {training.value ? t("training-end") : t("training-begin")}
            </Button>
          )}
          <Button icon="back" onClick={leave}>
            {t("menu-sign-out")}
          </Button>
        </div>
      )}
      {choosesPin && <PinDialog onClose={() => setChoosesPin(false)} />}
      {leaving && <LeaveDialog pending={standing.pending} onClose={() => setLeaving(false)} />}
    </div>
  );
}

/** Signing out loses nothing, and says so before somebody has to wonder. */
function LeaveDialog({ pending, onClose }: { pending: number; onClose: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const leave = async (): Promise<void> => {
    const failed = await signOut();
    if (failed) setProblem(failed);
    else onClose();
  };
  return (
    <Dialog title={t("menu-sign-out")} closeLabel={t("close")} onClose={onClose}>
      <p>{t("menu-unsent", { number: count(pending) })}</p>
      {problem && <Banner tone="danger">{problemText(problem)}</Banner>}
      <Actions>
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button kind="primary" icon="back" onClick={() => void leave()}>
          {t("menu-sign-out")}
        </Button>
      </Actions>
    </Dialog>
  );
}
