import { useEffect } from "preact/hooks";
import { lazy } from "./lib/lazy";
import { t } from "./lib/i18n";
import { route } from "./lib/router";
import { Shell } from "./shell";
import { SessionScreen } from "./session/session-screen";
import { session } from "./session/session-state";
import { TillScreen } from "./till/till-screen";

const Gallery = lazy(() => import("./design/gallery").then((module) => module.Gallery));
const Receipts = lazy(() => import("./receipts/receipts-screen").then((module) => module.ReceiptsScreen));
const Receipt = lazy(() => import("./receipts/receipt-screen").then((module) => module.ReceiptScreen));
const Queue = lazy(() => import("./queue/queue-screen").then((module) => module.QueueScreen));
const Deliveries = lazy(() => import("./deliveries/deliveries-screen").then((module) => module.DeliveriesScreen));

export function App() {
  const [place, id] = route.value;
  useEffect(() => {
    document.title = `${titleOf(place)} · Comptoir`;
  });
  if (place === "ui") return <Gallery />;
  if (session.value.state === "asking") return <Opening />;
  if (session.value.state === "out" || session.value.who.locked) return <SessionScreen />;
  return <Shell>{screen(place, id)}</Shell>;
}

function screen(place: string | undefined, id: string | undefined) {
  switch (place) {
    case "receipts":
      return id ? <Receipt key={id} id={id} /> : <Receipts />;
    case "queue":
      return <Queue />;
    case "deliveries":
      return <Deliveries id={id} />;
    default:
      return <TillScreen />;
  }
}

function titleOf(place: string | undefined): string {
  switch (place) {
    case "receipts":
      return t("nav-receipts");
    case "queue":
      return t("nav-queue");
    case "deliveries":
      return t("nav-deliveries");
    default:
      return t("nav-till");
  }
}

/** Before the node has answered for the first time. */
function Opening() {
  return (
    <main class="session">
      <p class="soft opening" role="status">
        <span class="spinner" aria-hidden="true" /> {t("opening")}
      </p>
    </main>
  );
}
