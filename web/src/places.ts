// Where one can go, by what one may do. The node decides again at each request; this only keeps menus short.
import type { IconName } from "./design/components";
import { t } from "./lib/i18n";
import { mayCount, mayRecord } from "./session/session-state";

export interface Place {
  /** The first part of the address after `#`; the till's is empty. */
  path: string;
  icon: IconName;
  label: () => string;
  isOffered: () => boolean;
}

const sells = (): boolean => mayRecord("SALE_RECORDED", "SALE");
const receives = (): boolean => mayRecord("GOODS_RECEIVED", "RECEPTION");
const invoices = (): boolean => mayRecord("INVOICE_CREATED", "INVOICE");

export const PLACES: readonly Place[] = [
  { path: "", icon: "basket", label: () => t("nav-till"), isOffered: sells },
  { path: "receipts", icon: "receipt", label: () => t("nav-receipts"), isOffered: sells },
  { path: "drawer", icon: "drawer", label: () => t("nav-drawer"), isOffered: mayCount },
  { path: "receptions", icon: "boxes", label: () => t("nav-receptions"), isOffered: receives },
  { path: "stock", icon: "shelf", label: () => t("nav-stock"), isOffered: () => receives() || invoices() },
  { path: "invoices", icon: "page", label: () => t("nav-invoices"), isOffered: invoices },
  { path: "clients", icon: "people", label: () => t("nav-clients"), isOffered: () => mayRecord("CREATE", "CLIENT") },
  { path: "deliveries", icon: "truck", label: () => t("nav-deliveries"), isOffered: () => mayRecord("DELIVERY_VALIDATED", "DELIVERY") },
  { path: "queue", icon: "up", label: () => t("nav-queue"), isOffered: () => true },
];

export function offered(): Place[] {
  return PLACES.filter((place) => place.isOffered());
}

/** Where somebody is who named no place: the till, or the first place that is offered. */
export function placeAt(first: string | undefined): string {
  if (first !== undefined) return first;
  return offered()[0]?.path ?? "queue";
}
