import { Banner } from "../design/components";
import { Failure } from "../design/failure";
import { count, t } from "../lib/i18n";
import type { Print } from "./print";

/**
 * DUPLICATA on every print but the first. Before the node has said which print it is, the mark is on paper alone: what the browser
 * prints by itself is no original.
 */
export function PrintMark({ copy }: { copy: number | undefined }) {
  if (copy === 1) return null;
  return <p class={copy === undefined ? "paper-mark on-paper" : "paper-mark"}>DUPLICATA{copy !== undefined && ` ${count(copy - 1)}`}</p>;
}

/** What became of the last print. */
export function PrintOutcome({ print }: { print: Print }) {
  if (print.problem) {
    return (
      <Failure problem={print.problem} />
    );
  }
  if (!print.isSent) return null;
  return (
    <Banner tone="good" role="status">
      {t("receipt-sent-to-printer")}
    </Banner>
  );
}
