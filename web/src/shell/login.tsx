// Who has no key sees how to get one: a link that works once, from the command line.
import { t } from '../texts';
import { Copy } from '../ui/command';

export function Login() {
  const used = location.pathname === '/login';
  return (
    <main class="login">
      <h1>{t('login.title')}</h1>
      <p>{used ? t('login.used') : t('login.why')}</p>
      <div class="command-line">
        <code tabIndex={0}>shoal open</code>
        <Copy text="shoal open" />
      </div>
      <p class="hint">{t('login.wait')}</p>
    </main>
  );
}
