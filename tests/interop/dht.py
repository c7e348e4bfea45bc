#!/usr/bin/env python3
"""The DHT with other people's programs: what they announce we find, what we announce they find.  No
tracker, no address by hand, no peer exchange, no local discovery: an infohash is all that is told.

All run in a network of their own in which each has a public address, for they take no other: so the
rules of BEP 42, and of one node for an address, hold as they do outside.  A crowd of libtorrent's
nodes is the DHT; one of ours is where everybody begins."""
import base64
import json
import os
import subprocess

import lab as L
from peers import Aria2, Libtorrent, Transmission

SIZE = 300_001
NAME = 'payload.bin'
CROWD = 12
TORRENTS, SAMPLES = 16, 20  # shared; told at once
ADDRESSES = 40
START = '82.1.1.1'


def address(n):
    """No two in one /24, as on the real network; none of those that libtorrent calls dark."""
    return f'{81 + n}.{n}.{n}.1'


class Swarm:
    """The DHT: the crowd, and our node that all begin with."""

    def __init__(self, lab):
        self.lab = lab
        self.used = CROWD + 1
        self.hub = self.node('hub', START, '')
        self.bootstrap = f'{START}:{self.hub.port}'
        self.crowd = Libtorrent(lab, 'crowd')
        self.crowd.do('crowd', addresses=[address(n) for n in range(2, CROWD + 2)], bootstrap=self.bootstrap)
        L.until('the crowd to know each other', lambda: min(self.crowd.do('crowd_nodes')) >= 5)

    def next_address(self):
        self.used += 1
        return address(self.used)

    def node(self, name, host=None, bootstrap=None):
        return self.lab.node(name, files__listen=f'{host or self.next_address()}:0', files__pex='off',
                             files__transports='tcp', **{'files__dht-bootstrap': self.bootstrap
                                                         if bootstrap is None else bootstrap})


def knows(node, count=8):
    return lambda: node.json('status')['files']['dht']['nodes'] >= count


def payload(lab):
    return L.make_file(os.path.join(lab.folder('in'), NAME), SIZE)


def link(shared):
    return f'magnet:?xt=urn:btih:{shared["infohash_v1"]}'


def ours(swarm):
    """A file that our node shares, once the DHT knows of it."""
    path = payload(swarm.lab)
    a = swarm.node('a')
    L.until('our node to know others', knows(a))
    shared = a.share(path)
    return path, shared


def theirs(swarm):
    """A torrent that somebody else will seed: its file, its .torrent, its link."""
    path = payload(swarm.lab)
    torrent = os.path.join(swarm.lab.dir, 'payload.torrent')
    made = Libtorrent(swarm.lab, 'maker').do('make', path=path, out=torrent)
    return path, torrent, f'magnet:?xt=urn:btih:{made["v1"]}'


def we_get(swarm, magnet, path):
    b = swarm.node('b')
    out = swarm.lab.folder('out')
    b.run('get', magnet, '-o', out, '--detach')
    ident = magnet.split(':')[-1]
    L.until('our node to have it all', lambda: b.row(ident)['state'] == 'seeding')
    assert sum(len(files) for _, _, files in os.walk(out)) == 1
    L.same(path, os.path.join(out, os.listdir(out)[0]))


def ours_find_each_other(lab):
    swarm = Swarm(lab)
    path, shared = ours(swarm)
    we_get(swarm, link(shared), path)
    hub = swarm.hub.json('status')['files']['dht']
    assert hub['answered'] > 0 and hub['nodes'] > 0, hub


def lt(swarm, name):
    return Libtorrent(swarm.lab, name, listen_interfaces=f'{swarm.next_address()}:6881', enable_dht=True,
                      dht_bootstrap_nodes=swarm.bootstrap)


def libtorrent_finds_us(lab):
    swarm = Swarm(lab)
    path, shared = ours(swarm)
    out = lab.folder('out')
    peer = lt(swarm, 'lt')
    peer.until_whole(peer.do('add', what=link(shared), folder=out))
    L.same(path, os.path.join(out, NAME))


def we_find_libtorrent(lab):
    swarm = Swarm(lab)
    path, torrent, magnet = theirs(swarm)
    peer = lt(swarm, 'lt')
    peer.until_whole(peer.do('add', what=torrent, folder=os.path.dirname(path)))
    we_get(swarm, magnet, path)


def transmission(swarm):
    """It announces once it knows more than eight nodes."""
    host = swarm.next_address()
    return Transmission(swarm.lab, config={'dht.bootstrap': swarm.bootstrap.replace(':', ' ') + '\n'},
                        **{'bind-address-ipv4': host, 'dht-enabled': True})


def transmission_finds_us(lab):
    swarm = Swarm(lab)
    path, shared = ours(swarm)
    out = lab.folder('out')
    peer = transmission(swarm)
    ident = peer.add(magnet=link(shared), folder=out)
    L.until('transmission to have it all', lambda: peer.whole(ident), 2 * L.PATIENCE_S)
    L.same(path, os.path.join(out, NAME))


def we_find_transmission(lab):
    swarm = Swarm(lab)
    path, torrent, magnet = theirs(swarm)
    peer = transmission(swarm)
    ident = peer.add(torrent=torrent, folder=os.path.dirname(path))
    L.until('transmission to seed', lambda: (peer.whole(ident) or {}).get('status') == 6)
    b = swarm.node('b')
    out = lab.folder('out')
    b.run('get', magnet, '-o', out, '--detach')
    L.until('our node to have it all', lambda: b.row(magnet.split(':')[-1])['state'] == 'seeding',
            2 * L.PATIENCE_S)


def aria2(swarm, what, folder, seed):
    host, start = swarm.next_address(), swarm.bootstrap
    files = swarm.lab.folder('aria2-dht')
    return Aria2(swarm.lab, 'aria2', folder, what, seed,
                 ('--enable-dht=true', f'--interface={host}', f'--dht-entry-point={start}',
                  f'--dht-listen-port={L.free_port()}', f'--dht-file-path={files}/dht.dat'))


def aria2_finds_us(lab):
    swarm = Swarm(lab)
    path, shared = ours(swarm)
    out = lab.folder('out')
    peer = aria2(swarm, link(shared), out, False)
    L.until('aria2 to end', lambda: peer.process.poll() is not None, 2 * L.PATIENCE_S)
    assert peer.process.returncode == 0, peer.process.returncode
    L.same(path, os.path.join(out, NAME))


def we_find_aria2(lab):
    swarm = Swarm(lab)
    path, torrent, magnet = theirs(swarm)
    aria2(swarm, torrent, os.path.dirname(path), True)
    L.until('aria2 to seed', lambda: 'Verification finished successfully' in lab.log_of('aria2'))
    b = swarm.node('b')
    out = lab.folder('out')
    b.run('get', magnet, '-o', out, '--detach')
    L.until('our node to have it all', lambda: b.row(magnet.split(':')[-1])['state'] == 'seeding',
            2 * L.PATIENCE_S)


# --- BEP 44 and 51 ---

DHT_ALERTS = 1 << 10
# BEP 44, "test vectors": the key that its examples are signed with, as libtorrent keeps it.
PRIVATE = ('e06d3183d14159228433ed599221b80bd0a5ce8352e4bdf0262f76786ef1c74d'
           'b7e7a9fea2c0eb269d61e3b38e450a22e754941ac78479d6c54e1faf6037881d')
PUBLIC = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'


def told(peer, *words):
    """Waits for an alert that has all these words in it."""
    def look():
        return [m for _, m in peer.do('alerts') if all(w in m for w in words)]
    return L.until(f'libtorrent to say {words}', look)


def item_of(node, *words):
    done = node.run('dht', 'get', *words, '--json', check=False)
    return done.returncode == 0 and json.loads(done.stdout)


def items_go_both_ways(lab):
    swarm = Swarm(lab)
    a = swarm.node('a')
    L.until('our node to know others', knows(a))
    peer = lt(swarm, 'lt')
    peer.do('mask', value=DHT_ALERTS)
    L.until('libtorrent to know others', lambda: peer.do('dht_nodes') >= 5)
    put = a.json('dht', 'put', 'Hello World!')
    assert put['target'] == 'e5f96f6f38320f0f33959cb4d3d656452117aadb' and put['stored'] >= 8, put
    peer.do('dht_get', target=put['target'])
    told(peer, put['target'], 'Hello World!')

    target = peer.do('dht_put', text='from libtorrent')
    got = L.until('our node to find the item', lambda: item_of(a, target))
    assert base64.b64decode(got['value']) == b'15:from libtorrent', got

    for text in ('one', 'three'):
        peer.do('dht_put_mutable', private=PRIVATE, public=PUBLIC, text=text, salt='foobar')
        value = f'{len(text)}:{text}'.encode()
        got = L.until(f'our node to find {text}', lambda value=value: (
            lambda i: i and base64.b64decode(i['value']) == value and i)(item_of(a, PUBLIC, '--salt', 'foobar')))
        assert got['key'] == PUBLIC and got['target'] == '411eba73b6f087ca51a3795d9c8c938d365e32c1', got


def infohashes_are_sampled(lab):
    """A torrent is told to the eight nodes that are nearest to it, and chance says which: of so many some fall to our hub."""
    swarm = Swarm(lab)
    a = swarm.node('a')
    L.until('our node to know others', knows(a))
    for i in range(TORRENTS):
        a.share(L.make_file(os.path.join(lab.folder(f'in{i}'), NAME), 1000 + i))

    def stored():
        return swarm.hub.json('status')['files']['dht']['stored_hashes']
    L.until('our hub to store a peer', stored)
    peer = lt(swarm, 'lt')
    peer.do('mask', value=DHT_ALERTS)
    at_least = stored()
    peer.do('dht_sample', host=START, port=swarm.hub.port, target='00' * 20)
    message = told(peer, 'incoming dht sample_infohashes')[0]
    assert at_least <= int(message.split()[-1]) <= min(stored(), SAMPLES), message


def addresses():
    for n in range(1, ADDRESSES):
        done = subprocess.run(['ip', 'address', 'add', f'{address(n)}/32', 'dev', 'lo'],
                              capture_output=True, check=False)
        if done.returncode:
            return False
    return True


def alone(test):
    def cell(lab):
        if not ALONE:
            raise L.Skip('no network of our own can be made here')
        test(lab)
    cell.__name__ = test.__name__
    return cell


if __name__ == '__main__':
    L.own_network()
    ALONE = os.environ.get('SHOAL_OWN_NETWORK') == '1' and addresses()
    L.main(*(alone(t) for t in (
        ours_find_each_other, libtorrent_finds_us, we_find_libtorrent, transmission_finds_us,
        we_find_transmission, aria2_finds_us, we_find_aria2, items_go_both_ways,
        infohashes_are_sampled)))
