// The node's last lines, as they come; filtered by how much they matter and by words.
import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { call } from '../../api';
import { timeOfDay } from '../../format';
import type { LogLine } from '../../types';
import { EmptyState } from '../../ui/empty';
import { Field } from '../../ui/field';
import { ShowCommand } from '../../ui/command';
import { Problem } from '../../ui/notice';
import { t } from './texts';

const KEPT = 500; // lines, as the node keeps
const EVERY_MS = 2000;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** All lines from the first reading on, and what went wrong. */
function useLines(held: { value: boolean }) {
  const lines = useSignal<readonly LogLine[] | null>(null);
  const why = useSignal<unknown>(null);
  useEffect(() => {
    const more = async () => {
      if (document.hidden || held.value) return;
      try {
        const fresh = await call<LogLine[], 'node.log'>('node.log', { after: lines.value?.at(-1)?.n ?? 0 });
        if (fresh.length || !lines.value) lines.value = [...(lines.value ?? []), ...fresh].slice(-KEPT);
        why.value = null;
      } catch (error) {
        why.value = error;
      }
    };
    void more();
    const timer = setInterval(() => void more(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return { lines, why };
}

export function Log() {
  const id = useId();
  const level = useSignal<Level>('info');
  const words = useSignal('');
  const held = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const { lines, why } = useLines(held);
  const low = words.value.toLowerCase();
  const least = LEVELS.indexOf(level.value);
  const shown = (lines.value ?? []).filter(
    (l) => LEVELS.indexOf(l.level) >= least && l.text.toLowerCase().includes(low),
  );
  useEffect(() => {
    if (!held.value) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [shown.length, shown.at(-1)?.n]);
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('log')}</h2>
      <div class="row">
        <div class="field">
          <label for={id}>{t('log.level')}</label>
          <select id={id} value={level.value} onChange={(event) => (level.value = event.currentTarget.value as Level)}>
            {LEVELS.map((l) => (
              <option key={l} value={l}>
                {t(`level.${l}`)}
              </option>
            ))}
          </select>
        </div>
        <Field label={t('log.words')} value={words.value} onInput={(v) => (words.value = v)} />
        <button type="button" class="log-hold" aria-pressed={held.value} onClick={() => (held.value = !held.value)}>
          {t(held.value ? 'log.go' : 'log.hold')}
        </button>
      </div>
      {why.value ? <Problem why={why.value} /> : null}
      {lines.value && shown.length === 0 ? (
        <EmptyState icon="health" title={t('log.none')} why={t('log.noneWhy')} command="shoal log --level debug">
          <button
            type="button"
            onClick={() => {
              level.value = 'debug';
              words.value = '';
            }}
          >
            {t('log.all')}
          </button>
        </EmptyState>
      ) : (
        <div ref={box} class="log" role="group" aria-label={t('log.lines')} tabIndex={0}>
          {shown.map((l) => (
            <p key={l.n} class={l.level}>
              <time datetime={l.time}>{timeOfDay(l.time)}</time> <b>{l.level}</b> <span>{l.text}</span>
            </p>
          ))}
        </div>
      )}
      <ShowCommand line={`shoal log -f --level ${level.value}`} />
    </section>
  );
}
