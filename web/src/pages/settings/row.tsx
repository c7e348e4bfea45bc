// One setting: its key, what it does, its value to change, and the command that does the same.
import { useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { call } from '../../api';
import type { Setting } from '../../types';
import { t as shared } from '../../texts';
import { quoted, ShowCommand } from '../../ui/command';
import { attempt, say } from '../../ui/notice';
import { t } from './texts';

const FORMATS = ['bytes', 'rate', 'time', 'list', 'number'] as const;

/** How the value is written, where it is not obvious. */
function format(type: string): string | null {
  const known = FORMATS.find((f) => f === type);
  return known ? t(`format.${known}`) : null;
}

function choicesOf(s: Setting): readonly string[] | null {
  if (s.type === 'on|off') return ['on', 'off'];
  return s.type === 'choice' ? s.choices.split('|') : null;
}

export function Row({ setting: s, saved }: { setting: Setting; saved: (s: Setting) => void }) {
  const id = useId();
  const value = useSignal(s.value);
  useEffect(() => {
    value.value = s.value;
  }, [s.value]);

  const change = (what: () => Promise<Setting>) =>
    void attempt(async () => {
      const now = await what();
      say(t(now.restart_needed ? 'savedRestart' : 'saved', { key: s.key }));
      value.value = now.value;
      saved(now);
    });
  const save = () => change(() => call<Setting, 'config.set'>('config.set', { key: s.key, value: value.value }));
  const reset = () => change(() => call<Setting, 'config.unset'>('config.unset', { key: s.key }));

  const choices = choicesOf(s);
  const hint = format(s.type);
  const differs = value.value !== s.value;
  return (
    <form
      class="setting"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <div class="row">
        <label for={id}>
          <code>{s.key}</code>
        </label>
        {s.set && <span class="chip good">{t('isSet')}</span>}
        {!s.live && <span class="chip">{t('restart')}</span>}
      </div>
      <p id={`${id}-help`} lang="en">
        {s.help}
      </p>
      <div class="row">
        {choices ? (
          <select
            id={id}
            aria-describedby={`${id}-help`}
            value={value.value}
            onChange={(event) => (value.value = event.currentTarget.value)}
          >
            {choices.map((c) => (
              <option key={c}>{c}</option>
            ))}
          </select>
        ) : (
          <input
            id={id}
            type="text"
            autocomplete="off"
            spellcheck={false}
            aria-describedby={`${id}-help`}
            value={value.value}
            onInput={(event) => (value.value = event.currentTarget.value)}
          />
        )}
        {differs && (
          <button type="submit" class="main" aria-label={t('saveName', { key: s.key })}>
            {shared('save')}
          </button>
        )}
        {s.set && !differs && (
          <button type="button" aria-label={t('resetName', { key: s.key })} onClick={reset}>
            {t('reset')}
          </button>
        )}
      </div>
      <p class="hint">
        {t('default', { value: s.default || t('default.empty') })}
        {hint && ` · ${hint}`}
        {s.value.includes('***') && ` · ${t('secret')}`}
      </p>
      <ShowCommand
        line={differs || s.set ? `shoal config set ${s.key} ${quoted(value.value)}` : `shoal config get ${s.key}`}
      />
    </form>
  );
}
