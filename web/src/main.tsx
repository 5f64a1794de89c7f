import { render } from "preact";
import { App } from "./app";
import "./design/tokens.css";
import "./design/components.css";
import "./design/screens.css";
import "./design/desk.css";
import { preferredLanguage, useLanguage } from "./lib/i18n";
import { follow, live, onSignedOut } from "./lib/stream";
import { effect } from "@preact/signals";
import { keptTheme, useTheme } from "./lib/theme";
import { ask, session } from "./session/session-state";

useTheme(keptTheme());
await useLanguage(preferredLanguage());
render(<App />, document.getElementById("app")!);

onSignedOut(() => void ask());
await ask();

// The stream needs a session, and ends with it.
let following: AbortController | undefined;
effect(() => {
  const isIn = session.value.state === "in";
  if (isIn && !following) {
    following = new AbortController();
    follow(following.signal);
  } else if (!isIn && following) {
    following.abort();
    following = undefined;
  }
});

// A node that did not answer at first is asked again until it does.
setInterval(() => {
  if (session.value.state === "asking") void ask();
}, 2_000);
// After a restart of the node the session is gone: ask once the node is back.
let wasReached = true;
effect(() => {
  const isReached = live.value.reached !== false;
  if (isReached && !wasReached) void ask();
  wasReached = isReached;
});
