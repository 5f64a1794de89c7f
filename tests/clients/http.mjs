// What both clients need of HTTP.

/** A refusal of the whole request; `retry` says whether the same request may succeed later. */
export class HttpError extends Error {
  constructor(status, body) {
    super(`${status} ${body?.code ?? ''}: ${body?.detail ?? ''}`);
    this.status = status;
    this.code = body?.code;
    this.retry = body?.retryable ?? status >= 500;
  }
}

/** @param {string} url @param {string} token @param {unknown} [body] posted where it is given */
export async function call(url, token, body) {
  const headers = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const read = await answer.json();
  if (!answer.ok) throw new HttpError(answer.status, read);
  return read;
}

/** 1, 2, 4, 8, 16 units, then 16 for ever. */
export function backoff(attempt, unit) {
  return Math.min(2 ** attempt, 16) * unit;
}

export const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));
