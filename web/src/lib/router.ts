import { signal } from "@preact/signals";

/** Where the user is: the part of the address after `#`, in pieces. */
export const route = signal<string[]>(read());

function read(): string[] {
  return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
}

addEventListener("hashchange", () => {
  route.value = read();
});

export function go(address: string): void {
  if (location.pathname !== "/") location.assign(`/#${address}`);
  else location.hash = address;
}
