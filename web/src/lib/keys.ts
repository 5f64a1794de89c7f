import { useEffect, useRef } from "preact/hooks";

/** Hears every key of the window. The handler is the one of the last rendering: a scanner is faster than effects are. */
export function useKeys(onKey: (event: KeyboardEvent) => void): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => latest.current(event);
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);
}
