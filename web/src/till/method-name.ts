import { t } from "../lib/i18n";

/** How something was paid, in words; an unknown method as it was written. */
export function methodName(method: string): string {
  switch (method) {
    case "cash":
      return t("method-cash");
    case "card":
      return t("method-card");
    case "cheque":
      return t("method-cheque");
    case "account":
      return t("method-account");
    case "unspecified":
      return t("method-unspecified");
    default:
      return method;
  }
}
