import { useEffect, useState } from "preact/hooks";
import { Button, Icon } from "../design/components";
import { t } from "../lib/i18n";
import { dataUrl, shrunk } from "./picture";
import { here, type NoPlace, type Place } from "./place";

export function Photo({ before, onPhoto }: { before: Blob | undefined; onPhoto: (photo: Blob | undefined) => void }) {
  const [preview, setPreview] = useState<string>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (before) void dataUrl(before).then(setPreview, () => undefined);
  }, []);
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    const photo = await shrunk(file);
    setFailed(!photo);
    setPreview(photo && (await dataUrl(photo)));
    onPhoto(photo);
  };
  return (
    <fieldset class="proof">
      <legend>{t("proof-photo")}</legend>
      {preview && <img class="photo" src={preview} alt={t("photo-taken")} />}
      {failed && <p class="error">{t("photo-unreadable")}</p>}
      <div class="choice">
        <label class="button">
          <Icon name="camera" />
          {preview ? t("photo-again") : t("photo-take")}
          <input class="heard" type="file" accept="image/*" capture="environment" onChange={(event) => void take(event.currentTarget.files?.[0])} />
        </label>
        {preview && (
          <Button
            icon="erase"
            onClick={() => {
              setPreview(undefined);
              onPhoto(undefined);
            }}
          >
            {t("photo-remove")}
          </Button>
        )}
      </div>
    </fieldset>
  );
}

export function Position({ before, onPlace }: { before: Place | undefined; onPlace: (place: Place | undefined) => void }) {
  const [busy, setBusy] = useState(false);
  const [place, setPlace] = useState<Place | NoPlace | undefined>(before);
  const find = async (): Promise<void> => {
    setBusy(true);
    const found = await here();
    setBusy(false);
    setPlace(found);
    onPlace(typeof found === "string" ? undefined : found);
  };
  return (
    <fieldset class="proof">
      <legend>{t("proof-position")}</legend>
      {place !== undefined && (
        <p role="status" class={typeof place === "string" ? "error" : "number"}>
          {typeof place === "string" ? noPlace(place) : `${place.latitude}, ${place.longitude}`}
        </p>
      )}
      <div class="choice">
        <Button icon="pin" busy={busy} onClick={() => void find()}>
          {place && typeof place !== "string" ? t("position-again") : t("position-take")}
        </Button>
      </div>
    </fieldset>
  );
}

function noPlace(why: NoPlace): string {
  switch (why) {
    case "refused":
      return t("position-refused");
    case "unsupported":
      return t("position-unsupported");
    case "unknown":
      return t("position-unknown");
  }
}
