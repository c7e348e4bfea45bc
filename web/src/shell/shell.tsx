// What is around every page: the rail, the box that understands, the bell, the dot, the status line.
import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { health, link } from '../live';
import { pages } from '../pages';
import { t } from '../texts';
import { Notices } from '../ui/notice';
import { Icon } from '../ui/icons';
import { Bell } from './bell';
import { Box } from './box';
import { Shortcuts } from './shortcuts';
import { StatusLine } from './status';

function Rail() {
  const { path } = useLocation();
  const here = (p: string) => path === p || path.startsWith(`${p}/`) || (path === '/' && p === '/ui/home');
  return (
    <nav class="rail" aria-label={t('nav')}>
      {pages.map((p) => (
        <a key={p.name} href={p.path} aria-current={here(p.path) ? 'page' : undefined}>
          <Icon name={p.icon} />
          <span>{t(`page.${p.name}`)}</span>
        </a>
      ))}
    </nav>
  );
}

function Dot() {
  const words = t(`health.${health.value}`);
  return (
    <a class={`dot ${health.value}`} href="/ui/health" title={words}>
      <span class="dot-mark" aria-hidden="true" />
      <span class="dot-words">{words}</span>
    </a>
  );
}

function Lost() {
  if (link.value !== 'lost') return null;
  return (
    <div class="lost" role="alert">
      <p>{t('link.lost')}</p>
      <p>
        {t('link.lostNext')} <code>shoal up</code>
      </p>
    </div>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#page">
        {t('skip')}
      </a>
      <header class="top">
        <a class="brand" href="/ui/home">
          Shoal
        </a>
        <Box />
        <Bell />
        <Dot />
      </header>
      <Rail />
      <main id="page" tabIndex={-1}>
        <Lost />
        {children}
      </main>
      <StatusLine />
      <Notices />
      <Shortcuts />
    </div>
  );
}
