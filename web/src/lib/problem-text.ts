import type { Problem } from "./client";
import { t } from "./i18n";

/** What a person reads, with the next step. The code is shown next to it, to copy. */
export function problemText(problem: Problem): string {
  switch (problem.code) {
    case "UNREACHABLE":
      return t("problem-unreachable");
    case "UNAUTHORIZED":
      return t("problem-unauthorized");
    case "SESSION_LOCKED":
      return t("problem-locked");
    case "PASSWORD_REQUIRED":
      return t("problem-password-required");
    case "TOO_MANY_ATTEMPTS":
      return t("problem-too-many");
    case "FORBIDDEN":
      return t("problem-forbidden");
    case "INSUFFICIENT_STORAGE":
      return t("problem-disk-full");
    case "LOG_READ_ONLY":
    case "LOG_DAMAGED":
      return t("problem-read-only");
    case "QUEUE_FULL":
    case "RATE_LIMITED":
      return t("problem-busy");
    case "PRECONDITION_FAILED":
      return t("problem-changed");
    case "PRINTER_UNREACHABLE":
      return t("problem-printer");
    case "PRINT_INCOMPLETE":
      return t("problem-print-cut");
    case "TILL_ALREADY_OPEN":
      return t("problem-till-open");
    case "TILL_NOT_OPEN":
      return t("problem-till-closed");
    case "REASON_REQUIRED":
      return t("problem-reason");
    case "NOT_FOUND":
      return t("problem-not-found");
    case "DEVICE_REVOKED":
      return t("problem-revoked");
    default:
      return problem.detail || problem.title || t("problem-other");
  }
}
