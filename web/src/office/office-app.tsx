// Head office: what a manager, a secretary, an accountant and an auditor see at central. The person's rights decide what is shown,
// and central decides again.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Banner, Button, Choice, Icon, IconButton, type IconName } from "../design/components";
import type { Problem } from "../lib/client";
import { language, t, useLanguage } from "../lib/i18n";
import { lazy } from "../lib/lazy";
import { problemText } from "../lib/problem-text";
import { route } from "../lib/router";
import { theme, useTheme } from "../lib/theme";
import { waiting } from "./counts";
import { LoginScreen } from "./login-screen";
import { OverviewScreen } from "./overview-screen";
import { may, session, signOut } from "./session";

const Reports = lazy(() => import("./reports-screen").then((module) => module.ReportsScreen));
const Conflicts = lazy(() => import("./conflicts-screen").then((module) => module.ConflictsScreen));
const Quarantine = lazy(() => import("./quarantine-screen").then((module) => module.QuarantineScreen));
const People = lazy(() => import("./people-screen").then((module) => module.PeopleScreen));

export function OfficeApp() {
  const [place, detail] = route.value;
  useEffect(() => {
    document.title = `${titleOf(place)} · Comptoir`;
  });
  switch (session.value.state) {
    case "asking":
      return (
        <main class="session">
          <p class="soft opening" role="status">
            <span class="spinner" aria-hidden="true" /> {t("opening")}
          </p>
        </main>
      );
    case "out":
      return <LoginScreen reason={session.value.reason} />;
    case "in":
      return <Frame>{screen(place, detail)}</Frame>;
  }
}

function screen(place: string | undefined, detail: string | undefined) {
  switch (place) {
    case "reports":
      return <Reports filters={detail ?? ""} />;
    case "conflicts":
      return <Conflicts id={detail} />;
    case "quarantine":
      return <Quarantine />;
    case "people":
      return <People />;
    default:
      return <OverviewScreen />;
  }
}

function titleOf(place: string | undefined): string {
  switch (place) {
    case "reports":
      return t("office-reports");
    case "conflicts":
      return t("office-conflicts");
    case "quarantine":
      return t("office-quarantine");
    case "people":
      return t("office-people");
    default:
      return t("office-overview");
  }
}

function Frame({ children }: { children: ComponentChildren }) {
  const { conflicts, quarantine } = waiting.value;
  return (
    <>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("main")?.focus();
        }}
      >
        {t("nav-skip")}
      </a>
      <header class="top">
        <a class="brand" href="#/" aria-label="Comptoir">
          <span class="brand-mark" aria-hidden="true" />
          <span class="brand-name">Comptoir</span>
        </a>
        <nav class="nav office-nav" aria-label={t("nav-label")}>
          <Link place="" icon="basket" label={t("office-overview")} />
          {may("report") && <Link place="reports" icon="receipt" label={t("office-reports")} />}
          {may("decide_conflict") && <Link place="conflicts" icon="alert" label={t("office-conflicts")} more={conflicts} />}
          {may("release_quarantine") && <Link place="quarantine" icon="pause" label={t("office-quarantine")} more={quarantine} />}
          {may("administer") && <Link place="people" icon="person" label={t("office-people")} />}
        </nav>
        <Menu />
      </header>
      {children}
    </>
  );
}

function Link({ place, icon, label, more }: { place: string; icon: IconName; label: string; more?: Count }) {
  const here = (route.value[0] ?? "") === place;
  return (
    <a class="nav-link" href={`#/${place}`} aria-current={here ? "page" : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
      {more !== undefined && more.number > 0 && <span class="nav-count">{more.more || more.number > 99 ? "99+" : more.number}</span>}
    </a>
  );
}
type Count = { number: number; more: boolean } | undefined;

function Menu() {
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const me = session.value.state === "in" ? session.value.me : undefined;
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
    <div class="menu office-menu">
      <IconButton icon="person" label={me?.name ?? t("menu-label")} aria-expanded={open ? "true" : "false"} onClick={() => setOpen(!open)} />
      {open && (
        <div class="menu-panel card">
          <div>
            <b>{me?.name ?? me?.login}</b>
            <div class="soft small">{me?.company.name}</div>
          </div>
          <Choice
            label={t("menu-language")}
            value={language.value}
            options={[
              { value: "fr", label: "Français" },
              { value: "en", label: "English" },
            ]}
            onChoose={(chosen) => void useLanguage(chosen, true)}
          />
          <Choice
            label={t("menu-theme")}
            value={theme.value}
            options={[
              { value: "auto", label: t("menu-theme-auto") },
              { value: "light", label: t("menu-theme-light") },
              { value: "dark", label: t("menu-theme-dark") },
            ]}
            onChoose={(chosen) => useTheme(chosen, true)}
          />
          {problem && (
            <Banner tone="danger" role="alert">
              {problemText(problem)}
            </Banner>
          )}
          <Button icon="back" onClick={() => void signOut().then(setProblem)}>
            {t("menu-sign-out")}
          </Button>
        </div>
      )}
    </div>
  );
}
