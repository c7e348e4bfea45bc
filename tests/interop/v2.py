#!/usr/bin/env python3
"""BitTorrent v2 and hybrid torrents (BEP 52): ours read by libtorrent, its own read by us, and moved
both ways by each kind of link, with and without encryption.

Debian's transmission 3.00 and aria2 1.36 take no hybrid, whoever made it: a file tree has empty
names, which the one refuses and the other drops, to get another infohash."""
import itertools
import os

import lab as L
from peers import Libtorrent


def tree(lab):
    """Files smaller and larger than a piece, empty ones, in folders, with names that sort oddly."""
    path = L.make_tree(os.path.join(lab.folder('in'), 'tree'), 30)
    L.make_file(os.path.join(path, 'big'), 1_000_001)
    L.make_file(os.path.join(path, 'big.2'), 65536 * 3)
    L.make_file(os.path.join(path, 'd0', 'exact'), 65536)
    L.make_file(os.path.join(path, 'Z'), 1)
    return path


def names(torrent):
    return sorted(tuple(f) for f in torrent['files'] if '/.pad/' not in f[0])


def libtorrent_reads_what_we_make(lab):
    lt, node = Libtorrent(lab), lab.node()
    path = tree(lab)
    for kind in ('hybrid', 'v2'):
        shared = node.share(path, f'--{kind}', '--piece-size', '65536')
        theirs = lt.do('describe', torrent=shared['torrent_file'])
        assert theirs['v1'] == shared['infohash_v1'] and theirs['v2'] == shared['infohash_v2'], theirs
        assert (theirs['v1'] is None) == (kind == 'v2')
        row = node.json('file', 'show', shared['infohash_v2'], '--files')
        assert row['id'] == shared['id'] == (theirs['v1'] or theirs['v2'][:40])
        want = sorted((f['path'], f['size']) for f in row['files'] if '/.pad' not in f['path'])
        assert names(theirs) == want, (names(theirs), want)


def of_v2_both_make_the_same(lab):
    """No attributes, and the order is that of the tree: so each byte is given."""
    lt, node = Libtorrent(lab), lab.node()
    path = tree(lab)
    out = os.path.join(lab.dir, 'theirs.torrent')
    theirs = lt.do('make', path=path, out=out, flags='v2', piece_size=65536)
    assert theirs['v2'] == node.share(path, '--v2', '--piece-size', '65536')['infohash_v2']


def we_read_what_libtorrent_makes(lab):
    lt = Libtorrent(lab)
    path = tree(lab)
    for kind in ('hybrid', 'v2'):
        out = os.path.join(lab.dir, f'{kind}.torrent')
        theirs = lt.do('make', path=path, out=out, flags=kind, piece_size=65536)
        node = lab.node(kind)
        row = node.json('get', out, '-o', os.path.dirname(path), '--detach')
        assert row['infohash_v1'] == theirs['v1'] and row['infohash_v2'] == theirs['v2'], row
        L.until('all of it to be proven', lambda: node.row(row['id'])['state'] == 'seeding')


# --- moved -------------------------------------------------------------------------------------

def node_of(lab, name, encryption):
    return lab.node(name, files__encryption='require' if encryption == 'mse' else 'off')


def libtorrent_of(lab, encryption):
    policy = 0 if encryption == 'mse' else 2
    return Libtorrent(lab, in_enc_policy=policy, out_enc_policy=policy)


def link_of(shared, link):
    """A .torrent, or a magnet link by one of the hashes, or by all there are."""
    if link == 'torrent':
        return shared['torrent_file']
    if link == 'btih':
        return f'magnet:?xt=urn:btih:{shared["infohash_v1"]}'
    if link == 'btmh':
        return f'magnet:?xt=urn:btmh:1220{shared["infohash_v2"]}'
    return shared['magnet']


def to_libtorrent(kind, link, encryption):
    def cell(lab):
        a, lt = node_of(lab, 'a', encryption), libtorrent_of(lab, encryption)
        path, out = tree(lab), lab.folder('out')
        shared = a.share(path, f'--{kind}', '--piece-size', '65536')
        ident = lt.do('add', what=link_of(shared, link), folder=out)
        lt.do('peer', ident=ident, host='127.0.0.1', port=a.port)
        lt.until_whole(ident)
        ours = L.digest(path)  # libtorrent says so while its disk thread still writes
        L.until('the same to be on disk', lambda: L.digest(os.path.join(out, 'tree')) == ours)
    return cell


def from_libtorrent(kind, link, encryption):
    def cell(lab):
        b, lt = node_of(lab, 'b', encryption), libtorrent_of(lab, encryption)
        path, out = tree(lab), lab.folder('out')
        torrent = os.path.join(lab.dir, 'theirs.torrent')
        made = lt.do('make', path=path, out=torrent, flags=kind, piece_size=65536)
        lt.until_whole(lt.do('add', what=torrent, folder=os.path.dirname(path)))
        shared = {'torrent_file': torrent, 'magnet': made['magnet'], 'infohash_v1': made['v1'],
                  'infohash_v2': made['v2']}
        b.run('get', link_of(shared, link), '--peer', f'127.0.0.1:{lt.port}', '-o', out)
        L.same(path, os.path.join(out, 'tree'))
    return cell


def between_us(kind, link, encryption):
    def cell(lab):
        a, b = node_of(lab, 'a', encryption), node_of(lab, 'b', encryption)
        path, out = tree(lab), lab.folder('out')
        shared = a.share(path, f'--{kind}', '--piece-size', '65536')
        b.run('get', link_of(shared, link), '--peer', a.address, '-o', out)
        L.same(path, os.path.join(out, 'tree'))
    return cell


def one_torrent_by_two_links_is_one(lab):
    a, b = lab.node('a'), lab.node('b')
    shared = a.share(tree(lab), '--hybrid')
    out = lab.folder('out')
    for link in ('btih', 'btmh'):
        b.run('get', link_of(shared, link), '-o', out, '--detach')
    assert len(b.json('file', 'ls')) == 2  # nobody knows yet
    for row in b.json('file', 'ls'):
        b.run('file', 'peer', row['id'], a.address)
    L.until('one to be left', lambda: len(b.json('file', 'ls')) == 1)
    for name in ('infohash_v1', 'infohash_v2'):
        L.until('it to be whole', lambda n=name: b.row(shared[n])['state'] == 'seeding')


def libtorrent_asks_us_for_layers(lab):
    """A link of v2 has no hashes of pieces: without ours it could prove nothing."""
    a, lt, out = lab.node('a'), Libtorrent(lab, alert_mask=0x7fffffff), lab.folder('out')
    shared = a.share(tree(lab), '--v2', '--piece-size', '65536')
    ident = lt.do('add', what=link_of(shared, 'btmh'), folder=out)
    lt.do('peer', ident=ident, host='127.0.0.1', port=a.port)
    lt.until_whole(ident)
    said = [m for what, m in lt.do('alerts') if what == 'peer_log']
    asked = [m for m in said if '==> HASH_REQUEST' in m]
    assert asked and len([m for m in said if '<== HASHES' in m]) == len(asked), (asked, said[-20:])
    assert not [m for m in said if '<== HASH_REJECT' in m], said


def cells():
    links = (('v2', 'torrent'), ('v2', 'btmh'), ('hybrid', 'torrent'), ('hybrid', 'btih'),
             ('hybrid', 'btmh'), ('hybrid', 'both'))
    ways = [*itertools.product((to_libtorrent, from_libtorrent), links, ('plain', 'mse')),
            (between_us, links[1], 'plain'), (between_us, links[4], 'mse')]
    for make, (kind, link), encryption in ways:
        cell = make(kind, link, encryption)
        cell.__name__ = f'{make.__name__}_{kind}_by_{link}_{encryption}'
        yield cell


if __name__ == '__main__':
    L.main(libtorrent_reads_what_we_make, of_v2_both_make_the_same, we_read_what_libtorrent_makes,
           libtorrent_asks_us_for_layers, *cells(), one_torrent_by_two_links_is_one, at_once=4)
