import { describe, expect, test } from 'vitest';
import { Store } from '../src/state/store';
import type { EventKind, LiveEvent } from '../src/api/types';

/** A server in miniature: things that change, and numbered events that say which kind changed. */
class TinyServer {
  seq = 0;
  asked = 0;
  readonly state: Record<string, { kind: EventKind; value: number }> = {
    '/tasks': { kind: 'task', value: 0 },
    '/alarms': { kind: 'alarm', value: 0 },
    '/columns/zones': { kind: 'cycle', value: 0 },
  };

  fetch = async (path: string): Promise<unknown> => {
    this.asked += 1;
    await new Promise((done) => setTimeout(done, 1));
    return { value: this.state[path]?.value };
  };

  change(path: string): LiveEvent {
    const thing = this.state[path];
    if (!thing) throw new Error(path);
    thing.value += 1;
    this.seq += 1;
    return { seq: this.seq, kind: thing.kind, id: path, at: '2015-09-16T22:54:33Z' };
  }
}

function watching(server: TinyServer): { store: Store; seen: Record<string, unknown> } {
  const store = new Store({ fetch: server.fetch, pauseMs: 0 });
  const seen: Record<string, unknown> = {};
  for (const [path, { kind }] of Object.entries(server.state)) {
    store.watch(path, [kind], (entry) => (seen[path] = entry.value));
  }
  store.receive({ seq: server.seq, kind: 'snapshot', id: 'live', at: '2015-09-16T22:54:33Z' });
  return { store, seen };
}

async function fresh(server: TinyServer): Promise<Record<string, unknown>> {
  const { store, seen } = watching(server);
  await store.settled();
  return seen;
}

describe('the store', () => {
  test('after replaying the events it holds what a fresh snapshot holds', async () => {
    const server = new TinyServer();
    const { store, seen } = watching(server);
    await store.settled();
    const paths = Object.keys(server.state);
    for (let i = 0; i < 200; i += 1) store.receive(server.change(paths[(i * 7) % 3] as string));
    await store.settled();
    expect(seen).toEqual(await fresh(server));
    expect(store.gaps).toBe(0);
  });

  test('a gap is noticed and healed', async () => {
    const server = new TinyServer();
    const { store, seen } = watching(server);
    await store.settled();
    server.change('/alarms');
    store.receive(server.change('/tasks'));
    await store.settled();
    expect(store.gaps).toBe(1);
    expect(seen).toEqual(await fresh(server));
  });

  test('an event that came twice changes nothing', async () => {
    const server = new TinyServer();
    const { store } = watching(server);
    await store.settled();
    const event = server.change('/tasks');
    store.receive(event);
    await store.settled();
    const asked = server.asked;
    store.receive(event);
    await store.settled();
    expect(server.asked).toBe(asked);
  });

  test('a new snapshot after a lost link fetches everything again', async () => {
    const server = new TinyServer();
    const { store, seen } = watching(server);
    await store.settled();
    server.change('/columns/zones');
    store.receive({ seq: 0, kind: 'snapshot', id: 'live', at: '2015-09-16T22:54:33Z' });
    await store.settled();
    expect(seen).toEqual(await fresh(server));
  });

  test('an event during a fetch is not lost', async () => {
    const server = new TinyServer();
    const { store, seen } = watching(server);
    store.receive(server.change('/tasks'));
    await store.settled();
    expect(seen['/tasks']).toEqual({ value: 1 });
  });

  test('a failed fetch keeps the old value and says so', async () => {
    const server = new TinyServer();
    let isDown = false;
    const store = new Store({ fetch: (path) => (isDown ? Promise.reject(new Error('down')) : server.fetch(path)), pauseMs: 0 });
    let last: { value: unknown; problem: unknown } | undefined;
    store.watch('/tasks', ['task'], (entry) => (last = entry));
    await store.settled();
    isDown = true;
    store.receive({ seq: 0, kind: 'snapshot', id: 'live', at: '' });
    store.receive(server.change('/tasks'));
    await store.settled();
    expect(last?.value).toEqual({ value: 0 });
    expect(last?.problem).toBeDefined();
  });

  test('what nobody watches any more is not fetched', async () => {
    const server = new TinyServer();
    const store = new Store({ fetch: server.fetch, pauseMs: 0 });
    const stop = store.watch('/tasks', ['task'], () => undefined);
    await store.settled();
    stop();
    const asked = server.asked;
    store.receive(server.change('/tasks'));
    await store.settled();
    expect(server.asked).toBe(asked);
  });
});
