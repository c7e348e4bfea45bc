// The pages, in the rail's order.  Each lies in a folder of its own and is loaded when it is opened;
// Home comes with the first load.
import { lazy } from 'preact-iso';
import type { FunctionComponent } from 'preact';
import { Home } from './pages/home';
import type { IconName } from './ui/icons';

export type PageName = 'home' | 'files' | 'documents' | 'connect' | 'settings' | 'health';

export interface Page {
  name: PageName;
  path: string;
  key: string; // after `g`
  icon: IconName;
  view: FunctionComponent;
}

export const PREFIX = '/ui';

export const pages: readonly Page[] = [
  { name: 'home', path: '/ui/home', key: 'h', icon: 'home', view: Home },
  { name: 'files', path: '/ui/files', key: 'f', icon: 'files', view: lazy(() => import('./pages/files').then((m) => m.Files)) },
  { name: 'documents', path: '/ui/documents', key: 'd', icon: 'documents', view: lazy(() => import('./pages/documents').then((m) => m.Documents)) },
  { name: 'connect', path: '/ui/connect', key: 'c', icon: 'connect', view: lazy(() => import('./pages/connect').then((m) => m.Connect)) },
  { name: 'settings', path: '/ui/settings', key: 's', icon: 'settings', view: lazy(() => import('./pages/settings').then((m) => m.Settings)) },
  { name: 'health', path: '/ui/health', key: 'e', icon: 'health', view: lazy(() => import('./pages/health').then((m) => m.Health)) },
];
