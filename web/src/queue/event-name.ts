import type { Schemas } from "../lib/client";
import { money, t } from "../lib/i18n";

type Event = Schemas["Event"];

/** What an event is, in a word. */
export function eventName({ action }: Pick<Event, "action">): string {
  switch (action) {
    case "SALE_RECORDED":
      return t("action-sale");
    case "SALE_REFUNDED":
      return t("action-refund");
    case "GOODS_RECEIVED":
      return t("action-reception");
    case "GOODS_RETURNED":
      return t("action-reception-undone");
    case "DELIVERY_VALIDATED":
      return t("action-delivery");
    case "INVOICE_CREATED":
      return t("action-invoice");
    case "INVOICE_CANCELLED":
      return t("action-invoice-cancelled");
    case "AUDIT_RECORDED":
      return t("action-audit");
    case "CREATE":
      return t("action-create");
    case "UPDATE":
      return t("action-update");
    case "DELETE":
      return t("action-delete");
    default:
      return action;
  }
}

/** What distinguishes it from others of its kind: its amount, its number or its entity. */
export function eventDetail(event: Event): string {
  const payload = event.payload as { total_minor?: number; currency?: string; reference?: string; name?: string } | null;
  if (payload && typeof payload.total_minor === "number" && payload.currency) return money(payload.total_minor, payload.currency);
  if (typeof payload?.reference === "string") return payload.reference;
  if (typeof payload?.name === "string") return payload.name;
  return ["SALE", "AUDIT", "RECEPTION"].includes(event.entity_type) ? "" : `${event.entity_type} ${event.entity_id}`;
}
