import { t } from '../../texts';

export function Settings() {
  return <h1>{t('page.settings')}</h1>;
}
