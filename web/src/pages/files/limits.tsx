// How much one torrent may take.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { call } from '../../api';
import { t as shared } from '../../texts';
import { ShowCommand } from '../../ui/command';
import { Field } from '../../ui/field';
import { useLoaded } from '../../ui/load';
import { attempt, say } from '../../ui/notice';
import type { Shown } from './inspector';
import { t } from './texts';

const KIB = 1024;

interface Wished {
  down: string;
  up: string;
  ratio: string;
  weight: Shown['weight'];
  sequential: boolean;
}

function wishesOf(of: Shown): Wished {
  const ratio = of.ratio_limit_from === 'node' ? 'node' : of.ratio_limit === null ? 'off' : String(of.ratio_limit);
  return {
    down: String(Math.round(of.down_limit / KIB)),
    up: String(Math.round(of.up_limit / KIB)),
    ratio,
    weight: of.weight,
    sequential: of.sequential,
  };
}

const isRate = (text: string) => /^\d{1,9}$/.test(text);
const isRatio = (text: string) => /^(off|node|\d+([.]\d+)?)$/.test(text);

export function Limits({ id }: { id: string }) {
  // Not read again by itself: that would take away what is being typed.
  const loaded = useLoaded((signal) => call<Shown, 'file.show'>('file.show', { id, pieces: true }, signal));
  const form = useSignal<Wished | null>(null);
  const of = loaded.value.value;
  useEffect(() => {
    if (of) form.value = wishesOf(of);
  }, [of]);
  const now = form.value;
  if (!now) return <p class="muted">{shared('loading')}</p>;
  const set = (part: Partial<Wished>) => (form.value = { ...now, ...part });
  const good = isRate(now.down) && isRate(now.up) && isRatio(now.ratio);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(async () => {
      const { ratio, weight } = now;
      await call('file.limit', { id, down: Number(now.down) * KIB, up: Number(now.up) * KIB, ratio, weight });
      await call('file.set', { id, sequential: now.sequential ? 'on' : 'off' });
      say(t('limits.saved'));
      await loaded.again();
    });
  };
  const wrong = (is: boolean) => (is ? undefined : t('limits.wrong'));
  return (
    <form class="limits" onSubmit={save}>
      <Field label={t('limits.down')} hint={t('limits.zero')} wrong={wrong(isRate(now.down))} numeric value={now.down}
        onInput={(down) => set({ down })} />
      <Field label={t('limits.up')} hint={t('limits.zero')} wrong={wrong(isRate(now.up))} numeric value={now.up}
        onInput={(up) => set({ up })} />
      <Field label={t('limits.ratio')} hint={t('limits.ratioHint')} wrong={wrong(isRatio(now.ratio))} value={now.ratio}
        onInput={(ratio) => set({ ratio })} />
      <label class="field">
        <strong>{t('limits.weight')}</strong>
        <select value={now.weight} onChange={(e) => set({ weight: e.currentTarget.value as Wished['weight'] })}>
          {(['low', 'normal', 'high'] as const).map((w) => (
            <option key={w} value={w}>
              {t(`limits.${w}`)}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={now.sequential} onChange={(e) => set({ sequential: e.currentTarget.checked })} />
        {t('limits.sequential')}
      </label>
      <button type="submit" class="main" disabled={!good}>
        {shared('save')}
      </button>
      <ShowCommand line={`shoal file limit ${id} --up ${now.up}K --down ${now.down}K --ratio ${now.ratio}`} />
    </form>
  );
}
