import { EmptyState } from '../../ui/empty';
import { t } from '../../texts';

export function Documents() {
  return (
    <>
      <h1>{t('page.documents')}</h1>
      <EmptyState icon="documents" title={t('documents.empty')} why={t('documents.emptyWhy')} command="shoal doc new 'Minutes'" />
    </>
  );
}
