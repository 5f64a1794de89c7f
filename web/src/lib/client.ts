// Calls of the node's API, typed by its own description. An answer is the data or a problem, never an exception: the caller
// has to say what a person reads when it fails.
import type { components, paths } from "../api/node";

export type Schemas = components["schemas"];

/** A refusal of the API, or the lack of an answer. */
export interface Problem {
  /** A code of docs/spec/errors.md, or `UNREACHABLE`. */
  code: string;
  status: number;
  title: string;
  detail: string;
  retryable: boolean;
}

export type Answer<T> = { ok: true; data: T; status: number; etag: string | null } | { ok: false; problem: Problem };

type Verb = "get" | "post" | "put" | "patch" | "delete";
type PathsWith<Paths, V extends Verb> = { [P in keyof Paths]: Paths[P] extends Record<V, object> ? P : never }[keyof Paths] & keyof Paths;
type Op<Paths, P extends keyof Paths, V extends Verb> = Paths[P] extends Record<V, infer O> ? O : never;
type Json<R> = R extends { content: { "application/json": infer T } } ? T : undefined;
type Success<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201)]> : never;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : undefined;
type Body<O> = O extends { requestBody?: infer B } ? Json<NonNullable<B>> : undefined;
type InPath<O> = O extends { parameters: { path: infer I } } ? I : undefined;

export interface Options<O> {
  path?: InPath<O>;
  query?: Query<O>;
  body?: Body<O>;
  headers?: Record<string, string>;
  /** Gives up after this many milliseconds. */
  within?: number;
}

/** How long an answer may take. A sale is on disk within milliseconds; a node that needs longer is in trouble. */
const WITHIN = 10_000;

/** A call of an operation that the document of `Paths` has. */
export type Call<Paths> = <V extends Verb, P extends PathsWith<Paths, V>>(
  verb: V,
  path: P,
  options?: Options<Op<Paths, P, V>>,
) => Promise<Answer<Success<Op<Paths, P, V>>>>;

export const call: Call<paths> = (verb, path, options = {}) =>
  send(verb, addressOf(String(path), options), options.body, options.headers, options.within);

/** A path with its parameters and its query. */
export function addressOf(path: string, options: { path?: unknown; query?: unknown }): string {
  const query = Object.entries((options.query ?? {}) as Record<string, unknown>).filter(([, value]) => value != null);
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((options.path as Record<string, unknown> | undefined)?.[name] ?? "")),
  );
  const search = query.length > 0 ? `?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}` : "";
  return filled + search;
}

/** The same without types, for operations that this node may not have. */
export async function send<T>(
  verb: Verb,
  address: string,
  body?: unknown,
  headers: Record<string, string> = {},
  within: number = WITHIN,
): Promise<Answer<T>> {
  const init: RequestInit = {
    method: verb.toUpperCase(),
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    signal: AbortSignal.timeout(within),
    cache: "no-cache",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  try {
    const response = await fetch(address, init);
    const text = await response.text();
    if (response.ok) {
      const data = (text ? JSON.parse(text) : undefined) as T;
      return { ok: true, data, status: response.status, etag: response.headers.get("etag") };
    }
    return { ok: false, problem: problemOf(response.status, text) };
  } catch (error) {
    return { ok: false, problem: { code: "UNREACHABLE", status: 0, title: "", detail: String(error), retryable: true } };
  }
}

function problemOf(status: number, text: string): Problem {
  try {
    const document = JSON.parse(text) as Partial<Problem>;
    return {
      code: document.code ?? `HTTP_${status}`,
      status,
      title: document.title ?? "",
      detail: document.detail ?? "",
      retryable: document.retryable ?? false,
    };
  } catch {
    return { code: `HTTP_${status}`, status, title: "", detail: text.slice(0, 200), retryable: status >= 500 };
  }
}
