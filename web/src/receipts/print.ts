// One rule of printing: the node records each print and says which one it is. It prints by itself where the shop has a printer;
// where it has none, this page prints.
import { useState } from "preact/hooks";
import { call, type Problem } from "../lib/client";

export interface Print {
  /** Which print it was: 1 is the original. Undefined before the first one here. */
  copy: number | undefined;
  /** Whether the shop's printer has it. */
  isSent: boolean;
  busy: boolean;
  problem: Problem | undefined;
  print: () => Promise<void>;
}

export function usePrint(id: string | undefined): Print {
  const [copy, setCopy] = useState<number>();
  const [isSent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const print = async (): Promise<void> => {
    if (!id || busy) return;
    setBusy(true);
    setProblem(undefined);
    setSent(false);
    const first = await call("post", "/api/v1/events/{id}/print", { path: { id } });
    const isForPage = !first.ok && first.problem.code === "PRINTER_MISSING";
    const answer = isForPage ? await call("post", "/api/v1/events/{id}/print", { path: { id }, body: { on: "page" } }) : first;
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    setCopy(answer.data.copy);
    setSent(!isForPage);
    // The mark of a duplicate is on the page before the page is printed.
    if (isForPage) requestAnimationFrame(() => setTimeout(() => globalThis.print()));
  };
  return { copy, isSent, busy, problem, print };
}
