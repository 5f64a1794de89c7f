// The decoder alone, in a chunk of its own: it is loaded when a camera opens.
import decodeQR from "qr/decode.js";

/** The text of the QR code in a picture; undefined where none can be read. */
export function decode(picture: ImageData): string | undefined {
  try {
    return decodeQR({ width: picture.width, height: picture.height, data: picture.data });
  } catch {
    // No code in this picture, or a blurred one: the next picture comes at once.
    return undefined;
  }
}
