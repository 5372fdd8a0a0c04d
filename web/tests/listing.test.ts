import { afterEach, describe, expect, test, vi } from 'vitest';
import { getEvery } from '../src/api/client';
import { pagesOf } from '../src/panels/table';

describe('a long list', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('asks for the pages that hold the rows in sight, and for one at least', () => {
    expect(pagesOf(0, 0, 200)).toEqual([0]);
    expect(pagesOf(0, 200, 200)).toEqual([0]);
    expect(pagesOf(190, 215, 200)).toEqual([0, 1]);
    expect(pagesOf(9990, 10_000, 200)).toEqual([49]);
  });

  test('that a map wants whole is fetched to its last page', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (path: string) => {
      asked.push(path);
      const after = Number(new URL(path, 'http://here').searchParams.get('after'));
      const next = after + 2 < 5 ? String(after + 2) : null;
      return new Response(JSON.stringify({ items: [after, after + 1].filter((n) => n < 5), total: 5, next }));
    });
    expect(await getEvery('/sensors?limit=2')).toEqual({ items: [0, 1, 2, 3, 4], total: 5, next: null });
    expect(asked).toHaveLength(3);
  });
});
