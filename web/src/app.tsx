import { useEffect } from "preact/hooks";
import { Empty } from "./design/components";
import { lazy } from "./lib/lazy";
import { t } from "./lib/i18n";
import { route } from "./lib/router";
import { PLACES, placeAt, type Place } from "./places";
import { Shell } from "./shell";
import { SessionScreen } from "./session/session-screen";
import { session } from "./session/session-state";
import { TillScreen } from "./till/till-screen";

const Gallery = lazy(() => import("./design/gallery").then((module) => module.Gallery));
const Receipts = lazy(() => import("./receipts/receipts-screen").then((module) => module.ReceiptsScreen));
const Receipt = lazy(() => import("./receipts/receipt-screen").then((module) => module.ReceiptScreen));
const Drawer = lazy(() => import("./drawer/drawer-screen").then((module) => module.DrawerScreen));
const Queue = lazy(() => import("./queue/queue-screen").then((module) => module.QueueScreen));
const Deliveries = lazy(() => import("./deliveries/deliveries-screen").then((module) => module.DeliveriesScreen));
const Receptions = lazy(() => import("./receptions/receptions-screen").then((module) => module.ReceptionsScreen));
const Count = lazy(() => import("./receptions/count-screen").then((module) => module.CountScreen));
const Reception = lazy(() => import("./receptions/reception-screen").then((module) => module.ReceptionScreen));
const Stock = lazy(() => import("./stock/stock-screen").then((module) => module.StockScreen));
const Invoices = lazy(() => import("./invoices/invoices-screen").then((module) => module.InvoicesScreen));
const InvoiceDraft = lazy(() => import("./invoices/draft-screen").then((module) => module.DraftScreen));
const Invoice = lazy(() => import("./invoices/invoice-screen").then((module) => module.InvoiceScreen));
const Clients = lazy(() => import("./clients/clients-screen").then((module) => module.ClientsScreen));
const Client = lazy(() => import("./clients/client-screen").then((module) => module.ClientScreen));

export function App() {
  const [first, ...rest] = route.value;
  const place = placeAt(first);
  useEffect(() => {
    document.title = `${titleOf(place)} · Comptoir`;
  });
  if (place === "ui") return <Gallery />;
  if (session.value.state === "asking") return <Opening />;
  if (session.value.state === "out" || session.value.who.locked) return <SessionScreen />;
  return <Shell>{screen(place, rest)}</Shell>;
}

function screen(path: string, [id, more]: string[]) {
  const place = PLACES.find((one) => one.path === path);
  if (place && !place.isOffered()) return <NotOffered place={place} />;
  switch (path) {
    case "receipts":
      return id ? <Receipt key={id} id={id} /> : <Receipts />;
    case "drawer":
      return <Drawer id={id} />;
    case "queue":
      return <Queue />;
    case "deliveries":
      return <Deliveries id={id} />;
    case "receptions":
      if (id === "count" && more) return <Count key={more} id={more} />;
      return id ? <Reception key={id} id={id} /> : <Receptions />;
    case "stock":
      return <Stock />;
    case "invoices":
      if (id === "draft" && more) return <InvoiceDraft key={more} id={more} />;
      return id ? <Invoice key={id} id={id} /> : <Invoices />;
    case "clients":
      return id ? <Client key={id} id={id} /> : <Clients />;
    default:
      return <TillScreen />;
  }
}

function titleOf(path: string): string {
  return PLACES.find((place) => place.path === path)?.label() ?? t("nav-till");
}

/** Another person's place: after a change of user, or by an address that was kept. */
function NotOffered({ place }: { place: Place }) {
  return (
    <main class="screen narrow" id="content" tabIndex={-1}>
      <Empty icon="lock" title={t("place-not-offered", { name: place.label() })}>
        {t("place-not-offered-next")}
      </Empty>
    </main>
  );
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
