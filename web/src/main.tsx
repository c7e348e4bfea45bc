import { render } from 'preact';
import { App } from './app';
import { language } from './i18n';
import { start } from './live';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import { applyTheme } from './theme';

document.documentElement.lang = language;
applyTheme();
start();
render(<App />, document.getElementById('app') as HTMLElement);
