// What went in and out over the day.  The chart's program is loaded when there is something to draw.
import { useEffect, useRef } from 'preact/hooks';
import { call } from '../../api';
import { bytes } from '../../format';
import type { Day as DayOf } from '../../types';
import { useLoaded } from '../../ui/load';
import { Problem } from '../../ui/notice';
import { t } from './texts';

const EVERY_MS = 60_000;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function Chart({ day, label }: { day: DayOf; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let end = () => {};
    let over = false;
    void import('./chart').then(({ draw }) => {
      if (!over && box.current) end = draw(box.current, day);
    });
    return () => {
      over = true;
      end();
    };
  }, [day]);
  return <div ref={box} class="day" role="img" aria-label={label} />;
}

export function Day() {
  const { value, why, again } = useLoaded((signal) => call<DayOf, 'node.traffic'>('node.traffic', {}, signal), undefined, EVERY_MS);
  const day = value.value;
  const down = day ? sum(day.down) : 0;
  const up = day ? sum(day.up) : 0;
  const says = t('day.says', { down: bytes(down), up: bytes(up) });
  return (
    <section aria-labelledby="day">
      <h2 id="day">{t('day')}</h2>
      <div class="card">
        {why.value ? <Problem why={why.value} again={() => void again()} /> : null}
        {day && down + up > 0 ? <Chart day={day} label={says} /> : null}
        {day && down + up > 0 && (
          <p class="legend small" aria-hidden="true">
            <span class="down">{t('day.down')}</span> <span class="up">{t('day.up')}</span>
          </p>
        )}
        {day && <p class="muted small">{down + up > 0 ? says : t('day.none')}</p>}
      </div>
    </section>
  );
}
