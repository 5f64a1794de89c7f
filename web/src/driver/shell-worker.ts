// The service worker keeps the pages of this phone, and nothing else. A new one is looked for at start, when the page is looked at
// again, and every quarter of an hour; once it is there, the page is reloaded where nobody is in the middle of something.
import { signal } from "@preact/signals";

const LOOK_EVERY = 15 * 60_000;

/** Whether newer pages are there. */
export const renewable = signal(false);

export function keepShell(): void {
  // The worker's list of files is made by the build.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  let had = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // The first worker of a phone takes over the very pages that it was loaded with.
    if (had) renewable.value = true;
    had = true;
  });
  void navigator.serviceWorker.register("/driver/sw.js", { scope: "/driver/", updateViaCache: "none" }).then(
    (registration) => {
      const look = (): void => void registration.update().catch(() => undefined);
      setInterval(look, LOOK_EVERY);
      document.addEventListener("visibilitychange", () => document.hidden || look());
    },
    (error: unknown) => console.warn("no service worker", error),
  );
}
