import { t } from '../../texts';

export function Connect() {
  return <h1>{t('page.connect')}</h1>;
}
