// The question before torrents are removed.
import { useSignal } from '@preact/signals';
import { call } from '../../api';
import { quoted, ShowCommand } from '../../ui/command';
import { Dialog } from '../../ui/dialog';
import { attempt, say } from '../../ui/notice';
import { t as shared } from '../../texts';
import type { Row } from './rows';
import { t } from './texts';

export function Remove({ rows, onClose }: { rows: readonly Row[]; onClose: (removed: boolean) => void }) {
  const data = useSignal(false);
  const one = rows[0]!;
  const title = rows.length === 1 ? t('remove.title', { name: one.name }) : t('remove.many', { n: rows.length });
  const go = async () => {
    let n = 0;
    for (const row of rows) if (await attempt(() => call('file.rm', { id: row.id, with_data: data.value }))) n++;
    if (n) say(t('removed', { n }));
    onClose(n > 0);
  };
  return (
    <Dialog title={title} onClose={() => onClose(false)}>
      <p>{t('remove.why')}</p>
      <label class="check">
        <input type="checkbox" checked={data.value} onChange={(e) => (data.value = e.currentTarget.checked)} />
        {t('remove.data')}
      </label>
      {data.value && <p class="wrong">{t('remove.dataWhy')}</p>}
      <div class="row end">
        <button type="button" onClick={() => onClose(false)}>
          {shared('cancel')}
        </button>
        <button type="button" class="danger" onClick={() => void go()}>
          {data.value ? t('remove.both') : shared('remove')}
        </button>
      </div>
      <ShowCommand line={rows.map((r) => `shoal file rm ${quoted(r.id)}${data.value ? ' --with-data' : ''}`).slice(0, 20).join('\n')} />
    </Dialog>
  );
}
