import { t } from '../../texts';

export function Home() {
  return <h1>{t('page.home')}</h1>;
}
