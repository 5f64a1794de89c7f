import { useState } from "preact/hooks";
import { Badge, Banner, Button, Dialog, Field, type Tone } from "../design/components";
import { Failure } from "../design/failure";
import { send, type Problem, type Schemas } from "../lib/client";
import { decimal, t } from "../lib/i18n";
import { go } from "../lib/router";
import type { SavedDraft } from "../lib/saved-draft";
import { seesCosts } from "../session/session-state";
import { changed, differences, hasGoods, receptionBody, type Count, type Difference } from "./count";

interface Props {
  count: Count;
  draft: SavedDraft<Count>;
  onChange: (count: Count) => void;
  onClose: () => void;
}

/** The last look: the delivery note, and where the count differs from the order. A blind count sees this for the first time here. */
export function FinishDialog({ count, draft, onChange, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const found = differences(count);
  const wantsReason = found.some(({ kind, line }) => kind === "damaged" && !line.reason.trim());
  const record = async (): Promise<void> => {
    setBusy(true);
    const answer = await send<Schemas["AppendResponse"]>("post", "/api/v1/receptions", receptionBody(count, seesCosts()));
    if (!answer.ok) {
      setBusy(false);
      setProblem(answer.problem);
      return;
    }
    // The reception is on disk. A draft that stays for want of an answer would only record the same event again.
    await draft.remove();
    go(`/receptions/${count.id}`);
  };
  return (
    <Dialog title={t("reception-finish")} closeLabel={t("close")} wide onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!wantsReason && hasGoods(count)) void record();
        }}
      >
        <div class="two">
          <Field label={t("reception-note-number")} value={count.reference} autofocus maxLength={64} autoComplete="off" onValue={(reference) => onChange({ ...count, reference })} />
          <Field label={t("reception-supplier")} value={count.supplier} maxLength={200} autoComplete="off" onValue={(supplier) => onChange({ ...count, supplier })} />
        </div>
        {found.length === 0 ? (
          <Banner tone="good">{count.order ? t("reception-no-difference") : t("reception-free-ready")}</Banner>
        ) : (
          <>
            <h3>{t("reception-differences")}</h3>
            <ul class="rows">
              {found.map((difference) => (
                <li key={`${difference.kind}-${difference.line.key}`}>
                  <span class="row-main">
                    <b>{difference.line.name}</b>
                    <span class="soft small">{figures(difference)}</span>
                  </span>
                  <DifferenceBadge difference={difference} />
                  <span class="reason">
                    <Field
                      label={t("reception-reason")}
                      value={difference.line.reason}
                      maxLength={500}
                      onValue={(reason) => onChange(changed(count, difference.line.key, { reason }).count)}
                      error={difference.kind === "damaged" && !difference.line.reason.trim() ? t("reception-reason-wanted") : undefined}
                    />
                  </span>
                </li>
              ))}
            </ul>
            {found.some(({ kind }) => kind === "missing") && <p class="soft small">{t("reception-remainder")}</p>}
          </>
        )}
        {!hasGoods(count) && <Banner tone="warn">{t("reception-nothing")}</Banner>}
        <Failure problem={problem} />
        <div class="actions">
          <Button onClick={onClose}>{t("reception-recount")}</Button>
          <Button kind="primary" type="submit" large busy={busy} disabled={!hasGoods(count) || wantsReason}>
            {t("reception-record")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function figures({ line }: Difference): string {
  const counted = decimal(line.counted);
  return line.expected === undefined ? t("reception-counted-only", { counted }) : t("reception-counted-expected", { counted, expected: decimal(line.expected) });
}

const TONES: Record<Difference["kind"], Tone> = { damaged: "danger", missing: "warn", surplus: "info", unexpected: "info" };

function DifferenceBadge({ difference }: { difference: Difference }) {
  return <Badge tone={TONES[difference.kind]}>{differenceText(difference.kind, decimal(difference.quantity))}</Badge>;
}

export function differenceText(kind: string, quantity: string): string {
  switch (kind) {
    case "damaged":
      return t("reception-is-damaged", { quantity });
    case "missing":
      return t("reception-is-missing", { quantity });
    case "surplus":
      return t("reception-is-surplus", { quantity });
    default:
      return t("reception-is-unexpected", { quantity });
  }
}
