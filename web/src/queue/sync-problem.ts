import { t } from "../lib/i18n";

/** Why central does not take what waits, in words. The code is shown next to it. */
export function syncProblemText(code: string): string {
  if (code.startsWith("TLS_")) return t("sync-not-accepted");
  switch (code) {
    case "UNREACHABLE":
    case "CENTRAL_NOT_ANSWERING":
    case "TIMEOUT":
    case "BROKEN":
      return t("sync-not-reached");
    case "STORE_UNAVAILABLE":
    case "STORE_RESTARTING":
    case "STORE_NOT_ANSWERING":
    case "RESTORE_IN_PROGRESS":
    case "RATE_LIMITED":
      return t("sync-busy");
    case "STORE_FULL":
    case "STORE_DAMAGED":
      return t("sync-store");
    case "UNAUTHORIZED":
    case "FORBIDDEN":
    case "REAUTH_REQUIRED":
      return t("sync-not-accepted");
    case "DEVICE_REVOKED":
      return t("problem-revoked");
    case "CLOCK_BEHIND":
      return t("sync-clock");
    default:
      return t("sync-other");
  }
}
