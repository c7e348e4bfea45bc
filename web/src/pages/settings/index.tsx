// Settings: all of shoal.conf, to search, each with its key; and what this browser remembers.
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { call } from '../../api';
import { chooseLanguage, language, LANGUAGES, type Language } from '../../i18n';
import { leave } from '../../live';
import { chooseTheme, theme, type Theme } from '../../theme';
import type { Setting } from '../../types';
import { t as shared } from '../../texts';
import { EmptyState } from '../../ui/empty';
import { Field } from '../../ui/field';
import { useLoaded } from '../../ui/load';
import { attempt, Problem } from '../../ui/notice';
import { Row } from './row';
import './settings.css';
import { sectionName, t } from './texts';

const OWN_NAME: Record<Language, string> = { en: 'English', de: 'Deutsch' };
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

function Browser() {
  const id = useId();
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('here')}</h2>
      <div class="row here">
        <div class="field">
          <label for={`${id}-language`}>{t('language')}</label>
          <select
            id={`${id}-language`}
            value={language}
            onChange={(event) => chooseLanguage((event.currentTarget.value || null) as Language | null)}
          >
            <option value="">{t('language.system')}</option>
            {LANGUAGES.map((l) => (
              <option key={l} value={l} lang={l}>
                {OWN_NAME[l]}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-theme`}>{t('theme')}</label>
          <select id={`${id}-theme`} defaultValue={theme()} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
            {THEMES.map((name) => (
              <option key={name} value={name}>
                {t(`theme.${name}`)}
              </option>
            ))}
          </select>
        </div>
        <button type="button" onClick={() => void attempt(leave)}>
          {t('signOut')}
        </button>
      </div>
    </section>
  );
}

/** Those that have all the words, in key or help. */
function pick(settings: readonly Setting[], words: string, changed: boolean): Setting[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter((s) => {
    const text = `${s.key} ${s.help}`.toLowerCase();
    return (!changed || s.set) && wanted.every((w) => text.includes(w));
  });
}

/** In the order of the node, a part of shoal.conf together. */
function bySection(settings: readonly Setting[]): [string, Setting[]][] {
  const parts = new Map<string, Setting[]>();
  for (const s of settings) {
    const section = s.key.slice(0, s.key.indexOf('.'));
    parts.set(section, [...(parts.get(section) ?? []), s]);
  }
  return [...parts];
}

export function Settings() {
  const { value, why, again } = useLoaded((signal) => call<Setting[], 'config.ls'>('config.ls', {}, signal));
  const words = useSignal(new URLSearchParams(location.search).get('q') ?? '');
  const changed = useSignal(false);
  const search = (text: string) => {
    words.value = text;
    history.replaceState(history.state, '', text ? `?q=${encodeURIComponent(text)}` : location.pathname);
  };
  const found = pick(value.value ?? [], words.value, changed.value);
  const replace = (s: Setting) => {
    value.value = (value.value ?? []).map((old) => (old.key === s.key ? { ...old, ...s } : old));
  };
  return (
    <>
      <h1>{shared('page.settings')}</h1>
      <Browser />
      {why.value ? <Problem why={why.value} again={() => void again()} /> : null}
      <div class="row filter">
        <Field label={t('search')} value={words.value} onInput={search} />
        <label class="row">
          <input type="checkbox" checked={changed.value} onChange={(event) => (changed.value = event.currentTarget.checked)} />
          {t('changed')}
        </label>
        <p class="muted small" role="status">
          {value.value && t('found', { n: found.length })}
        </p>
      </div>
      {value.value && found.length === 0 && (
        <EmptyState icon="settings" title={t('none')} why={t('none.why')} command="shoal config ls">
          <button
            type="button"
            onClick={() => {
              search('');
              changed.value = false;
            }}
          >
            {t('none.all')}
          </button>
        </EmptyState>
      )}
      {bySection(found).map(([section, settings]) => (
        <section key={section} class="card" aria-labelledby={`section-${section}`}>
          <h2 id={`section-${section}`}>{sectionName(section)}</h2>
          {settings.map((s) => (
            <Row key={s.key} setting={s} saved={replace} />
          ))}
        </section>
      ))}
    </>
  );
}
