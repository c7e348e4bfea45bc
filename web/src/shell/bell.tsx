// What waits for the owner: people who knock, transfers that ask.  A number, and the list at Home.
import { computed } from '@preact/signals';
import { status } from '../live';
import { t } from '../texts';
import { Icon } from '../ui/icons';

export const waiting = computed(() => status.value?.connect?.requests.length ?? 0);

export function Bell() {
  const n = waiting.value;
  return (
    <a class="bell" href="/ui/home#waiting" aria-label={n ? t('bell', { n }) : t('bell.none')}>
      <Icon name="bell" />
      {n > 0 && <span class="badge">{n}</span>}
    </a>
  );
}
