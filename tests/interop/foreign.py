#!/usr/bin/env python3
"""To and from Debian's transmission-daemon and aria2, by .torrent and by magnet link."""
import os
import subprocess

import lab as L
from peers import Aria2, Opentracker, Transmission, need

SIZE = 5_000_001


def source(lab):
    return L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), SIZE)


def shoal_seeds(lab, peer_make, by_magnet, **settings):
    """Shoal has it; the other program fetches it, finding us by a tracker."""
    path = source(lab)
    tracker = Opentracker(lab, L.infohash_of(lab, path))
    a = lab.node('a', **settings)
    shared = a.share(path, '--tracker', tracker.http)
    L.until('the announce', lambda: a.announced(shared['id']))
    what = shared['magnet'] if by_magnet else shared['torrent_file']
    L.same(path, peer_make(lab, a, shared['id'], what, by_magnet))


def transmission_fetches(lab, node, shared_id, what, by_magnet):
    """It takes no loopback address from a tracker (its tr_address_is_valid_for_peers calls 127/8
    martian), so we dial it."""
    tr = Transmission(lab)
    ident = tr.add(magnet=what) if by_magnet else tr.add(torrent=what)
    node.run('file', 'peer', shared_id, f'127.0.0.1:{tr.port}')
    L.until('transmission to have it all', lambda: tr.whole(ident))
    return os.path.join(tr.downloads, 'payload.bin')


def aria2_fetches(lab, _node, _shared_id, what, _by_magnet):
    out = lab.folder('aria2-out')
    aria2 = Aria2(lab, 'aria2', out, what, seed=False)
    L.until('aria2 to end', lambda: aria2.process.poll() is not None)
    assert aria2.process.returncode == 0, aria2.process.returncode
    return os.path.join(out, 'payload.bin')


def transmission_fetches_from_us_by_torrent(lab):
    shoal_seeds(lab, transmission_fetches, False)


def transmission_fetches_from_us_by_magnet(lab):
    shoal_seeds(lab, transmission_fetches, True)


def aria2_fetches_from_us_by_torrent(lab):
    shoal_seeds(lab, aria2_fetches, False)


def aria2_fetches_from_us_by_magnet(lab):
    shoal_seeds(lab, aria2_fetches, True)


def made_elsewhere(lab):
    """A file and the torrent of it, made by a node that is then gone."""
    maker = lab.node('maker')
    path = source(lab)
    shared = maker.share(path)
    torrent = os.path.join(lab.dir, 'payload.torrent')
    maker.run('file', 'export', shared['id'], torrent)
    maker.stop()
    return path, torrent, shared['magnet']


def we_fetch(lab, path, what, port, **settings):
    b = lab.node('b', **settings)
    out = lab.folder('out')
    b.run('get', what, '--peer', f'127.0.0.1:{port}', '-o', out)
    L.same(path, os.path.join(out, 'payload.bin'))


def transmission_seeds(lab, by_magnet):
    path, torrent, magnet = made_elsewhere(lab)
    tr = Transmission(lab)
    ident = tr.add(torrent=torrent, folder=os.path.dirname(path))
    L.until('transmission to have checked it', lambda: tr.whole(ident) and tr.row(ident)['status'] == 6)
    we_fetch(lab, path, magnet if by_magnet else torrent, tr.port)


def aria2_seeds(lab, by_magnet):
    path, torrent, magnet = made_elsewhere(lab)
    aria2 = Aria2(lab, 'aria2', os.path.dirname(path), torrent, seed=True)
    L.until('aria2 to seed', lambda: 'Verification finished successfully' in lab.log_of('aria2'))
    assert aria2.process.poll() is None
    we_fetch(lab, path, magnet if by_magnet else torrent, aria2.port)


def we_fetch_from_transmission_by_torrent(lab):
    transmission_seeds(lab, False)


def we_fetch_from_transmission_by_magnet(lab):
    transmission_seeds(lab, True)


def we_fetch_from_aria2_by_torrent(lab):
    aria2_seeds(lab, False)


def we_fetch_from_aria2_by_magnet(lab):
    aria2_seeds(lab, True)


# --- encrypted: transmission with encryption required, aria2 with RC4 required -----------------

RC4_ONLY = ('--bt-require-crypto=true', '--bt-min-crypto-level=arc4')


def transmission_takes_encrypted_only(lab, node, shared_id, what, by_magnet):
    tr = Transmission(lab, encryption=2)
    ident = tr.add(magnet=what) if by_magnet else tr.add(torrent=what)
    node.run('file', 'peer', shared_id, f'127.0.0.1:{tr.port}')
    L.until('transmission to have it all', lambda: tr.whole(ident))
    return os.path.join(tr.downloads, 'payload.bin')


def aria2_takes_encrypted_only(lab, _node, _shared_id, what, _by_magnet):
    out = lab.folder('aria2-out')
    aria2 = Aria2(lab, 'aria2', out, what, seed=False, extra=RC4_ONLY)
    L.until('aria2 to end', lambda: aria2.process.poll() is not None)
    assert aria2.process.returncode == 0, aria2.process.returncode
    return os.path.join(out, 'payload.bin')


def transmission_fetches_from_us_encrypted(lab):
    shoal_seeds(lab, transmission_takes_encrypted_only, False, files__encryption='prefer')


def aria2_fetches_from_us_encrypted(lab):
    shoal_seeds(lab, aria2_takes_encrypted_only, False, files__encryption='prefer')


def we_fetch_from_transmission_encrypted(lab):
    path, torrent, _ = made_elsewhere(lab)
    tr = Transmission(lab, encryption=2)
    ident = tr.add(torrent=torrent, folder=os.path.dirname(path))
    L.until('transmission to have checked it', lambda: tr.whole(ident) and tr.row(ident)['status'] == 6)
    we_fetch(lab, path, torrent, tr.port, files__encryption='require')


def we_fetch_from_aria2_encrypted(lab):
    path, torrent, _ = made_elsewhere(lab)
    aria2 = Aria2(lab, 'aria2', os.path.dirname(path), torrent, seed=True, extra=RC4_ONLY)
    L.until('aria2 to seed', lambda: 'Verification finished successfully' in lab.log_of('aria2'))
    we_fetch(lab, path, torrent, aria2.port, files__encryption='require')


def transmission_show_reads_our_torrent(lab):
    a = lab.node('a')
    shared = a.share(source(lab), '--piece-size', '32K', '--comment', 'for the club')
    shown = subprocess.run([need('transmission-show'), shared['torrent_file']], check=True,
                           capture_output=True, text=True).stdout
    for line in (f'Hash: {shared["infohash_v1"]}', 'Name: payload.bin', 'Piece Size: 32.00 KiB',
                 'Comment: for the club', 'Created by: Shoal'):
        assert line in shown, (line, shown)


def aria2_hears_of_peers_from_us(lab):
    """Ann tells aria2, whom she dialled, of Bob; aria2 dials him.  Bob himself exchanges nothing."""
    a, b = lab.node('a'), lab.node('b', files__pex='off')
    shared = a.share(source(lab))
    a.run('file', 'limit', shared['id'], '--up', '16K')  # so that it takes long enough
    b.run('get', shared['torrent_file'], '--peer', a.address, '-o', lab.folder('out'), '--detach')
    aria2 = Aria2(lab, 'aria2', lab.folder('aria2-out'), shared['torrent_file'], False,
                  ['--enable-peer-exchange=true'])
    a.run('file', 'peer', shared['id'], f'127.0.0.1:{aria2.port}')
    L.until('aria2 to dial the peer it was told of',
            lambda: any(p['incoming'] and p['connected'] and 'aria2' in p['client']
                        for p in b.row(shared['id'])['peer_list']))


def aria2_tells_us_of_peers(lab):
    """aria2 has Ann from a tracker; Cat knows aria2 alone, and hears of Ann from it.  An IP for each:
    aria2 tells nobody of its own."""
    path = source(lab)
    tracker = Opentracker(lab, L.infohash_of(lab, path))
    a = lab.node('a', files__listen='127.0.0.2:0', files__pex='off')
    c = lab.node('c', files__listen='127.0.0.3:0')
    shared = a.share(path, '--tracker', tracker.http)
    a.run('file', 'limit', shared['id'], '--up', '16K')  # so that it takes long enough
    L.until('the announce', lambda: a.announced(shared['id']))
    aria2 = Aria2(lab, 'aria2', lab.folder('aria2-out'), shared['torrent_file'], False,
                  ['--enable-peer-exchange=true'])
    L.until('aria2 to find the seed', lambda: a.row(shared['id'])['peers'])
    c.run('get', f'magnet:?xt=urn:btih:{shared["infohash_v1"]}', '--peer', f'127.0.0.1:{aria2.port}',
          '-o', lab.folder('out'), '--detach')
    L.until('us to dial the peer that aria2 told of',
            lambda: any(p['addr'].startswith('127.0.0.2:') and p['connected']
                        for p in c.row(shared['id'])['peer_list']))


if __name__ == '__main__':
    L.main(transmission_fetches_from_us_by_torrent, transmission_fetches_from_us_by_magnet,
           aria2_fetches_from_us_by_torrent, aria2_fetches_from_us_by_magnet,
           we_fetch_from_transmission_by_torrent, we_fetch_from_transmission_by_magnet,
           we_fetch_from_aria2_by_torrent, we_fetch_from_aria2_by_magnet,
           transmission_fetches_from_us_encrypted, aria2_fetches_from_us_encrypted,
           we_fetch_from_transmission_encrypted, we_fetch_from_aria2_encrypted,
           transmission_show_reads_our_torrent, aria2_hears_of_peers_from_us,
           aria2_tells_us_of_peers)
