import { useState } from "preact/hooks";
import { Banner, Button, Choice } from "../design/components";
import { count, language, t, useLanguage, type Language } from "../lib/i18n";
import { theme, useTheme, type Theme } from "../lib/theme";
import { data, leave, persisted, phone } from "./driver-state";
import { choosePower, powerChoice, type PowerChoice } from "./power";

export function SettingsScreen() {
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const waiting = data.value.queue.length;
  const out = async (): Promise<void> => {
    if (waiting > 0 && !asks) return setAsks(true);
    setBusy(true);
    await leave();
    setBusy(false);
  };
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <h1>{t("driver-settings")}</h1>
      <section class="stack card">
        <h2>{phone.value?.login}</h2>
        {asks && waiting > 0 && (
          <Banner tone="warn" role="alert">
            {t("driver-out-waiting", { number: count(waiting) })}
          </Banner>
        )}
        <Button icon="back" busy={busy} onClick={() => void out()}>
          {asks && waiting > 0 ? t("driver-out-anyway") : t("menu-sign-out")}
        </Button>
      </section>
      <section class="stack card">
        <h2>{t("driver-power")}</h2>
        <p class="soft">{t("driver-power-detail")}</p>
        <Choice<PowerChoice>
          label={t("driver-power")}
          value={powerChoice.value}
          options={[
            { value: "auto", label: t("menu-theme-auto") },
            { value: "on", label: t("driver-power-on") },
            { value: "off", label: t("driver-power-off") },
          ]}
          onChoose={choosePower}
        />
      </section>
      <section class="stack card">
        <h2>{t("driver-appearance")}</h2>
        <Choice<Language>
          label={t("menu-language")}
          value={language.value}
          options={[
            { value: "fr", label: "Français" },
            { value: "en", label: "English" },
          ]}
          onChoose={(chosen) => void useLanguage(chosen, true)}
        />
        <Choice<Theme>
          label={t("menu-theme")}
          value={theme.value}
          options={[
            { value: "auto", label: t("menu-theme-auto") },
            { value: "light", label: t("menu-theme-light") },
            { value: "dark", label: t("menu-theme-dark") },
          ]}
          onChoose={(chosen) => useTheme(chosen, true)}
        />
      </section>
      <section class="stack card">
        <h2>{t("driver-phone")}</h2>
        <p class="small">
          <code>{phone.value?.device}</code>
        </p>
        <p class="soft small">{persisted.value ? t("driver-persisted") : t("driver-not-persisted")}</p>
      </section>
    </main>
  );
}
