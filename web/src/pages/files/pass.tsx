// The link of a torrent, to be given to somebody else: to copy, and as a QR code.
import { Copy, quoted, ShowCommand } from '../../ui/command';
import { Dialog } from '../../ui/dialog';
import { Qr } from '../../ui/qr';
import { t } from './texts';

export function PassOn({ name, magnet, onClose }: { name: string; magnet: string; onClose: () => void }) {
  return (
    <Dialog title={name} onClose={onClose}>
      <p>{t('pass.why')}</p>
      <div class="pass">
        <Qr text={magnet} label={t('pass.qr')} />
        <div class="link-out">
          <code tabIndex={0}>{magnet}</code>
          <Copy text={magnet} label={t('pass.copy')} />
        </div>
      </div>
      <ShowCommand line={`shoal get ${quoted(magnet)}`} />
    </Dialog>
  );
}
