#!/usr/bin/env python3
"""Magnet to identical bytes where nothing but local discovery tells of anybody: no tracker, no DHT, no
peer exchange, in a network that has only loopback.  To and from libtorrent, transmission-daemon and
aria2."""
import os
import subprocess

import lab as L
from peers import Aria2, Libtorrent, Transmission

SIZE = 3_000_001
ALONE = {'files.lsd': 'on', 'files.pex': 'off'}


def source(lab):
    return L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), SIZE)


def bare(shared):
    return f'magnet:?xt=urn:btih:{shared["infohash_v1"]}'


def fetch(lab, node, link):
    out = lab.folder('out')
    node.run('get', link, '-o', out)
    return os.path.join(out, 'payload.bin')


def two_nodes_find_each_other(lab):
    path = source(lab)
    a = lab.node('a', files__listen='127.0.0.2:0', **ALONE)
    b = lab.node('b', files__listen='127.0.0.3:0', **ALONE)
    shared = a.share(path)
    L.same(path, fetch(lab, b, bare(shared)))


def nodes_that_listen_on_all_addresses_find_each_other(lab):
    path = source(lab)
    a = lab.node('a', files__listen='0.0.0.0:0', **ALONE)
    b = lab.node('b', files__listen='0.0.0.0:0', **ALONE)
    shared = a.share(path)
    L.same(path, fetch(lab, b, bare(shared)))


SIX = 'fd14:988f::'  # a network of its own, on an interface that leads nowhere


def ipv6(lab, *hosts):
    """Addresses in SIX; what is sent to its groups comes back to all who listen here.  Linux sends no
    IPv6 multicast by loopback."""
    def ip(*words):
        return subprocess.run(['ip', *words], capture_output=True, check=False).returncode == 0
    ip('link', 'add', 'six', 'type', 'veth', 'peer', 'name', 'nowhere')
    lab.ends.callback(ip, 'link', 'del', 'six')  # with IPv6 alone beside loopback, others find no IPv4
    ip('link', 'set', 'nowhere', 'up')
    for host in hosts:
        ip('address', 'add', f'{SIX}{host}/64', 'dev', 'six', 'nodad')
    if not ip('link', 'set', 'six', 'up', 'multicast', 'on'):
        raise L.Skip('no interface can be made here')


def over_ipv6_two_nodes_find_each_other(lab):
    ipv6(lab, 1, 2)
    path = source(lab)
    a = lab.node('a', files__listen=f'[{SIX}1]:0', **ALONE)
    b = lab.node('b', files__listen=f'[{SIX}2]:0', **ALONE)
    shared = a.share(path)
    L.same(path, fetch(lab, b, bare(shared)))


def libtorrent_and_we_find_each_other_over_ipv6(lab):
    ipv6(lab, 1, 2)
    path = source(lab)
    a = lab.node('a', files__listen=f'[{SIX}1]:0', **ALONE)
    shared = a.share(path)
    lt = Libtorrent(lab, enable_lsd=True, listen_interfaces=f'[{SIX}2]:0')
    out = lab.folder('lt-out')
    lt.until_whole(lt.do('add', what=bare(shared), folder=out))
    L.same(path, os.path.join(out, 'payload.bin'))
    a.run('file', 'rm', shared['id'])
    L.same(path, fetch(lab, a, bare(shared)))


def switched_off_nobody_is_found(lab):
    path = source(lab)
    a = lab.node('a', files__listen='127.0.0.2:0', **ALONE)
    b = lab.node('b', files__listen='127.0.0.3:0', **{**ALONE, 'files.lsd': 'off'})
    c = lab.node('c', files__listen='127.0.0.4:0', **ALONE)
    shared = a.share(path)
    b.run('get', bare(shared), '-o', lab.folder('b-out'), '--detach')
    L.same(path, fetch(lab, c, bare(shared)))  # by now a has told everybody
    assert b.row(shared['id'])['known_peers'] == 0


def a_private_torrent_is_not_told_of(lab):
    path, other = source(lab), L.make_file(os.path.join(lab.folder('in'), 'other.bin'), SIZE, 2)
    a = lab.node('a', files__listen='127.0.0.2:0', **ALONE)
    b = lab.node('b', files__listen='127.0.0.3:0', **ALONE)
    private, public = a.share(path, '--private'), a.share(other)
    b.run('get', private['torrent_file'], '-o', lab.folder('b-out'), '--detach')
    out = lab.folder('out')
    b.run('get', bare(public), '-o', out)
    L.same(other, os.path.join(out, 'other.bin'))
    for node in (a, b):
        assert node.row(private['id'])['known_peers'] == 0


def libtorrent_fetches_from_us(lab):
    path = source(lab)
    a = lab.node('a', **ALONE)
    shared = a.share(path)
    lt, out = Libtorrent(lab, enable_lsd=True), lab.folder('lt-out')
    lt.until_whole(lt.do('add', what=bare(shared), folder=out))
    L.same(path, os.path.join(out, 'payload.bin'))


def we_fetch_from_libtorrent(lab):
    path = source(lab)
    maker = lab.node('maker')
    shared = maker.share(path)
    maker.stop()
    lt = Libtorrent(lab, enable_lsd=True)
    lt.do('add', what=shared['torrent_file'], folder=os.path.dirname(path), seed=True)
    L.same(path, fetch(lab, lab.node('b', **ALONE), bare(shared)))


def route():
    """transmission and aria2 leave the interface to the kernel, which asks the routes."""
    if subprocess.run(['ip', 'route', 'replace', '224.0.0.0/4', 'dev', 'lo', 'src',
                       '127.0.0.1'], capture_output=True,
                      check=False).returncode:
        raise L.Skip('multicast has no route here')


def transmission_finds_us(lab):
    """It takes no loopback address as a peer, but its announce finds us, and we dial it."""
    route()
    path = source(lab)
    a = lab.node('a', **ALONE)
    shared = a.share(path)
    t = Transmission(lab, **{'lpd-enabled': True})
    ident = t.add(magnet=bare(shared), folder=lab.folder('t-out'))
    L.until('transmission to have it all', lambda: t.whole(ident))


def aria2_fetches_from_us(lab):
    route()
    path = source(lab)
    a = lab.node('a', **ALONE)
    shared = a.share(path)
    out = lab.folder('aria2-out')
    aria2 = Aria2(lab, 'aria2', out, bare(shared), False, ['--bt-enable-lpd=true'])
    L.until('aria2 to end', lambda: aria2.process.poll() is not None)
    L.same(path, os.path.join(out, 'payload.bin'))


if __name__ == '__main__':
    L.own_network()
    L.main(two_nodes_find_each_other, nodes_that_listen_on_all_addresses_find_each_other,
           over_ipv6_two_nodes_find_each_other,
           libtorrent_and_we_find_each_other_over_ipv6,
           switched_off_nobody_is_found, a_private_torrent_is_not_told_of, libtorrent_fetches_from_us,
           we_fetch_from_libtorrent, transmission_finds_us, aria2_fetches_from_us)
