// One stop: what is delivered, and what head office asks for. With nothing asked for, one button validates.
import { useEffect, useRef, useState } from "preact/hooks";
import { Banner, Button, Choice, Field, Icon } from "../design/components";
import { quantity as parseQuantity } from "../lib/decimal";
import { decimal, t } from "../lib/i18n";
import { Photo, Position } from "./proofs";
import { Signature } from "./signature";
import { emptyEntry, isWhole, lineError, missingProofs, type Entry, type LineEntry, type LineState, type Proof, type Stop, type StopLine } from "./stop";

interface StopFormProps {
  stop: Stop;
  /** The code that opened this stop, if one did. */
  code: Entry["code"];
  /** What was entered before the browser was closed. */
  begun: Entry | undefined;
  onEntry: (entry: Entry) => void;
  onScan: () => void;
  onBack: () => void;
  /** Answers what went wrong; nothing if the validation is kept durably. */
  onValidate: (entry: Entry) => Promise<string | undefined>;
}

export function StopForm({ stop, code, begun, onEntry, onScan, onBack, onValidate }: StopFormProps) {
  const [kept, setKept] = useState<Entry>(() => (begun && begun.lines.length === stop.lines.length ? begun : emptyEntry(stop)));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const [opens, setOpens] = useState(begun !== undefined);
  const entry: Entry = { ...kept, code: code ?? kept.code };
  const change = (part: Partial<Entry>): void => setKept((before) => ({ ...before, ...part }));
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) onEntry(entry);
    isFirst.current = false;
  }, [kept, code]);
  const missing = missingProofs(stop, entry);
  const asks = (proof: Proof): boolean => stop.proofs.includes(proof) || opens;
  const hasWrongLine = stop.lines.some((line, at) => lineError(line, entry.lines[at]!) !== undefined);
  const explains = missing.length > 0 && entry.comment.trim() !== "";
  const validate = async (): Promise<void> => {
    setTried(true);
    if (busy || hasWrongLine || (missing.length > 0 && !explains)) return;
    setBusy(true);
    setFailed(await onValidate(entry));
    setBusy(false);
  };
  const isBare = stop.proofs.length === 0;
  return (
    <main class="screen narrow stop-form" id="content" tabIndex={-1}>
      <div class="stop-head">
        <Button kind="plain" icon="back" onClick={onBack}>
          {t("stop-back")}
        </Button>
        <h1>{stop.client || stop.reference}</h1>
        {stop.address && (
          <p class="stop-address">
            <Icon name="pin" /> {stop.address}
          </p>
        )}
        <p class="soft">{stop.reference}</p>
        {stop.comment && <Banner tone="info" icon="bell">{stop.comment}</Banner>}
      </div>
      {stop.lines.length > 0 && (
        <section class="stack">
          <h2>{t("stop-lines")}</h2>
          <ul class="goods">
            {stop.lines.map((line, at) => (
              <Line key={line.product} line={line} entry={entry.lines[at]!} tried={tried} onChange={(changed) => change({ lines: entry.lines.map((one, place) => (place === at ? changed : one)) })} />
            ))}
          </ul>
        </section>
      )}
      {asks("qr") && (
        <fieldset class="proof">
          <legend>{t("proof-qr")}</legend>
          {entry.code && (
            <p class="proof-there">
              <Icon name="check" /> {entry.code.how === "scanned" ? t("code-scanned") : t("code-typed")}
            </p>
          )}
          <div class="choice">
            <Button icon="scan" onClick={onScan}>
              {entry.code ? t("code-again") : t("code-read")}
            </Button>
          </div>
        </fieldset>
      )}
      {asks("name") && <Field label={t("proof-name")} value={entry.receivedBy} maxLength={120} autoComplete="off" onValue={(receivedBy) => change({ receivedBy })} />}
      {asks("signature") && <Signature name={entry.receivedBy} before={begun?.signature} onSigned={(signature) => change({ signature })} />}
      {asks("photo") && <Photo before={begun?.photo} onPhoto={(photo) => change({ photo })} />}
      {asks("position") && <Position before={begun?.position} onPlace={(position) => change({ position })} />}
      {(!isBare || opens || !isWhole(entry)) && <Field label={t("stop-comment")} value={entry.comment} maxLength={500} autoComplete="off" onValue={(comment) => change({ comment })} />}
      {isBare && !opens && (
        <Button kind="plain" icon="plus" onClick={() => setOpens(true)}>
          {t("stop-add-proof")}
        </Button>
      )}
      <div class="stop-bar">
        {tried && missing.length > 0 && !explains && (
          <Banner tone="warn" role="alert">
            {t("stop-missing", { what: missing.map(proofName).join(", ") })}
          </Banner>
        )}
        {tried && hasWrongLine && (
          <Banner tone="warn" role="alert">
            {t("stop-lines-wrong")}
          </Banner>
        )}
        {failed && (
          <Banner tone="danger" role="alert">
            {failed}
          </Banner>
        )}
        <Button kind="primary" large icon="check" busy={busy} onClick={() => void validate()}>
          {isWhole(entry) ? t("stop-validate") : t("stop-validate-partly")}
        </Button>
      </div>
    </main>
  );
}

function proofName(proof: Proof): string {
  switch (proof) {
    case "qr":
      return t("proof-qr");
    case "name":
      return t("proof-name");
    case "signature":
      return t("proof-signature");
    case "photo":
      return t("proof-photo");
    case "position":
      return t("proof-position");
  }
}

interface LineProps {
  line: StopLine;
  entry: LineEntry;
  tried: boolean;
  onChange: (entry: LineEntry) => void;
}

function Line({ line, entry, tried, onChange }: LineProps) {
  const states: { value: LineState; label: string }[] = [
    { value: "delivered", label: t("line-delivered") },
    { value: "refused", label: t("line-refused") },
    { value: "damaged", label: t("line-damaged") },
    { value: "missing", label: t("line-missing") },
  ];
  const error = tried ? lineError(line, entry) : undefined;
  return (
    <li class={entry.state === "delivered" ? "good-line" : "good-line off"}>
      <div class="good-head">
        <span>{line.name}</span>
        <b class="number">{decimal(line.quantity)}</b>
      </div>
      <Choice label={line.name} value={entry.state} options={states} onChoose={(state) => onChange({ ...entry, state, quantity: entry.state === "delivered" ? line.quantity : entry.quantity })} />
      {entry.state !== "delivered" && (
        <div class="good-why">
          <Field label={t("line-how-many")} numeric value={entry.quantity.replace(".", ",")} error={error === "quantity" ? t("line-too-many", { most: decimal(line.quantity) }) : undefined} onValue={(typed) => onChange({ ...entry, quantity: parseQuantity(typed) ?? typed })} />
          <Field label={t("line-reason")} value={entry.reason} maxLength={200} autoComplete="off" error={error === "reason" ? t("line-reason-missing") : undefined} onValue={(reason) => onChange({ ...entry, reason })} />
        </div>
      )}
    </li>
  );
}
