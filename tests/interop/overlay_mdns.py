#!/usr/bin/env python3
"""Nodes and the libp2p of npm find each other by mDNS and nothing else, in a network that has only loopback
and an interface that leads nowhere."""
import subprocess

import lab as L
from js_peer import JsPeer
from overlay import peer

FIND = {'host.mdns': 'on', 'host.lab': 'on', 'files.enabled': 'off'}
OURS = '192.0.2.'  # RFC 5737: on an interface that leads nowhere


def network():
    """What is sent to its groups comes back to all who listen here.  What goes out by 0.0.0.0, as from
    the npm one, goes there too."""
    def ip(*words):
        return subprocess.run(['ip', *words], capture_output=True, check=False).returncode == 0
    ip('link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'nowhere')
    ip('link', 'set', 'nowhere', 'up')
    for host in (1, 2):
        ip('address', 'add', f'{OURS}{host}/24', 'dev', 'lan')
    if not ip('link', 'set', 'lan', 'up', 'multicast', 'on'):
        raise L.Skip('no interface can be made here')
    ip('route', 'replace', '224.0.0.0/4', 'dev', 'lan', 'src', f'{OURS}1')


def node(lab, name, **more):
    n = lab.node(name, **{**FIND, **more})
    n.id = n.json('status')['peer_id']
    return n


def meet(a, b):
    L.until(f'{a.name} to meet {b.name}', lambda: peer(a, b.id))
    L.until(f'{b.name} to meet {a.name}', lambda: peer(b, a.id))


def two_nodes_on_loopback_find_each_other(lab):
    meet(node(lab, 'a', host__listen='/ip4/127.0.0.2/tcp/0'),
         node(lab, 'b', host__listen='/ip4/127.0.0.3/tcp/0'))


def nodes_that_listen_on_all_addresses_find_each_other(lab):
    network()
    lan = {'host.lab': 'off', 'host.listen': '/ip4/0.0.0.0/tcp/0,/ip6/::/tcp/0'}
    a, b = node(lab, 'a', **lan), node(lab, 'b', **lan)
    meet(a, b)
    seen = peer(a, b.id)['address']
    assert OURS in seen, seen


def the_one_of_npm_and_we_find_each_other(lab):
    network()
    js = JsPeer(lab, listen=[f'/ip4/{OURS}2/tcp/0'], mdns=True)
    a = node(lab, 'a', host__listen=f'/ip4/{OURS}1/tcp/0')
    L.until('us to find it', lambda: peer(a, js.id))
    found = js.do('known', id=a.id)
    assert any(x.startswith(f'/ip4/{OURS}1/') for x in found['addresses']), found


def it_finds_who_does_not_dial_it(lab):
    """It hears our answer; that is all it needs to dial us by our name."""
    network()
    a = node(lab, 'a', host__listen=f'/ip4/{OURS}1/tcp/0')
    js = JsPeer(lab, listen=[], mdns=True)  # says nothing of itself: it has no address
    dialled = L.until('it to find us', lambda: js.ask('dial_peer', id=a.id).get('ok'))
    assert OURS in dialled['address'], dialled


def switched_off_nobody_is_found(lab):
    a = node(lab, 'a', host__listen='/ip4/127.0.0.2/tcp/0')
    b = node(lab, 'b', host__listen='/ip4/127.0.0.3/tcp/0', host__mdns='off')
    c = node(lab, 'c', host__listen='/ip4/127.0.0.4/tcp/0')
    meet(a, c)
    assert not peer(a, b.id) and not peer(b, a.id)


def behind_a_proxy_nobody_hears_where_we_are(lab):
    network()
    lan = {'host.listen': f'/ip4/{OURS}1/tcp/0'}
    a = node(lab, 'a', node__proxy=f'socks5://127.0.0.1:{L.free_port()}', **lan)
    b, c = node(lab, 'b', **lan), node(lab, 'c', **lan)
    meet(b, c)
    assert not peer(a, b.id) and not peer(b, a.id)
    assert not a.json('status')['listen']


if __name__ == '__main__':
    L.own_network()
    L.main(two_nodes_on_loopback_find_each_other, nodes_that_listen_on_all_addresses_find_each_other,
           the_one_of_npm_and_we_find_each_other, it_finds_who_does_not_dial_it, switched_off_nobody_is_found,
           behind_a_proxy_nobody_hears_where_we_are)
