/** The one panel at the right: what is selected, or why a number is what it is. */
import type { Component } from 'svelte';
import type { Band, Figure, Why } from '../api/types';

export interface WhyQuestion {
  label: string;
  why: Why;
  band?: Band | undefined;
  unit?: string;
  figure?: Figure;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyComponent = Component<any>;

interface Content {
  title: () => string;
  component: AnyComponent;
  props: Record<string, unknown>;
  /** Called when the person closes it, to drop the selection that it shows. */
  onclose?: () => void;
}

class Panel {
  content = $state.raw<Content | null>(null);
  question = $state.raw<WhyQuestion | null>(null);

  /** Show a component. `title` is a function so that it follows the language. */
  open<P extends Record<string, unknown>>(
    title: () => string, component: Component<P>, props: P, onclose?: () => void,
  ): void {
    this.question = null;
    this.content = { title, component: component as AnyComponent, props, ...(onclose ? { onclose } : {}) };
  }

  /** Answer "why?"; closing the answer returns to what was there before. */
  why(question: WhyQuestion): void {
    this.question = question;
  }

  get isOpen(): boolean {
    return this.question !== null || this.content !== null;
  }

  close(): void {
    if (this.question) {
      this.question = null;
      return;
    }
    const closing = this.content;
    this.content = null;
    closing?.onclose?.();
  }

  /** Leave a page: whatever is there goes, without telling anybody. */
  clear(): void {
    this.question = null;
    this.content = null;
  }
}

export const panel = new Panel();
