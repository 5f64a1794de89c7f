// The camera: which one, its lamp, and pictures of it for the decoder.

const KEPT = "comptoir.camera";
/** Wide enough for a code of 200 characters that fills a third of the picture. */
const WIDTH = 1_280;
/** The decoder gets a smaller picture: a code in the middle has pixels enough, and a cheap phone keeps up. */
const DECODED_SIDE_MAX = 800;

export type NoCamera = "insecure" | "none" | "refused" | "busy";

export interface Camera {
  stream: MediaStream;
  id: string;
  /** Switches the lamp; undefined where the camera has none. */
  torch: ((on: boolean) => Promise<void>) | undefined;
}

export async function openCamera(id: string | undefined): Promise<Camera | NoCamera> {
  if (!navigator.mediaDevices?.getUserMedia) return "insecure";
  const chosen = id ?? localStorage.getItem(KEPT) ?? undefined;
  const which = chosen ? { deviceId: { exact: chosen } } : { facingMode: { ideal: "environment" } };
  try {
    return opened(await navigator.mediaDevices.getUserMedia({ video: { ...which, width: { ideal: WIDTH } } }));
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (chosen && (name === "OverconstrainedError" || name === "NotFoundError")) {
      // The camera that was chosen once is gone.
      localStorage.removeItem(KEPT);
      return id === undefined ? openCamera(undefined) : "none";
    }
    if (name === "NotAllowedError" || name === "SecurityError") return "refused";
    return name === "NotFoundError" ? "none" : "busy";
  }
}

function opened(stream: MediaStream): Camera {
  const track = stream.getVideoTracks()[0]!;
  const hasLamp = (track.getCapabilities?.() as { torch?: boolean } | undefined)?.torch === true;
  // The types of the browser do not know the lamp yet.
  const torch = (on: boolean): Promise<void> => track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
  return { stream, id: track.getSettings().deviceId ?? "", torch: hasLamp ? torch : undefined };
}

export function closeCamera(camera: Camera): void {
  for (const track of camera.stream.getTracks()) track.stop();
}

export function rememberCamera(id: string): void {
  localStorage.setItem(KEPT, id);
}

/** The cameras by name; their names are known once a person has allowed one. */
export async function cameras(): Promise<{ id: string; label: string }[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput" && device.deviceId).map((device) => ({ id: device.deviceId, label: device.label }));
}

/** What the camera sees now; undefined before its first picture. */
export function pictureOf(video: HTMLVideoElement, canvas: HTMLCanvasElement): ImageData | undefined {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return undefined;
  const scale = Math.min(1, DECODED_SIDE_MAX / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
