/** Choices of the person at this browser: language and theme. */

export type Language = 'zh-CN' | 'en';
export type Theme = 'light' | 'dark';

function stored<T extends string>(key: string, allowed: readonly T[], otherwise: T): T {
  try {
    const value = localStorage.getItem(key) as T | null;
    return value !== null && allowed.includes(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing still works; the choice lasts until the page closes.
  }
}

function systemTheme(): Theme {
  const isDark = typeof matchMedia === 'function' && matchMedia('(prefers-color-scheme: dark)').matches;
  return isDark ? 'dark' : 'light';
}

class Prefs {
  language = $state<Language>(stored('rencheng.language', ['zh-CN', 'en'], 'zh-CN'));
  theme = $state<Theme>(stored('rencheng.theme', ['light', 'dark'], systemTheme()));

  setLanguage(language: Language): void {
    this.language = language;
    keep('rencheng.language', language);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    keep('rencheng.theme', theme);
  }
}

export const prefs = new Prefs();
