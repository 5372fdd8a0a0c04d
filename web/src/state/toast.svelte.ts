/** Short notices that go by themselves, and problems that stay until read. */
import type { Problem } from '../api/problem';

export interface Toast {
  id: number;
  text?: string;
  problem?: Problem;
  /** One step back, when there is one. */
  undo?: () => void;
}

const SHOWN_MS = 6000;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;

  say(text: string, undo?: () => void): void {
    const id = this.#add(undo ? { text, undo } : { text });
    setTimeout(() => this.drop(id), SHOWN_MS);
  }

  problem(problem: Problem): void {
    this.#add({ problem });
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, 'id'>): number {
    const id = this.#next++;
    this.list = [...this.list, { id, ...toast }];
    return id;
  }
}

export const toasts = new Toasts();
