/** What went wrong, ready to be said in the user's language. */
import type { Fault, ProblemBody, Text } from './types';

export class Problem extends Error {
  readonly status: number;
  readonly key: string;
  readonly text: Text | null;
  readonly hint: Text | null;
  readonly faults: Fault[];

  constructor(status: number, key: string, body?: Partial<ProblemBody>) {
    super(key);
    this.name = 'Problem';
    this.status = status;
    this.key = key;
    this.text = body?.problem ?? null;
    this.hint = body?.hint ?? null;
    this.faults = body?.faults ?? [];
  }

  /** Key in the `errors` words for problems that the API did not put into words itself. */
  get wordKey(): string {
    if (this.key === 'offline') return 'offline';
    if (this.status === 401) return 'signedOut';
    if (this.status === 403) return 'notAllowed';
    if (this.status === 404) return 'notFound';
    if (this.status === 409 || this.status === 412) return 'conflict';
    if (this.status === 429) return 'tooMany';
    if (this.status >= 500) return 'server';
    return 'request';
  }
}

/** Read a failed answer; anything that is no problem document still becomes a Problem. */
export async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Partial<ProblemBody>;
    return new Problem(answer.status, body.key ?? 'unknown', body);
  } catch {
    return new Problem(answer.status, 'unknown');
  }
}

export function asProblem(cause: unknown): Problem {
  return cause instanceof Problem ? cause : new Problem(0, 'offline');
}
