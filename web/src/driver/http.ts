// Requests to central, which serves this page too.

/** How long an answer may take on a slow line. */
const PATIENCE = 20_000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly values: Record<string, unknown> = {},
  ) {
    super(detail);
  }
}

/** No answer came: nothing is known about the request. */
export class Unreached extends Error {}

export async function request<T>(method: "GET" | "POST" | "PUT", path: string, token: string | undefined, body?: object | Blob): Promise<T> {
  const isFile = body instanceof Blob;
  const headers: Record<string, string> = {};
  if (token) headers["authorization"] = `Bearer ${token}`;
  if (body) headers["content-type"] = isFile ? "application/octet-stream" : "application/json";
  let status: number;
  let text: string;
  try {
    const answer = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(isFile ? 4 * PATIENCE : PATIENCE),
      ...(body ? { body: isFile ? body : JSON.stringify(body) } : {}),
    });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    throw new Unreached(String(error));
  }
  const document = parsed(text);
  if (status >= 200 && status < 300) return document as T;
  const { code = `HTTP_${status}`, detail = text.slice(0, 200), ...values } = (document ?? {}) as { code?: string; detail?: string };
  // A gateway on the way, or a central that is starting: the request may be sent again.
  if (status >= 500 || status === 408 || status === 429) throw new Unreached(`${status} ${code}: ${detail}`);
  throw new Refused(status, code, detail, values);
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
