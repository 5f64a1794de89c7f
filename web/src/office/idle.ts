// Somebody who leaves the desk is signed out: the next person needs a password.
import { session, signOut } from "./session";

const IDLE_AFTER = 15 * 60_000;
const LOOK_EVERY = 10_000;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

let lastSign = Date.now();

/** The tabs of one browser share the login, so a sign in one is a sign in all. */
export function watchIdleness(): void {
  const shared = new BroadcastChannel("comptoir-office");
  let lastShared = 0;
  for (const sign of SIGNS) {
    addEventListener(
      sign,
      () => {
        lastSign = Date.now();
        if (lastSign - lastShared > LOOK_EVERY) {
          lastShared = lastSign;
          shared.postMessage("here");
        }
      },
      { passive: true, capture: true },
    );
  }
  shared.onmessage = () => {
    lastSign = Date.now();
  };
  // A computer that slept has not run this timer, and its clock went on.
  setInterval(() => {
    if (session.value.state === "in" && Date.now() - lastSign > IDLE_AFTER) void signOut("idle");
  }, LOOK_EVERY);
}
