#!/usr/bin/env python3
"""What Debian's programs make of our torrents, and hear from us of other peers.  Moving bytes to and
from them is matrix.py's."""
import os
import subprocess

import lab as L
from peers import Aria2, Opentracker, need

SIZE = 5_000_001


def source(lab):
    return L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), SIZE)


def aria2_fetches_from_us_by_tracker(lab):
    """Alone: it is told of no peer."""
    path = source(lab)
    tracker = Opentracker(lab, L.infohash_of(lab, path))
    a = lab.node('a')
    shared = a.share(path, '--tracker', tracker.http)
    L.until('the announce', lambda: a.announced(shared['id']))
    out = lab.folder('aria2-out')
    aria2 = Aria2(lab, 'aria2', out, shared['magnet'], seed=False)
    L.until('aria2 to end', lambda: aria2.process.poll() is not None)
    assert aria2.process.returncode == 0, aria2.process.returncode
    L.same(path, os.path.join(out, 'payload.bin'))


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
    L.main(aria2_fetches_from_us_by_tracker, transmission_show_reads_our_torrent,
           aria2_hears_of_peers_from_us, aria2_tells_us_of_peers)
