// Reading a code: by the camera, or typed by hand, which is always there. A phone in low-battery mode shows no picture by itself.
import { useEffect, useRef, useState } from "preact/hooks";
import { Banner, Button, Dialog, Field } from "../design/components";
import { t } from "../lib/i18n";
import { cameras, closeCamera, openCamera, pictureOf, rememberCamera, type Camera, type NoCamera } from "./camera";

/** Between two pictures. */
const PAUSE = 120;
/** After so long without a code the screen says what helps. */
const PATIENCE = 8_000;

interface ScannerProps {
  title: string;
  /** What may be typed instead. */
  label: string;
  hint: string;
  /** Whether the camera waits until it is asked for. */
  sparing: boolean;
  /** Answers what is wrong with a code; nothing if it is taken. */
  onCode: (text: string, how: "scanned" | "typed") => string | undefined;
  onClose: () => void;
}

export function Scanner({ title, label, hint, sparing, onCode, onClose }: ScannerProps) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [shows, setShows] = useState(!sparing);
  const give = (text: string, how: "scanned" | "typed"): void => setWrong(onCode(text, how));
  return (
    <Dialog title={title} closeLabel={t("close")} onClose={onClose}>
      {shows ? (
        <CameraView onText={(text) => give(text, "scanned")} />
      ) : (
        <Banner tone="info" icon="battery">
          <p>{t("scan-sparing")}</p>
          <Button icon="camera" onClick={() => setShows(true)}>
            {t("scan-camera-anyway")}
          </Button>
        </Banner>
      )}
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim()) give(typed.trim(), "typed");
        }}
      >
        <Field label={label} value={typed} onValue={setTyped} autoCapitalize="none" autoComplete="off" spellcheck={false} maxLength={400} />
        <Button type="submit" kind="primary">
          {t("scan-use")}
        </Button>
      </form>
      {wrong ? (
        <Banner tone="danger" role="alert">
          {wrong}
        </Banner>
      ) : (
        <p class="soft small">{hint}</p>
      )}
    </Dialog>
  );
}

function CameraView({ onText }: { onText: (text: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const latest = useRef(onText);
  latest.current = onText;
  const [id, setId] = useState<string>();
  const [camera, setCamera] = useState<Camera>();
  const [failed, setFailed] = useState<NoCamera>();
  const [choice, setChoice] = useState<{ id: string; label: string }[]>([]);
  const [torch, setTorch] = useState(false);
  const [slow, setSlow] = useState(false);

  useEffect(() => {
    let ended = false;
    let own: Camera | undefined;
    void openCamera(id).then(async (found) => {
      if (typeof found === "string") return setFailed(found);
      if (ended) return closeCamera(found);
      own = found;
      setFailed(undefined);
      setCamera(found);
      setTorch(false);
      if (video.current) {
        video.current.srcObject = found.stream;
        await video.current.play().catch(() => undefined);
      }
      setChoice(await cameras());
    });
    return () => {
      ended = true;
      if (own) closeCamera(own);
    };
  }, [id]);

  useEffect(() => {
    if (!camera) return;
    const canvas = document.createElement("canvas");
    let timer: ReturnType<typeof setTimeout>;
    let last = "";
    let ended = false;
    const help = setTimeout(() => setSlow(true), PATIENCE);
    const look = async (): Promise<void> => {
      const { decode } = await import("./qr-decoder");
      if (ended) return;
      const picture = video.current && pictureOf(video.current, canvas);
      const text = picture ? decode(picture) : undefined;
      // A code that stays in the picture is one scan.
      if (text !== undefined && text !== last) {
        setSlow(false);
        latest.current(text);
      }
      last = text ?? last;
      timer = setTimeout(() => void look(), PAUSE);
    };
    void look();
    return () => {
      ended = true;
      clearTimeout(timer);
      clearTimeout(help);
    };
  }, [camera]);

  if (failed) {
    return (
      <Banner tone="warn" icon="camera">
        {noCamera(failed)}
      </Banner>
    );
  }
  const next = choice[(choice.findIndex((one) => one.id === camera?.id) + 1) % Math.max(1, choice.length)];
  return (
    <div class="scan">
      <video ref={video} class="scan-picture" muted playsInline aria-label={t("scan-picture")} />
      <div class="scan-tools">
        {camera?.torch && (
          <Button
            icon="light"
            aria-pressed={torch ? "true" : "false"}
            onClick={() => {
              void camera.torch?.(!torch).then(() => setTorch(!torch), () => undefined);
            }}
          >
            {t("scan-torch")}
          </Button>
        )}
        {choice.length > 1 && next && (
          <Button
            icon="camera"
            onClick={() => {
              rememberCamera(next.id);
              setId(next.id);
            }}
          >
            {t("scan-other-camera")}
          </Button>
        )}
      </div>
      <p role="status" class="small soft">
        {slow ? t("scan-unreadable") : t("scan-looking")}
      </p>
    </div>
  );
}

function noCamera(why: NoCamera): string {
  switch (why) {
    case "insecure":
      return t("scan-insecure");
    case "refused":
      return t("scan-refused");
    case "none":
      return t("scan-none");
    case "busy":
      return t("scan-busy");
  }
}
