/** How long a person waits at a door for a satellite. */
const PATIENCE = 10_000;

export type Place = { latitude: string; longitude: string };
export type NoPlace = "unsupported" | "refused" | "unknown";

/** Where the browser is, in degrees as decimals with six digits: about ten centimetres. */
export function here(): Promise<Place | NoPlace> {
  if (!("geolocation" in navigator) || !isSecureContext) return Promise.resolve("unsupported");
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude.toFixed(6), longitude: coords.longitude.toFixed(6) }),
      (error) => resolve(error.code === error.PERMISSION_DENIED ? "refused" : "unknown"),
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 60_000 },
    );
  });
}
