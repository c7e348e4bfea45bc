// For whom?  Those that are trusted, to tick; none ticked means all of them.
import type { Signal } from '@preact/signals';
import { shortId } from '../../format';
import type { Peer } from '../../types';
import { t } from './texts';

/** As the command line takes it too. */
export function nameOf(peers: readonly Peer[], id: string): string {
  return peers.find((p) => p.id === id)?.name || id;
}

interface Props {
  label: string;
  peers: readonly Peer[];
  chosen: Signal<readonly string[]>;
}

export function People({ label, peers, chosen }: Props) {
  const trusted = peers.filter((p) => p.trust === 'trusted');
  const turn = (id: string, on: boolean) => {
    chosen.value = on ? [...chosen.value, id] : chosen.value.filter((c) => c !== id);
  };
  return (
    <fieldset class="choices">
      <legend>{label}</legend>
      {chosen.value.length === 0 && <p class="hint">{t('all')}</p>}
      {trusted.map((p) => (
        <label key={p.id}>
          <input
            type="checkbox"
            checked={chosen.value.includes(p.id)}
            onChange={(event) => turn(p.id, event.currentTarget.checked)}
          />
          {p.name || shortId(p.id)}
        </label>
      ))}
    </fieldset>
  );
}
