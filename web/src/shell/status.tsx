// The bottom line: ↓ ↑, peers and how they are reached, disk, limits in force.
import { status } from '../live';
import { bytes, rate } from '../format';
import { t } from '../texts';
import { Icon } from '../ui/icons';

export function StatusLine() {
  const s = status.value;
  return (
    <footer class="status-line">
      {s && (
        <>
          <span>
            <Icon name="down" />
            <span class="sr-only">{t('line.down')} </span>
            {rate(s.traffic.down_rate)}
          </span>
          <span>
            <Icon name="up" />
            <span class="sr-only">{t('line.up')} </span>
            {rate(s.traffic.up_rate)}
          </span>
          <span>
            {t('line.peers', { n: (s.files?.peers ?? 0) + (s.host?.peers ?? 0) })}
            {s.host && s.host.relayed > 0 && ` (${t('line.relayed', { n: s.host.relayed })})`}
          </span>
          <span class="wide">{t('line.sharing', { n: s.files?.torrents ?? 0 })}</span>
          {s.disk && <span class="wide">{t('line.free', { size: bytes(s.disk.free) })}</span>}
        </>
      )}
    </footer>
  );
}
