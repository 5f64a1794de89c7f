import { Banner, Button } from "../design/components";
import { clock, t } from "./i18n";
import { problemText } from "./problem-text";
import type { SavedDraft } from "./saved-draft";

/** Whether a draft is saved, in words; and the choice when another screen saved it too. */
export function DraftState<T>({ draft, onTheirs }: { draft: SavedDraft<T>; onTheirs: (theirs: T) => void }) {
  const state = draft.state.value;
  switch (state.kind) {
    case "new":
      return null;
    case "changed":
      return (
        <p class="soft small" role="status">
          {t("draft-changed")}
        </p>
      );
    case "saved":
      return (
        <p class="soft small" role="status">
          {t("draft-saved", { at: clock(state.at) })}
        </p>
      );
    case "failed":
      return (
        <Banner tone="warn" role="status">
          {t("draft-not-saved")} {problemText(state.problem)}
        </Banner>
      );
    case "elsewhere":
      return (
        <Banner tone="warn" role="alert">
          {t("draft-elsewhere")}
          <div class="choice">
            <Button onClick={() => void draft.theirs().then((theirs) => theirs && onTheirs(theirs))}>{t("draft-take-theirs")}</Button>
            <Button onClick={() => void draft.keepMine()}>{t("draft-keep-mine")}</Button>
          </div>
        </Banner>
      );
  }
}
