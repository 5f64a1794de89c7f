import { useState } from "preact/hooks";
import type { Problem } from "./client";

export interface Request {
  busy: boolean;
  problem: Problem | undefined;
  run: (request: () => Promise<Problem | undefined>) => Promise<Problem | "done" | "busy">;
}

/** Runs a request once at a time, and keeps what went wrong. */
export function useRequest(): Request {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = async (request: () => Promise<Problem | undefined>): Promise<Problem | "done" | "busy"> => {
    if (busy) return "busy";
    setBusy(true);
    setProblem(undefined);
    const failed = await request();
    setBusy(false);
    setProblem(failed);
    return failed ?? "done";
  };
  return { busy, problem, run };
}
