#!/usr/bin/env python3
"""Peers by name: /dns4, /dns6 and /dnsaddr with a name server of our own, and behind a proxy without one."""
import lab as L
from js_peer import JsPeer
from names import A, AAAA, TXT, Names
from overlay import node
from proxy import Dante


def port_of(address):
    return address.split('/tcp/')[1].split('/')[0]


def by_a_name_that_has_addresses(lab):
    js = JsPeer(lab, listen=['/ip4/127.0.0.1/tcp/0'])
    names = Names(lab, {('js.test', A): ['127.0.0.9', '127.0.0.1'], ('js.test', AAAA): []})
    n = node(lab, under=names.under)
    port = port_of(js.listen[0])
    assert n.json('net', 'dial', f'/dns4/js.test/tcp/{port}/p2p/{js.id}')['id'] == js.id
    done = n.run('net', 'dial', f'/dns4/other.test/tcp/{port}', check=False)
    assert done.returncode != 0 and 'other.test' in done.stderr, done.stderr


def by_a_name_that_keeps_addresses(lab):
    """As the well-known nodes of the network are named: one name leads to a name of each."""
    js, other = JsPeer(lab, 'js'), JsPeer(lab, 'other')
    names = Names(lab, {
        ('_dnsaddr.boot.test', TXT): [f'dnsaddr=/dnsaddr/one.test/p2p/{js.id}',
                                      f'dnsaddr=/dnsaddr/two.test/p2p/{other.id}', 'v=spf1 -all'],
        ('_dnsaddr.one.test', TXT): [f'dnsaddr={js.listen[0]}', f'dnsaddr=/ip4/127.0.0.1/udp/1/quic-v1/p2p/{js.id}'],
        ('_dnsaddr.two.test', TXT): [f'dnsaddr={other.listen[0]}']})
    n = node(lab, under=names.under)
    assert n.json('net', 'dial', f'/dnsaddr/boot.test/p2p/{js.id}')['id'] == js.id
    assert ('_dnsaddr.two.test', TXT) not in names.asked, names.asked
    done = n.run('net', 'dial', f'/dnsaddr/none.test/p2p/{other.id}', check=False)
    assert done.returncode != 0, done.stdout


def to_begin_with(lab):
    js = JsPeer(lab)
    names = Names(lab, {('_dnsaddr.boot.test', TXT): [f'dnsaddr={js.listen[0]}']})
    n = node(lab, under=names.under, **{'host.bootstrap': f'/dnsaddr/boot.test/p2p/{js.id}'})
    L.until('it to be there', lambda: any(p['id'] == js.id for p in n.json('peer', 'ls')))


def behind_a_proxy_no_name_is_asked_here(lab):
    """The proxy looks it up; what has texts alone cannot be had."""
    js = JsPeer(lab)
    dante = Dante(lab)
    names = Names(lab, {('_dnsaddr.boot.test', TXT): [f'dnsaddr={js.listen[0]}']})
    n = node(lab, under=names.under, node__proxy=dante.url)
    done = n.run('net', 'dial', f'/dnsaddr/boot.test/p2p/{js.id}', check=False)
    assert done.returncode != 0 and 'proxy' in done.stderr, done.stderr
    assert n.json('net', 'dial', f'/dns4/localhost/tcp/{port_of(js.listen[0])}/p2p/{js.id}')['id'] == js.id
    assert not names.asked, names.asked


if __name__ == '__main__':
    L.own_network()
    L.main(by_a_name_that_has_addresses, by_a_name_that_keeps_addresses, to_begin_with,
           behind_a_proxy_no_name_is_asked_here)
