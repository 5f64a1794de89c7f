// One vocabulary of state, on every screen. Three facts are kept apart: this screen and the node, the node and central, the queue.
import type { Live } from "./stream";

export type Word = "up-to-date" | "sending" | "waiting" | "offline" | "action" | "unreached" | "starting";

export interface Standing {
  word: Word;
  /** Events that wait. */
  pending: number;
  /** Events that need a person. */
  toReview: number;
  screen: boolean | undefined;
  central: boolean | undefined;
}

/** Whether the node and central talk: undefined before the first try. */
function centralReached(live: Live): boolean | undefined {
  const sync = live.sync;
  if (!sync || sync.phase === "disabled") return undefined;
  if (sync.last_error || sync.phase === "stopped") return false;
  return sync.last_success_at ? true : undefined;
}

export function standingOf(live: Live): Standing {
  const { pending, to_review: toReview } = live.queue ?? { pending: 0, to_review: 0 };
  const central = centralReached(live);
  const standing = { pending, toReview, screen: live.reached, central };
  if (live.reached === false) return { word: "unreached", ...standing };
  if (live.reached === undefined || !live.queue) return { word: "starting", ...standing };
  if (toReview > 0) return { word: "action", ...standing };
  if (central === false) return { word: "offline", ...standing };
  if (pending > 0 && live.sync?.phase === "sending") return { word: "sending", ...standing };
  if (pending > 0) return { word: "waiting", ...standing };
  return { word: "up-to-date", ...standing };
}
