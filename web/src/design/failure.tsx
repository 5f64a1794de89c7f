import type { Problem } from "../lib/client";
import { problemText } from "../lib/problem-text";
import { Banner } from "./components";

/** What went wrong, with the next step, and the code to copy. `text` replaces the words that fit any place. */
export function Failure({ problem, text }: { problem: Problem | undefined; text?: string | undefined }) {
  if (!problem) return null;
  return (
    <Banner tone="danger" role="alert">
      {text ?? problemText(problem)} <code>{problem.code}</code>
    </Banner>
  );
}
