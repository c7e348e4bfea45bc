import { EmptyState } from '../../ui/empty';
import { t } from '../../texts';

export function Files() {
  return (
    <>
      <h1>{t('page.files')}</h1>
      <EmptyState icon="files" title={t('files.empty')} why={t('files.emptyWhy')} command="shoal get 'magnet:?xt=urn:btih:…'" />
    </>
  );
}
