import { useEffect, useState } from "preact/hooks";
import type { Answer, Problem } from "../lib/client";

export interface Loaded<T> {
  /** The last answer. It stays while another is read, and when the next one fails. */
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  again: () => void;
}

/** Reads when a screen opens and when `on` changes; a late answer to an earlier question is dropped. */
export function useLoaded<T>(read: () => Promise<Answer<T>>, on: readonly unknown[], everyMs?: number): Loaded<T> {
  const [state, setState] = useState<{ data: T | undefined; problem: Problem | undefined; loading: boolean }>({ data: undefined, problem: undefined, loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    setState((before) => ({ ...before, loading: true }));
    void read().then((answer) => {
      if (!isCurrent) return;
      setState((before) => (answer.ok ? { data: answer.data, problem: undefined, loading: false } : { data: before.data, problem: answer.problem, loading: false }));
    });
    const timer = everyMs === undefined ? undefined : setTimeout(() => setRound((before) => before + 1), everyMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [...on, round]);
  return { ...state, again: () => setRound((before) => before + 1) };
}
