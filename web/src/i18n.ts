// Texts in the reader's language, and numbers as he writes them.
//
// Every text that is shown stands in a catalogue, {English, German} side by side: texts.ts for what
// all pages share, pages/PAGE/texts.ts for what one page says.  `t('files.left', {n: 3})` fills in
// {n}; a text of two forms "one file|{n} files" is chosen by n.
export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = 'shoal.language';

function chosen(): Language {
  const own = localStorage.getItem(KEY);
  const asked = own ? [own] : navigator.languages;
  for (const tag of asked) for (const l of LANGUAGES) if (tag === l || tag.startsWith(`${l}-`)) return l;
  return 'en';
}

export const language: Language = chosen();
/** Dates and numbers follow the region too ("en-GB"). */
export const locale: string = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;

/** Takes effect when the page is loaded anew, which this does. */
export function chooseLanguage(l: Language | null): void {
  if (l) localStorage.setItem(KEY, l);
  else localStorage.removeItem(KEY);
  location.reload();
}

export type Values = Record<string, string | number>;

const plural = new Intl.PluralRules(locale);
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });

export function catalogue<Key extends string>(
  texts: Record<Key, readonly [en: string, de: string]>,
): (key: Key, values?: Values) => string {
  const at = LANGUAGES.indexOf(language);
  return (key, values) => {
    let text = texts[key][at] ?? key;
    if (!values) return text;
    const forms = text.split('|');
    if (forms.length === 2) text = (plural.select(Number(values['n'])) === 'one' ? forms[0] : forms[1]) as string;
    return text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      return typeof value === 'number' ? whole.format(value) : (value ?? '');
    });
  };
}
