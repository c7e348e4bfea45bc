import { t } from '../../texts';

export function Health() {
  return <h1>{t('page.health')}</h1>;
}
