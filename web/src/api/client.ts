/** The one door to the API: adds the CSRF token, turns every failure into a `Problem`. */
import { Problem, problemOf } from './problem';
import type { Page } from './types';

const ROOT = '/api/v1';

let csrf = '';
let onSignedOut: () => void = () => undefined;

export function setCsrf(token: string): void {
  csrf = token;
}

/** Called when the API says that nobody is signed in any more. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

/** A key that makes a repeated command the same command. Make it once per intention, not per try. */
export function idempotencyKey(): string {
  return crypto.randomUUID();
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Problem(0, 'offline');
  }
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  if (answer.status === 401 && path !== '/session') onSignedOut();
  throw problem;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask(path, { headers: { Accept: 'application/json' }, signal: signal ?? null });
  return (await answer.json()) as T;
}

/** Every page of a list as one. */
export async function getEvery<T>(path: string): Promise<Page<T>> {
  const items: T[] = [];
  for (let next: string | null = '0'; next !== null;) {
    const page: Page<T> = await get(`${path}${path.includes('?') ? '&' : '?'}after=${next}`);
    items.push(...page.items);
    next = page.next;
  }
  return { items, total: items.length, next: null };
}

/** An answer that is not JSON. */
export function getBytes(path: string): Promise<Response> {
  return ask(path, {});
}

export interface SendOptions {
  /** From `idempotencyKey()`. */
  idempotency?: string;
  /** Version that the person saw; sent as If-Match. */
  version?: number;
}

export async function send<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  options: SendOptions = {},
): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-CSRF-Token': csrf };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.idempotency) headers['Idempotency-Key'] = options.idempotency;
  if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`;
  const init: RequestInit = { method, headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await ask(path, init);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

/** Send a file as it is; `onshare` hears how much of it is there, 0 to 1. */
export function upload<T>(path: string, file: Blob, onshare: (share: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('PUT', ROOT + path);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRF-Token', csrf);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => onshare(event.lengthComputable && event.total ? event.loaded / event.total : 0);
    request.onerror = () => fail(new Problem(0, 'offline'));
    request.onabort = () => fail(new DOMException('stopped', 'AbortError'));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        done(JSON.parse(request.responseText) as T);
        return;
      }
      if (request.status === 401) onSignedOut();
      void problemOf(new Response(request.responseText, { status: request.status })).then(fail);
    };
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

/** Send text of a kind of its own, such as CSV. */
export async function sendText<T>(method: 'PUT' | 'POST', path: string, body: Blob, type: string): Promise<T> {
  const headers = { Accept: 'application/json', 'X-CSRF-Token': csrf, 'Content-Type': type };
  const answer = await ask(path, { method, headers, body });
  return (await answer.json()) as T;
}

/** Address of a file to download, such as a CSV export. */
export function fileUrl(path: string): string {
  return ROOT + path;
}
