// Every component in every state, on one page: `#/ui`. What is changed here changes everywhere.
import { useState } from "preact/hooks";
import { t } from "../lib/i18n";
import { theme, useTheme } from "../lib/theme";
import { Actions, Badge, Banner, Button, Choice, Dialog, Empty, Field, Icon, IconButton, PinPad, type IconName, type Tone } from "./components";

const TONES: readonly Exclude<Tone, "quiet">[] = ["good", "info", "warn", "danger"];
const ICONS: readonly IconName[] = ["check", "up", "down", "clock", "offline", "alert", "unplug", "search", "basket", "receipt", "bell", "print", "close", "trash", "minus", "plus", "drawer", "lock", "back", "pause", "erase", "person", "scan", "camera", "light", "pen", "pin", "next", "truck", "battery", "boxes", "shelf", "page", "people", "more", "again", "edit"];
const COLOURS = ["paper", "card", "sunken", "ink", "soft", "line", "edge", "accent", "info", "warn", "danger"];

export function Gallery() {
  const [text, setText] = useState("Café moulu 250 g");
  const [pin, setPin] = useState("12");
  const [open, setOpen] = useState(false);
  return (
    <main class="screen gallery" id="content">
      <div class="screen-head">
        <h1>{t("ui-title")}</h1>
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
      </div>
      <section class="card stack">
        <h2>{t("ui-colours")}</h2>
        <ul class="swatches">
          {COLOURS.map((name) => (
            <li key={name}>
              <span class={`swatch of-${name}`} />
              <code>--{name}</code>
            </li>
          ))}
        </ul>
      </section>
      <section class="card stack">
        <h2>{t("ui-buttons")}</h2>
        <div class="choice">
          <Button kind="primary" shortcut="F9">
            {t("cart-pay")}
          </Button>
          <Button icon="pause">{t("cart-hold")}</Button>
          <Button kind="danger" icon="trash">
            {t("line-remove")}
          </Button>
          <Button kind="plain">{t("cancel")}</Button>
          <Button busy>{t("till-recording")}</Button>
          <Button disabled>{t("line-save")}</Button>
          <IconButton icon="print" label={t("receipt-print")} />
        </div>
        <Button kind="primary" large>
          {t("tender-record")}
        </Button>
      </section>
      <section class="card stack">
        <h2>{t("ui-fields")}</h2>
        <Field label={t("unknown-name")} value={text} onValue={setText} />
        <Field label={t("line-quantity")} value="x" numeric error={t("not-a-quantity")} onValue={() => undefined} />
      </section>
      <section class="card stack">
        <h2>{t("ui-messages")}</h2>
        {TONES.map((tone) => (
          <Banner key={tone} tone={tone}>
            {t("problem-disk-full")}
          </Banner>
        ))}
        <div class="choice">
          {([...TONES, "quiet"] as const).map((tone) => (
            <Badge key={tone} tone={tone} icon="clock">
              {t("status-pending")}
            </Badge>
          ))}
        </div>
        <Empty icon="basket" title={t("cart-empty")}>
          {t("cart-empty-next")}
        </Empty>
      </section>
      <section class="card stack">
        <h2>{t("session-pin")}</h2>
        <PinPad value={pin} digitsMax={8} label={t("session-pin")} eraseLabel={t("session-erase")} confirmLabel={t("session-enter")} onValue={setPin} onConfirm={() => setPin("")} />
      </section>
      <section class="card stack">
        <h2>{t("ui-icons")}</h2>
        <ul class="swatches">
          {ICONS.map((name) => (
            <li key={name}>
              <Icon name={name} /> <code>{name}</code>
            </li>
          ))}
        </ul>
      </section>
      <section class="card stack">
        <h2>{t("ui-dialog")}</h2>
        <Actions>
          <Button onClick={() => setOpen(true)}>{t("ui-dialog-open")}</Button>
        </Actions>
        {open && (
          <Dialog title={t("ui-dialog")} closeLabel={t("close")} onClose={() => setOpen(false)}>
            <p>{t("till-not-recorded-next")}</p>
          </Dialog>
        )}
      </section>
    </main>
  );
}
