// From the list over a scan to the answer: the same at the shop's node and on the road. Where stops come from, and where a
// validation is kept, is the source's business.
import { useEffect, useState } from "preact/hooks";
import { t } from "../lib/i18n";
import { Scanner } from "./scanner";
import { byCode, refusal, type Entry, type Me, type Stop } from "./stop";
import { StopForm } from "./stop-form";
import { StopsList } from "./stops-list";
import { Verdict, type Outcome } from "./verdict";
import "./deliveries.css";

export interface DeliverySource {
  stops: Stop[];
  me: Me;
  /** When the stops were last known to be complete. */
  knownAt: string | undefined;
  /** Whether the camera waits until it is asked for. */
  sparing: boolean;
  nameOf: (user: string) => string;
  /** Keeps a validation durably. Answers what went wrong. */
  validate: (stop: Stop, entry: Entry) => Promise<string | undefined>;
  /** Where what a person has begun to enter survives a killed browser. */
  entries?: Entries;
}

export interface Entries {
  read: (stop: string) => Promise<Entry | undefined>;
  keep: (stop: string, entry: Entry) => void;
}

interface FlowProps {
  source: DeliverySource;
  /** The address of the list; a stop's id follows it. */
  at: string;
  /** The stop that the address names. */
  id: string | undefined;
  go: (address: string) => void;
}

type Open = { kind: "unknown"; code: string } | { kind: "refused" | "done"; id: string };

export function DeliveryFlow({ source, at, id, go }: FlowProps) {
  const { stops, me, nameOf } = source;
  const [scans, setScans] = useState(false);
  const [open, setOpen] = useState<Open>();
  const [code, setCode] = useState<{ stop: string; code: NonNullable<Entry["code"]> }>();
  // A reason that a person has set aside for one stop.
  const [anyway, setAnyway] = useState<string>();
  const [begun, setBegun] = useState<{ stop: string; entry: Entry | undefined }>();
  const stop = stops.find((one) => one.id === id);
  const { entries } = source;
  useEffect(() => {
    if (id === undefined) return;
    let ended = false;
    void Promise.resolve(entries?.read(id)).then((entry) => ended || setBegun({ stop: id, entry }));
    return () => void (ended = true);
  }, [id]);
  useEffect(() => scrollTo(0, 0), [id, open?.kind]);

  const close = (): void => {
    setOpen(undefined);
    setCode(undefined);
    go(at);
  };
  const onCode = (text: string, how: "scanned" | "typed"): string | undefined => {
    const found = byCode(stops, text, how);
    if (stop && found && found.id !== stop.id) return t("scan-other-stop", { other: found.client || found.reference });
    if (stop && !found) return t("scan-not-this-stop");
    setScans(false);
    if (!found) setOpen({ kind: "unknown", code: text.slice(0, 80) });
    else {
      setCode({ stop: found.id, code: { text, how } });
      go(`${at}${encodeURIComponent(found.id)}`);
    }
    return undefined;
  };
  const scanner = scans && <Scanner title={t("scan-title")} label={t("scan-typed")} hint={t("scan-typed-hint")} sparing={source.sparing} onCode={onCode} onClose={() => setScans(false)} />;

  if (open) {
    const shown = "id" in open ? stops.find((one) => one.id === open.id) : undefined;
    const outcome: Outcome | undefined =
      open.kind === "unknown"
        ? { kind: "unknown", code: open.code, knownAt: source.knownAt }
        : shown && (open.kind === "done" ? { kind: "done", stop: shown } : { kind: "refused", stop: shown, why: refusal(shown, me) ?? "validated" });
    if (outcome) return <Verdict outcome={outcome} nameOf={nameOf} onClose={close} />;
  }
  if (id !== undefined && stop) {
    const why = refusal(stop, me);
    if (why && !(why === "other-driver" && anyway === stop.id)) {
      const mayGoOn = why === "other-driver" ? () => setAnyway(stop.id) : undefined;
      return <Verdict outcome={{ kind: stop.own === "waiting" || stop.own === "confirmed" ? "done" : "refused", stop, why }} nameOf={nameOf} onClose={close} onAnyway={mayGoOn} />;
    }
    if (begun?.stop !== stop.id) return <main class="screen narrow" aria-busy="true" />;
    const validate = async (entry: Entry): Promise<string | undefined> => {
      const failed = await source.validate(stop, entry);
      if (!failed) setOpen({ kind: "done", id: stop.id });
      return failed;
    };
    return (
      <>
        <StopForm key={stop.id} stop={stop} code={code?.stop === stop.id ? code.code : undefined} begun={begun.entry} onEntry={(entry) => entries?.keep(stop.id, entry)} onScan={() => setScans(true)} onBack={close} onValidate={validate} />
        {scanner}
      </>
    );
  }
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <StopsList stops={stops} me={me} at={`#${at}`} nameOf={nameOf} onScan={() => setScans(true)} />
      {scanner}
    </main>
  );
}
