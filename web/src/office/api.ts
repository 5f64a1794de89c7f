// Calls of central's API, typed by its own description, in the name of the person who is signed in.
import type { components, paths } from "../api/central";
import { addressOf, send, type Call } from "../lib/client";
import { authorized } from "./session";

export type Schemas = components["schemas"];

export const call: Call<paths> = (verb, path, options = {}) =>
  authorized((headers) => send(verb, addressOf(String(path), options), options.body, { ...options.headers, ...headers }, options.within ?? 60_000));

/** An answer as a file: its text, and the type that central gave. */
export async function download(path: string, query: Record<string, string | undefined>, name: string): Promise<boolean> {
  let file: Blob | undefined;
  const answer = await authorized<undefined>(async (headers) => {
    const response = await fetch(addressOf(path, { query }), { headers: { ...headers, accept: "text/csv" }, cache: "no-cache" });
    const problem = { code: `HTTP_${response.status}`, status: response.status, title: "", detail: "", retryable: false };
    if (!response.ok) return { ok: false, problem };
    file = await response.blob();
    return { ok: true, data: undefined, status: response.status, etag: null };
  });
  if (!answer.ok || !file) return false;
  save(file, name);
  return true;
}

export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
