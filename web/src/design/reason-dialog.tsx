import { useState } from "preact/hooks";
import type { Problem } from "../lib/client";
import { t } from "../lib/i18n";
import { useRequest } from "../lib/use-request";
import { Actions, Button, Dialog, Field } from "./components";
import { Failure } from "./failure";

interface ReasonDialogProps {
  title: string;
  /** What the step will do. */
  effect: string;
  reasonLabel: string;
  confirm: string;
  kind?: "primary" | "danger";
  /** Sends the step. Its problem is shown, and the dialog stays open; otherwise it calls `onClose` or more. */
  send: (reason: string) => Promise<Problem | undefined>;
  onClose: () => void;
}

/** Asks for the reason of a step that cannot be taken back, and sends it. */
export function ReasonDialog({ title, effect, reasonLabel, confirm, kind = "danger", send, onClose }: ReasonDialogProps) {
  const [reason, setReason] = useState("");
  const { busy, problem, run } = useRequest();
  return (
    <Dialog title={title} closeLabel={t("close")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim()) void run(() => send(reason.trim()));
        }}
      >
        <p>{effect}</p>
        <Field label={reasonLabel} value={reason} onValue={setReason} maxLength={500} required autofocus />
        <Failure problem={problem} />
        <Actions>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind={kind} type="submit" busy={busy} disabled={!reason.trim()}>
            {confirm}
          </Button>
        </Actions>
      </form>
    </Dialog>
  );
}
