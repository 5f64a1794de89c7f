import { Badge } from "../design/components";
import { t } from "../lib/i18n";

/** Where an event stands on its way to central. */
export function StatusBadge({ status }: { status: string | undefined }) {
  switch (status) {
    case "ACKED":
      return (
        <Badge tone="good" icon="check">
          {t("status-acked")}
        </Badge>
      );
    case "SENDING":
      return (
        <Badge tone="info" icon="up">
          {t("status-sending")}
        </Badge>
      );
    case "FAILED":
      return (
        <Badge tone="danger" icon="alert">
          {t("status-failed")}
        </Badge>
      );
    default:
      return (
        <Badge tone="quiet" icon="clock">
          {t("status-pending")}
        </Badge>
      );
  }
}
