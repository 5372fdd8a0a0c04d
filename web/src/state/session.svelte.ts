/** Who is signed in at this browser. */
import { get, send, setCsrf, whenSignedOut } from '../api/client';
import { Problem } from '../api/problem';
import type { Session, User } from '../api/types';
import { store } from './resource.svelte';

class SessionState {
  user = $state.raw<User | null>(null);
  /** Whether we know yet. */
  isKnown = $state(false);
  /** Set when the session ended by itself, so that the sign-in page can say so. */
  hasEnded = $state(false);
  problem = $state.raw<Problem | null>(null);

  constructor() {
    whenSignedOut(() => {
      if (this.user) this.hasEnded = true;
      this.#drop();
    });
  }

  async restore(): Promise<void> {
    this.problem = null;
    try {
      this.#take(await get<Session>('/session'));
    } catch (cause) {
      if (cause instanceof Problem && cause.status !== 401) this.problem = cause;
      this.#drop();
    }
    this.isKnown = true;
  }

  async signIn(username: string, password: string): Promise<void> {
    this.#take(await send<Session>('POST', '/session', { username, password }));
    this.hasEnded = false;
  }

  async signOut(): Promise<void> {
    await send<unknown>('DELETE', '/session');
    this.#drop();
  }

  /** Whether the roles of the person allow `permission`, such as `alert:approve`. */
  may(permission: string): boolean {
    return this.user?.permissions.includes(permission) ?? false;
  }

  #take(session: Session): void {
    store.clear();
    setCsrf(session.csrf);
    this.user = session.user;
  }

  #drop(): void {
    setCsrf('');
    this.user = null;
  }
}

export const session = new SessionState();
