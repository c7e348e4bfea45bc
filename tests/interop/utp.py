#!/usr/bin/env python3
"""Transports: what `both` does with peers that have one of them, and what is said of it.  That bytes
go over uTP to and from other programs is matrix.py's."""
import os

import lab as L
from peers import Libtorrent

SIZE = 2_000_003


def transports(node, ident):
    return {p['transport'] for p in node.json('file', 'show', ident, '--peers')['peer_list'] if p['connected']}


def seeded(lab, **settings):
    a = lab.node('a', **settings)
    path = L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), SIZE)
    return a, path, a.share(path)


def fetched(lab, b, shared, port, path):
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', f'127.0.0.1:{port}', '-o', out)
    L.same(path, os.path.join(out, 'payload.bin'))


def who_has_only_utp_is_reached_by_both(lab):
    a, path, shared = seeded(lab, files__transports='utp')
    b = lab.node('b', files__transports='both')
    fetched(lab, b, shared, a.port, path)
    assert transports(b, shared['id']) <= {'utp'}


def who_has_only_tcp_is_reached_by_both(lab):
    a, path, shared = seeded(lab, files__transports='tcp')
    b = lab.node('b', files__transports='both')
    fetched(lab, b, shared, a.port, path)
    assert transports(b, shared['id']) <= {'tcp'}


def libtorrent_without_tcp_is_let_in_by_both(lab):
    a, path, shared = seeded(lab, files__transports='both')
    ways = {f'enable_{way}_{t}': t == 'utp' for way in ('incoming', 'outgoing') for t in ('tcp', 'utp')}
    a.run('file', 'limit', shared['id'], '--up', '1M')  # else it may be over before it is seen
    lt = Libtorrent(lab, **ways)
    out = lab.folder('out')
    ident = lt.do('add', what=shared['torrent_file'], folder=out)
    lt.do('peer', ident=ident, host='127.0.0.1', port=a.port)
    L.until('somebody to be connected', lambda: transports(a, shared['id']))
    assert transports(a, shared['id']) == {'utp'}
    lt.until_whole(ident)
    L.same(path, os.path.join(out, 'payload.bin'))


if __name__ == '__main__':
    L.main(who_has_only_utp_is_reached_by_both, who_has_only_tcp_is_reached_by_both,
           libtorrent_without_tcp_is_let_in_by_both)
