/** The live stream: a WebSocket that comes back by itself and says how it is. */
import type { LiveEvent } from './types';

export type LinkState = 'connecting' | 'open' | 'lost';

export interface Live {
  close(): void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The server speaks at least every 10 s; after so long the link is dead, whatever the socket says. */
const SILENCE_MS = 25_000;
const SIGNED_OUT = 4401;

export function connectLive(
  onEvent: (event: LiveEvent) => void,
  onState: (state: LinkState) => void,
  onSignedOut: () => void,
): Live {
  let socket: WebSocket | null = null;
  let wait = FIRST_WAIT_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  function open(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    socket = new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    socket.onmessage = (message: MessageEvent<string>) => {
      wait = FIRST_WAIT_MS;
      listen();
      onState('open');
      onEvent(JSON.parse(message.data) as LiveEvent);
    };
    socket.onclose = (event) => {
      clearTimeout(silence);
      if (isClosed) return;
      onState('lost');
      if (event.code === SIGNED_OUT) {
        onSignedOut();
        return;
      }
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  }

  function listen(): void {
    clearTimeout(silence);
    silence = setTimeout(() => socket?.close(), SILENCE_MS);
  }

  onState('connecting');
  open();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      clearTimeout(silence);
      socket?.close();
    },
  };
}
