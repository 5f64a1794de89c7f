// HTTP for both clients.

/** A refusal of the whole request; `retry` says whether the same request may succeed later. */
export class HttpError extends Error {
  readonly code: string | undefined;
  readonly retry: boolean;

  constructor(readonly status: number, readonly body: Record<string, any> | null) {
    super(`${status} ${body?.['code'] ?? ''}: ${body?.['detail'] ?? ''}`);
    this.code = body?.['code'];
    this.retry = body?.['retryable'] ?? status >= 500;
  }
}

/** A request fails after this long without an answer, even if its connection reports no error. */
const ANSWER_WITHIN_MS = 60_000;

/** A person's access tokens. */
export interface TokenSource {
  /** A token that is valid for a while. */
  token(): Promise<string>;
  /** Another one than the token that the server refused. */
  renewed(refused: string): Promise<string>;
  /** The server has answered. */
  contacted(): void;
}

/** A key of a program, or the tokens of a person. */
export type Credential = string | TokenSource;

/** Sends a POST if a body is given, else a GET, and reads the JSON answer. An expired token is renewed, and the same request sent again. */
export async function call<T>(url: string, credential: Credential, body?: unknown): Promise<T> {
  if (typeof credential === 'string') return request(url, credential, body);
  const token = await credential.token();
  let answer: T;
  try {
    answer = await request<T>(url, token, body);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 401) throw error;
    answer = await request<T>(url, await credential.renewed(token), body);
  }
  credential.contacted();
  return answer;
}

/** One request, with a token or without. */
export async function request<T>(url: string, token: string | undefined, body?: unknown): Promise<T> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  if (body === undefined) return read(await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }));
  headers['content-type'] = 'application/json';
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return read(await fetch(url, { method: 'POST', headers, signal, body: JSON.stringify(body) }));
}

async function read<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  const body: unknown = text === '' ? null : JSON.parse(text);
  if (!answer.ok) throw new HttpError(answer.status, body as Record<string, any>);
  return body as T;
}

/** Waits by the clock, except in a test that counts the waits. */
export type Pause = (milliseconds: number) => Promise<void>;

export const pause: Pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

/** Seconds before the attempt after this one: 1, 2, 4, 8, 16, then always 16. */
export const backoff = (attempt: number): number => Math.min(2 ** attempt, 16);

/** Tries until `send` succeeds and `again` is false for its answer. Errors that a retry cannot cure are thrown. */
export async function retry<T>(send: () => Promise<T>, again: (answer: T) => boolean, wait: Pause): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (!again(await send())) return;
    } catch (error) {
      if (error instanceof HttpError && !error.retry) throw error;
    }
    await wait(backoff(attempt) * 1000);
  }
}
