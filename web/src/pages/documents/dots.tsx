// Who is at a document now: a dot of their colour each, with their initial.
import type { Here } from './data';
import { colourOf, inkOn } from './people';
import { t } from './texts';

const SHOWN = 5;

export function Dots({ here }: { here: readonly Here[] }) {
  if (!here.length) return <span class="muted">{t('nobody')}</span>;
  const names = here.map((p) => p.name || '?');
  return (
    <span class="dots" role="img" aria-label={t('here', { n: here.length, names: names.join(', ') })} title={names.join(', ')}>
      {here.slice(0, SHOWN).map((p, i) => {
        const colour = colourOf(p.color ?? '');
        return (
          <span key={i} class="who" style={{ backgroundColor: colour, color: inkOn(colour) }}>
            {(p.name || '?').slice(0, 1).toLocaleUpperCase()}
          </span>
        );
      })}
      {here.length > SHOWN && <span class="more">+{here.length - SHOWN}</span>}
    </span>
  );
}
