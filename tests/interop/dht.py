#!/usr/bin/env python3
"""The DHT with other people's programs: what they announce we find, what we announce they find.  No
tracker, no address by hand, no peer exchange, no local discovery: an infohash is all that is told.

All run in a network of their own in which each has a public address, for they take no other: so the
rules of BEP 42, and of one node for an address, hold as they do outside.  A crowd of libtorrent's
nodes is the DHT; one of ours is where everybody begins."""
import os
import subprocess

import lab as L
from peers import Aria2, Libtorrent, Transmission

SIZE = 300_001
NAME = 'payload.bin'
CROWD = 12
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
        we_find_transmission, aria2_finds_us, we_find_aria2)))
