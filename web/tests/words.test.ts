import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import { describe, expect, test } from 'vitest';

const SRC = new URL('../src/', import.meta.url).pathname;
const WORDS = join(SRC, 'words');
type Topic = Record<string, string>;

function files(folder: string, ext: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) return files(path, ext);
    return path.endsWith(ext) && !path.endsWith('.d.ts') ? [path] : [];
  });
}

function topics(language: string): Record<string, Topic> {
  return Object.fromEntries(
    readdirSync(join(WORDS, language)).map((file) => [
      file.replace('.json', ''), JSON.parse(readFileSync(join(WORDS, language, file), 'utf8')) as Topic,
    ]),
  );
}

const zh = topics('zh-CN');
const en = topics('en');
const svelte = files(SRC, '.svelte');
const code = [...svelte, ...files(SRC, '.ts')];
const HAN = /[\u3400-\u9fff\uff01-\uff5e\u3001-\u303f]/;

/** Comments may be in any words. */
function bare(source: string): string {
  return source.replace(/<!--[\s\S]*?-->/g, '').replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Text and readable attributes that stand literally in the markup of a component. */
function literals(source: string): string[] {
  const found: string[] = [];
  const readable = new Set(['title', 'placeholder', 'alt', 'aria-label', 'label', 'text', 'hint', 'aria-description']);
  const walk = (node: unknown, attribute: string | null): void => {
    if (Array.isArray(node)) {
      for (const one of node) walk(one, attribute);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const { type, data, name } = node as { type?: string; data?: string; name?: string };
    if (type === 'Text' && (attribute === null || readable.has(attribute)) && /\p{L}{2,}/u.test(data ?? '')) found.push((data ?? '').trim());
    if (type === 'RegularElement' && (name === 'kbd' || name === 'code')) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'expression' || key === 'css' || key === 'instance' || key === 'module') continue;
      walk(value, type === 'Attribute' || type === 'StyleDirective' ? (name ?? '') : attribute);
    }
  };
  walk(parse(source, { modern: true }).fragment, null);
  return found;
}

describe('words', () => {
  test('both languages have the same topics and keys', () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh));
    for (const topic of Object.keys(zh)) {
      expect(Object.keys(en[topic] ?? {}).sort(), topic).toEqual(Object.keys(zh[topic] ?? {}).sort());
    }
  });

  test('both languages fill in the same names', () => {
    const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();
    for (const [topic, words] of Object.entries(zh)) {
      for (const [key, text] of Object.entries(words)) {
        expect(names(en[topic]?.[key] ?? ''), `${topic}.${key}`).toEqual(names(text));
      }
    }
  });

  test('English words hold no Chinese, except names of the house', () => {
    for (const [topic, words] of Object.entries(en)) {
      for (const [key, text] of Object.entries(words)) {
        if (key === 'otherLanguage' || key === 'product') continue;
        expect(HAN.test(text), `${topic}.${key}: ${text}`).toBe(false);
      }
    }
  });

  test('every key that the code asks for exists', () => {
    const missing = code.flatMap((path) =>
      [...bare(readFileSync(path, 'utf8')).matchAll(/\bt\(\s*'([a-zA-Z]+)\.([^'$]+)'/g)]
        .filter(([, topic = '', key = '']) => zh[topic]?.[key] === undefined)
        .map(([, topic, key]) => `${path.slice(SRC.length)}: ${topic}.${key}`),
    );
    expect(missing).toEqual([]);
  });

  test('no code holds Chinese for the reader', () => {
    const guilty = code.filter((path) => HAN.test(bare(readFileSync(path, 'utf8'))));
    expect(guilty.map((path) => path.slice(SRC.length))).toEqual([]);
  });

  test('no component holds a sentence in its markup', () => {
    const guilty = svelte.flatMap((path) => literals(readFileSync(path, 'utf8')).map((text) => `${path.slice(SRC.length)}: ${text}`));
    expect(guilty).toEqual([]);
  });
});

test('every layer that the core names has a name on the pages', () => {
  const core = readFileSync(new URL('../../src/rencheng/words/city.toml', import.meta.url), 'utf8');
  const names = [...core.matchAll(/^\["layer\.([a-z_0-9]+)\.name"\]/gm)].map((found) => found[1] as string);
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((one) => !zh.layers?.[one] || !en.layers?.[one])).toEqual([]);
});
