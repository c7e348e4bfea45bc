// The node's API: calls with typed parameters, errors that say what, why and what next.
import type { Methods } from './methods';
import { routes, type Method } from './routes';

/** What the node said no to, in the words that it chose (doc/API.md, "Answers"). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly next?: string,
  ) {
    super(message);
  }

  /** This browser is not signed in, or no longer. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

const PREFIX = '/api/v1';

/** A route with its {names} filled in; what is filled in is taken out of `left`. */
function fill(route: string, left: Record<string, unknown>): string {
  return route.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = left[name];
    delete left[name];
    return encodeURIComponent(String(value));
  });
}

function queryOf(values: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) query.append(name, String(one));
  const text = query.toString();
  return text && `?${text}`;
}

async function problemOf(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => null)) as {
    detail?: string;
    error?: { code?: string; message?: string; next?: string };
  } | null;
  const error = body?.error;
  return new ApiError(
    answer.status,
    error?.code ?? `http.${answer.status}`,
    error?.message ?? body?.detail ?? `${answer.status} ${answer.statusText}`,
    error?.next,
  );
}

/** The end of this browser's session.  No method of an app, as `/login` is none. */
export async function signOut(): Promise<void> {
  const answer = await fetch(`${PREFIX}/logout`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
  if (!answer.ok) throw await problemOf(answer);
}

/**
 * Call a method of the node: `await call('file.pause', { id })`.  Throws an ApiError.  With
 * `signal`, a call that nobody waits for any more is dropped.
 */
export async function call<Result = unknown, M extends Method = Method>(
  method: M,
  params: Methods[M] = {} as Methods[M],
  signal?: AbortSignal,
): Promise<Result> {
  const [verb, route] = routes[method].split(' ') as [string, string];
  const left: Record<string, unknown> = { ...params };
  let path = PREFIX + fill(route, left);
  const init: RequestInit = { method: verb, headers: { Accept: 'application/json' } };
  if (signal) init.signal = signal;
  if (verb === 'GET') {
    path += queryOf(left);
  } else {
    // Always a JSON type: the node refuses whatever a form of another page could send.
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
    init.body = JSON.stringify(left);
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (why) {
    if (signal?.aborted) throw why;
    throw new ApiError(0, 'web.unreachable', 'the node does not answer', 'shoal up');
  }
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as Result;
}
