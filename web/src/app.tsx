import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { useEffect, useRef } from 'preact/hooks';
import { link } from './live';
import { pages } from './pages';
import { Shell } from './shell/shell';
import { Login } from './shell/login';
import { t } from './texts';
import { Icon } from './ui/icons';

function NotFound() {
  return (
    <div class="empty">
      <Icon name="search" />
      <h1>{t('notFound')}</h1>
      <p>{t('notFound.why')}</p>
      <a class="button" href="/ui/home">
        {t('notFound.go')}
      </a>
    </div>
  );
}

/** A new page: its name in the title bar, and those who listen begin at its heading. */
function useArrival(): void {
  const { path } = useLocation();
  const first = useRef(true);
  const page = pages.find((p) => path === p.path || path.startsWith(`${p.path}/`));
  useEffect(() => {
    document.title = page ? `${t(`page.${page.name}`)} · Shoal` : 'Shoal';
    if (!first.current) document.getElementById('page')?.focus({ preventScroll: true });
    first.current = false;
  }, [page?.name ?? path]);
}

function Main() {
  useArrival();
  if (link.value === 'out') return <Login />;
  return (
    <Shell>
      <ErrorBoundary>
        <Router>
          {pages.map((p) => (
            <Route key={p.path} path={p.path} component={p.view} />
          ))}
          {pages.map((p) => (
            <Route key={`${p.path}/*`} path={`${p.path}/*`} component={p.view} />
          ))}
          <Route path="/" component={pages[0]!.view} />
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Shell>
  );
}

export function App() {
  return (
    <LocationProvider scope={/^\/($|ui\/)/}>
      <Main />
    </LocationProvider>
  );
}
