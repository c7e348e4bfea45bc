// Home: what waits for the owner, what runs, what may be done, and how the day went.
import { useLocation } from 'preact-iso';
import { shortId } from '../../format';
import { status } from '../../live';
import { t as shared } from '../../texts';
import { Copy, ShowCommand } from '../../ui/command';
import { Icon, type IconName } from '../../ui/icons';
import { Day } from './day';
import './home.css';
import { Peers } from './peers';
import { t } from './texts';
import { Waiting } from './waiting';
import { Work } from './work';

function Start() {
  const { route } = useLocation();
  const box = () => document.querySelector<HTMLInputElement>('[data-box]')?.focus();
  const cards: [IconName, 'get' | 'share' | 'write' | 'join', () => void, string][] = [
    ['down', 'get', box, "shoal get 'magnet:?xt=urn:btih:…'"],
    ['up', 'share', () => route('/ui/files'), 'shoal share FILE'],
    ['documents', 'write', () => route('/ui/documents'), 'shoal doc new TITLE'],
    ['people', 'join', () => route('/ui/connect'), 'shoal net dial ADDRESS'],
  ];
  return (
    <section aria-labelledby="start">
      <h2 id="start">{t('start')}</h2>
      <div class="cards">
        {cards.map(([icon, name, act, line]) => (
          <div key={name} class="card start">
            <button type="button" onClick={act}>
              <Icon name={icon} />
              {t(name)}
            </button>
            <p class="muted">{t(`${name}.why`)}</p>
            <ShowCommand line={line} />
          </div>
        ))}
      </div>
    </section>
  );
}

export function Home() {
  const s = status.value;
  return (
    <>
      <div class="head">
        <h1>{shared('page.home')}</h1>
        {s && (
          <p class="muted">
            {s.name} · {shortId(s.peer_id)} <Copy text={s.peer_id} label={t('copyId')} />
          </p>
        )}
      </div>
      <Waiting />
      <Work />
      <Start />
      <div class="two">
        <Day />
        <Peers />
      </div>
    </>
  );
}
