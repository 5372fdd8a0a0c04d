/** Sentences for people, by topic and language. Code holds keys only. */
import { prefs, type Language } from '../state/prefs.svelte';
import type { Text } from '../api/types';

type Topic = Record<string, string>;

const files = import.meta.glob<Topic>('./*/*.json', { eager: true, import: 'default' });

const table: Record<string, Record<string, Topic>> = {};
for (const [path, words] of Object.entries(files)) {
  const [, language = '', topic = ''] = /^\.\/([^/]+)\/([^/]+)\.json$/.exec(path) ?? [];
  (table[language] ??= {})[topic] = words;
}

export type Params = Record<string, string | number>;

function find(language: Language, key: string): string | undefined {
  const dot = key.indexOf('.');
  return table[language]?.[key.slice(0, dot)]?.[key.slice(dot + 1)];
}

/** The sentence `topic.name` in the user's language, with `{name}` replaced. */
export function t(key: string, params: Params = {}): string {
  const sentence = find(prefs.language, key) ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** Whether there is a sentence for `key`. */
export function has(key: string): boolean {
  return find(prefs.language, key) !== undefined;
}

/** Like `t`, but an unknown name from the API is shown as it came. */
export function name(topic: string, key: string): string {
  return has(`${topic}.${key}`) ? t(`${topic}.${key}`) : key;
}

/** A sentence of the API in the user's language. */
export function say(text: Text | null | undefined): string {
  if (!text) return '';
  return prefs.language === 'en' ? text.en : text.zh;
}
