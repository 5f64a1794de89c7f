// A signature by finger, mouse or pen; or, for a person who cannot draw, the name written out.
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../design/components";
import { t } from "../lib/i18n";
import { blobOf } from "./picture";

const WIDTH = 640;
const HEIGHT = 240;
const INK = "#111";

interface SignatureProps {
  /** The name to write out. */
  name: string;
  /** A signature that was given before. */
  before: Blob | undefined;
  onSigned: (signature: Blob | undefined) => void;
}

export function Signature({ name, before, onSigned }: SignatureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef(false);
  const [signed, setSigned] = useState(before !== undefined);
  const pen = (): CanvasRenderingContext2D => canvas.current!.getContext("2d")!;

  const clear = (): void => {
    const context = pen();
    context.fillStyle = "#fff";
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.strokeStyle = context.fillStyle = INK;
    context.lineWidth = 3.5;
    context.lineCap = context.lineJoin = "round";
  };
  useEffect(() => {
    clear();
    if (before) void createImageBitmap(before).then((picture) => canvas.current && pen().drawImage(picture, 0, 0), () => undefined);
  }, []);

  const at = (event: PointerEvent): [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
  };
  const keep = async (): Promise<void> => {
    setSigned(true);
    onSigned(await blobOf(canvas.current!, "image/png"));
  };
  const begin = (event: PointerEvent): void => {
    drawing.current = true;
    canvas.current!.setPointerCapture(event.pointerId);
    pen().beginPath();
    pen().moveTo(...at(event));
    pen().lineTo(...at(event));
    pen().stroke();
  };
  const draw = (event: PointerEvent): void => {
    if (!drawing.current) return;
    pen().lineTo(...at(event));
    pen().stroke();
  };
  const end = (): void => {
    if (!drawing.current) return;
    drawing.current = false;
    void keep();
  };
  return (
    <fieldset class="proof">
      <legend>{t("proof-signature")}</legend>
      <canvas ref={canvas} class="signature" width={WIDTH} height={HEIGHT} role="img" aria-label={signed ? t("signature-there") : t("signature-empty")} onPointerDown={begin} onPointerMove={draw} onPointerUp={end} onPointerCancel={end} />
      <div class="choice">
        <Button
          icon="pen"
          disabled={!name.trim()}
          onClick={() => {
            clear();
            pen().font = "italic 64px serif";
            pen().fillText(name.trim().slice(0, 40), 24, 150, WIDTH - 48);
            void keep();
          }}
        >
          {t("signature-by-name")}
        </Button>
        <Button
          icon="erase"
          disabled={!signed}
          onClick={() => {
            clear();
            setSigned(false);
            onSigned(undefined);
          }}
        >
          {t("signature-clear")}
        </Button>
      </div>
    </fieldset>
  );
}
