import { useState } from "preact/hooks";
import { Scanner } from "../deliveries/scanner";
import { Banner, Button, Field } from "../design/components";
import { t } from "../lib/i18n";
import { enrolPhone } from "./driver-state";
import { enrolmentCode } from "./identity";
import { sparing } from "./power";

/** A phone that no central knows: it is enrolled with the code that head office shows. */
export function EnrolScreen({ supported, wiped }: { supported: boolean; wiped: boolean }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const [scans, setScans] = useState(false);
  const enrol = async (code: string | undefined): Promise<void> => {
    if (!code) return setFailed(t("driver-no-code"));
    setBusy(true);
    setFailed(await enrolPhone(code));
    setBusy(false);
  };
  return (
    <main class="session">
      <div class="session-card card">
        <div class="session-brand">
          <span class="brand-mark" aria-hidden="true" />
          <div>
            <h1>Comptoir</h1>
            <p class="soft">{t("driver-title")}</p>
          </div>
        </div>
        {wiped && (
          <Banner tone="warn" role="alert">
            {t("driver-wiped")}
          </Banner>
        )}
        {!supported ? (
          <Banner tone="danger">{t("driver-unsupported")}</Banner>
        ) : (
          <>
            <p>{t("driver-enrol")}</p>
            <Button kind="primary" large icon="scan" onClick={() => setScans(true)}>
              {t("driver-enrol-scan")}
            </Button>
            <form
              class="stack"
              onSubmit={(event) => {
                event.preventDefault();
                void enrol(enrolmentCode(text));
              }}
            >
              <Field label={t("driver-enrol-code")} value={text} onValue={setText} autoCapitalize="none" autoComplete="off" spellcheck={false} maxLength={500} placeholder="cpe_…" />
              <Button type="submit" busy={busy}>
                {t("driver-enrol-go")}
              </Button>
            </form>
            {failed && (
              <Banner tone="danger" role="alert">
                {failed}
              </Banner>
            )}
          </>
        )}
      </div>
      {scans && (
        <Scanner
          title={t("driver-enrol-scan")}
          label={t("driver-enrol-code")}
          hint={t("driver-enrol-hint")}
          sparing={sparing.value}
          onCode={(found) => {
            const code = enrolmentCode(found);
            if (!code) return t("driver-no-code");
            setScans(false);
            void enrol(code);
            return undefined;
          }}
          onClose={() => setScans(false)}
        />
      )}
    </main>
  );
}
