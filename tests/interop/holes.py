#!/usr/bin/env python3
"""Hole punching (BEP 55) with libtorrent: two behind routers that let in only answers, by uTP, through
a third that is connected to both; each part is played by us and by libtorrent."""
import os

import lab as L
import nat
from peers import Libtorrent

SIZE = 3_000_001
PORT = 6881
OURS = {'files.transports': 'utp', 'files.encryption': 'off', 'files.dht': 'off', 'files.lsd': 'off',
        'files.port-mapping': 'off'}
THEIRS = {'enable_incoming_utp': True, 'enable_outgoing_utp': True,
          'enable_incoming_tcp': False, 'enable_outgoing_tcp': False}

CONNECTING, UTP_SOCKET = 3 << 6, 1 << 17  # libtorrent 2.0, peer_info::flags (with handshake)
DISABLE_PEX = 1 << 21  # torrent_flags


class Ours:
    def __init__(self, lab, name, under, what, folder, pex='on'):
        self.node = lab.node(name, under=under, **OURS, **{'files.pex': pex, 'files.listen': f'0.0.0.0:{PORT}'})
        self.ident = self.node.json('file', 'get', what, '-o', folder, '--detach')['id']

    def meet(self, host):
        self.node.run('file', 'peer', self.ident, f'{host}:{PORT}')

    def slow(self, rate):
        self.node.run('file', 'limit', self.ident, '--up', f'{rate}K', '--down', f'{rate}K')

    def peers(self):
        rows = self.node.json('file', 'show', self.ident, '--peers')['peer_list']
        return {p['addr'].split(':')[0]: p['transport'] for p in rows if p['connected']}

    def whole(self):
        return self.node.row(self.ident)['state'] == 'seeding'

    def seed(self):
        L.until('it to seed', self.whole)


class Theirs:
    def __init__(self, lab, name, under, what, folder, pex='on'):
        self.lt = Libtorrent(lab, name, under=under, listen_interfaces=f'0.0.0.0:{PORT}', **THEIRS)
        self.ident = self.lt.do('add', what=what, folder=folder, flags=0 if pex == 'on' else DISABLE_PEX)

    def meet(self, host):
        self.lt.do('peer', ident=self.ident, host=host, port=PORT)

    def slow(self, rate):
        self.lt.do('limit', ident=self.ident, up=rate << 10, down=rate << 10)

    def peers(self):
        return {p['ip'][0]: 'utp' if p['flags'] & UTP_SOCKET else 'tcp'
                for p in self.lt.do('peers', ident=self.ident) if not p['flags'] & CONNECTING}

    def whole(self):
        return self.lt.do('row', ident=self.ident)['whole']

    def seed(self):
        L.until('it to seed', self.whole)


def meeting(seed, leech, relay):
    """The relay is slow, so that what comes fast comes directly.  The seed hears of nobody, else both
    might dial at the same moment and meet by themselves."""
    def test(lab):
        between = nat.middle(lab)
        homes = [nat.Home(lab, 1), nat.Home(lab, 2)]
        path = L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), SIZE)
        maker = lab.node('maker')
        what = maker.share(path)['torrent_file']
        torrent = os.path.join(lab.dir, 'it.torrent')
        with open(what, 'rb') as f, open(torrent, 'wb') as to:
            to.write(f.read())
        maker.stop()
        out = lab.folder('out')
        middle = relay(lab, 'relay', between, torrent, lab.folder('relay'))
        middle.slow(20)
        a = seed(lab, 'a', homes[0].under, torrent, os.path.dirname(path), 'off')
        a.seed()
        a.slow(300)
        b = leech(lab, 'b', homes[1].under, torrent, out)
        a.meet(nat.MIDDLE)
        L.until('the seed to be at the relay', lambda: homes[0].public in middle.peers())
        b.meet(nat.MIDDLE)
        direct = L.until('the two to be connected', lambda: b.peers().get(homes[0].public) or b.whole(), 150)
        assert direct == 'utp', direct  # and not whole already, by the relay
        L.until('it all', b.whole)
        L.same(path, os.path.join(out, 'payload.bin'))
    test.__name__ = f'{leech.__name__}_and_{seed.__name__}_meet_through_{relay.__name__}'.lower()
    return test


if __name__ == '__main__':
    L.own_network()
    L.main(meeting(Ours, Ours, Ours), meeting(Theirs, Ours, Ours), meeting(Ours, Theirs, Ours),
           meeting(Ours, Ours, Theirs))
