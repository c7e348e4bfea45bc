#!/usr/bin/env python3
"""Every way in which two programs can move one torrent: Shoal with Debian's libtorrent,
transmission-daemon and aria2, in both directions, for each kind of torrent, transport, encryption
and link that the other program has.  A cell is a test; its name says which."""
import itertools
import os

import lab as L
from peers import Aria2, Libtorrent, Transmission

SIZE = 3_000_001
NAME = 'payload.bin'


# --- the others: each seeds what a .torrent says, or fetches a .torrent or a link ----------------

class WithLibtorrent:
    name = 'libtorrent'
    kinds, transports = ('v1', 'v2', 'hybrid'), ('tcp', 'utp')

    def __init__(self, lab, transport, encryption):
        policy = 0 if encryption == 'mse' else 2  # forced; disabled
        ways = {f'enable_{way}_{t}': t == transport for way in ('incoming', 'outgoing')
                for t in ('tcp', 'utp')}
        self.lt = Libtorrent(lab, in_enc_policy=policy, out_enc_policy=policy, **ways)

    def seed(self, torrent, folder):
        self.lt.until_whole(self.lt.do('add', what=torrent, folder=folder))
        return self.lt.port

    def fetch(self, what, folder, node, _shared):
        ident = self.lt.do('add', what=what, folder=folder)
        self.lt.do('peer', ident=ident, host='127.0.0.1', port=node.port)
        self.lt.until_whole(ident)


class WithTransmission:
    """3.00 reads no hybrid torrent (nor libtorrent's) and takes no loopback address: we dial it."""
    name = 'transmission'
    kinds, transports = ('v1',), ('tcp', 'utp')

    def __init__(self, lab, transport, encryption):
        self.tr = Transmission(lab, encryption=2 if encryption == 'mse' else 0,
                               **{'utp-enabled': transport == 'utp'})

    def whole(self, ident):
        row = self.tr.whole(ident)
        return row and row['status'] == 6

    def seed(self, torrent, folder):
        ident = self.tr.add(torrent=torrent, folder=folder)
        L.until('transmission to seed', lambda: self.whole(ident))
        return self.tr.port

    def fetch(self, what, folder, node, shared):
        link = what.startswith('magnet:')
        ident = self.tr.add(folder=folder, **{'magnet' if link else 'torrent': what})
        node.run('file', 'peer', shared['id'], f'127.0.0.1:{self.tr.port}')
        L.until('transmission to have it all', lambda: self.whole(ident))


class WithAria2:
    """It has neither v2 (it makes another infohash of a hybrid) nor uTP."""
    name = 'aria2'
    kinds, transports = ('v1',), ('tcp',)

    def __init__(self, lab, _transport, encryption):
        self.lab = lab
        self.extra = ('--bt-require-crypto=true', '--bt-min-crypto-level=arc4') \
            if encryption == 'mse' else ()

    def start(self, what, folder, seed):
        return Aria2(self.lab, 'aria2', folder, what, seed, self.extra)

    def seed(self, torrent, folder):
        aria2 = self.start(torrent, folder, True)
        L.until('aria2 to seed', lambda: 'Verification finished successfully' in self.lab.log_of('aria2'))
        return aria2.port

    def fetch(self, what, folder, node, shared):
        aria2 = self.start(what, folder, False)
        # It says nowhere that it listens: each try is a dial.
        node.run('file', 'peer', shared['id'], f'127.0.0.1:{aria2.port}')
        L.until('aria2 to end', lambda: aria2.process.poll() is not None)
        assert aria2.process.returncode == 0, aria2.process.returncode


# --- the cells ------------------------------------------------------------------------------------

def node(lab, name, transport):
    """As it is unless it is told otherwise: what is encrypted is the other program's choice."""
    return lab.node(name, files__transports=transport)


def shared_by(maker, lab, kind):
    path = L.make_file(os.path.join(lab.folder('in'), NAME), SIZE)
    return path, maker.share(path, *([] if kind == 'v1' else [f'--{kind}']))


def they_fetch(peer, kind, transport, encryption, link):
    def cell(lab):
        a = node(lab, 'a', transport)
        path, shared = shared_by(a, lab, kind)
        out = lab.folder('out')
        peer(lab, transport, encryption).fetch(shared[link], out, a, shared)
        L.same(path, os.path.join(out, NAME))
    return cell


def we_fetch(peer, kind, transport, encryption, link):
    def cell(lab):
        maker = lab.node('maker')
        path, shared = shared_by(maker, lab, kind)
        torrent = os.path.join(lab.dir, 'payload.torrent')
        maker.run('file', 'export', shared['id'], torrent)
        maker.stop()
        port = peer(lab, transport, encryption).seed(torrent, os.path.dirname(path))
        b = node(lab, 'b', transport)
        out = lab.folder('out')
        b.run('get', torrent if link == 'torrent_file' else shared['magnet'],
              '--peer', f'127.0.0.1:{port}', '-o', out)
        L.same(path, os.path.join(out, NAME))
    return cell


def cells():
    for peer in (WithLibtorrent, WithTransmission, WithAria2):
        for kind, transport, encryption, link in itertools.product(
                peer.kinds, peer.transports, ('plain', 'mse'), ('torrent_file', 'magnet')):
            for way, make in (('to', they_fetch), ('from', we_fetch)):
                cell = make(peer, kind, transport, encryption, link)
                cell.__name__ = f'{way}_{peer.name}_{kind}_{transport}_{encryption}_by_{link}'
                yield cell


if __name__ == '__main__':
    L.main(*cells(), at_once=4)
