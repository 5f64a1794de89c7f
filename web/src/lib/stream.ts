// The node's stream of state, once for all tabs of this browser: a browser opens six connections to a server, and a stream per
// tab would use them up. The tab that holds a Web Lock reads the stream and tells the others by a BroadcastChannel.
//
// Whether the node is there is decided here and nowhere else, by what arrives: `navigator.onLine` knows only about cables.
import { signal } from "@preact/signals";
import type { Schemas } from "./client";

export interface Live {
  /** Whether the node answers this screen; undefined before the first answer. */
  reached: boolean | undefined;
  /** When that began to be so, by this browser's clock. */
  since: number;
  marks?: Schemas["LiveMarks"];
  queue?: Schemas["LiveQueue"];
  sync?: Schemas["LiveSync"];
  notifications?: Schemas["LiveNotifications"];
}

/** Without a sign of life for so long the node is asked; it sends one by itself every 15 seconds only. */
const SILENCE = 2_500;
/** How long that answer may take. */
const PATIENCE = 2_000;
const RETRY = 1_000;
const LOCK = "comptoir-stream";

export const live = signal<Live>({ reached: undefined, since: Date.now() });
/** How many streams this tab has opened; for tests. */
export const streamsOpened = { count: 0 };

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(LOCK) : undefined;
let leads = false;

function publish(change: Partial<Live>): void {
  const before = live.value;
  const turned = change.reached !== undefined && change.reached !== before.reached;
  live.value = { ...before, ...change, ...(turned ? { since: Date.now() } : {}) };
  if (leads) channel?.postMessage({ kind: "state", live: live.value });
}

/** Begins to follow the node, until the signal ends it. */
export function follow(stop: AbortSignal): void {
  const onMessage = (event: MessageEvent<{ kind: string; live?: Live }>): void => {
    if (event.data.kind === "state" && event.data.live && !leads) live.value = event.data.live;
    if (event.data.kind === "ask" && leads) publish({});
  };
  channel?.addEventListener("message", onMessage);
  stop.addEventListener("abort", () => channel?.removeEventListener("message", onMessage));
  channel?.postMessage({ kind: "ask" });
  const lead = async (): Promise<void> => {
    leads = true;
    await readUntil(stop);
    leads = false;
  };
  // Without a secure origin there are no locks: then each tab reads for itself.
  if ("locks" in navigator && navigator.locks) void navigator.locks.request(LOCK, { signal: stop }, lead).catch(() => undefined);
  else void lead();
}

async function readUntil(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await readOnce(stop).catch(() => undefined);
    if (stop.aborted) return;
    publish({ reached: false });
    await pause(RETRY, stop);
  }
}

/** Reads one stream to its end, asking for a sign of life in silence. Ends when none comes. */
async function readOnce(stop: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  stop.addEventListener("abort", end, { once: true });
  let heard = Date.now();
  const opening = setTimeout(end, SILENCE + PATIENCE);
  try {
    streamsOpened.count += 1;
    const response = await fetch("/api/v1/stream", { signal: ended.signal, headers: { accept: "text/event-stream" } });
    clearTimeout(opening);
    if (response.status === 401) {
      publish({ reached: true });
      signedOut();
      await pause(5_000, ended.signal);
      return;
    }
    if (!response.ok || !response.body) throw new Error(String(response.status));
    publish({ reached: true });
    heard = Date.now();
    const watch = setInterval(async () => {
      if (Date.now() - heard < SILENCE) return;
      heard = Date.now();
      try {
        await fetch("/healthz", { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
      } catch {
        end();
      }
    }, 500);
    ended.signal.addEventListener("abort", () => clearInterval(watch), { once: true });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard = Date.now();
      const blocks = (text + value).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) take(block);
    }
  } finally {
    clearTimeout(opening);
    stop.removeEventListener("abort", end);
    ended.abort();
  }
}

function take(block: string): void {
  const lines = block.split("\n");
  const kind = lines.find((line) => line.startsWith("event: "))?.slice(7);
  const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
  if (!data || !(kind === "marks" || kind === "queue" || kind === "sync" || kind === "notifications")) return;
  publish({ [kind]: JSON.parse(data) });
}

let signedOut = (): void => undefined;
/** What to do when the stream is refused because the session has ended. */
export function onSignedOut(then: () => void): void {
  signedOut = then;
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
