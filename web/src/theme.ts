// Light or dark: as the system says, unless the reader chose.
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'shoal.theme';

export function theme(): Theme {
  const own = localStorage.getItem(KEY);
  return own === 'light' || own === 'dark' ? own : 'system';
}

export function applyTheme(): void {
  const chosen = theme();
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  applyTheme();
}
