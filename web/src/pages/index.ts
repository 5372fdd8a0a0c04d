/** The pages in the order of the navigation; a page is there when its folder has a `Page.svelte`. */
import type { Component } from 'svelte';
import type { IconName } from '../panels/icons';

type Load = () => Promise<{ default: Component }>;

const files = import.meta.glob<{ default: Component }>('./*/Page.svelte');

export interface PageEntry {
  id: IconName;
  load: Load;
}

const ORDER: readonly IconName[] = ['situation', 'warnings', 'command', 'recovery', 'assessment', 'risk', 'data'];

export const pages: readonly PageEntry[] = ORDER.flatMap((id) => {
  const load = files[`./${id}/Page.svelte`];
  return load ? [{ id, load: load as Load }] : [];
});
