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

/** Sends a POST if a body is given, else a GET, and reads the JSON answer. */
export async function call<T>(url: string, token: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body === undefined) return read(await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }));
  headers['content-type'] = 'application/json';
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return read(await fetch(url, { method: 'POST', headers, signal, body: JSON.stringify(body) }));
}

async function read<T>(answer: Response): Promise<T> {
  const body = await answer.json();
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
