#!/usr/bin/env python3
"""QUIC with the libp2p of npm as the other side, whose QUIC is quinn's: dialling and being dialled, identify,
ping, many streams, much both ways with a slow reader, somebody else, and packets that are none."""
import socket

import lab as L
from js_peer import JsPeer
from overlay import node, peer

AT = '/ip4/127.0.0.1/udp/0/quic-v1'


def both(lab, name='js'):
    js = JsPeer(lab, name, listen=[AT])
    if not js.quic:
        raise L.Skip('the QUIC of npm is not installed')
    return node(lab, **{'host.listen': AT}), js


def place(address):
    """What comes before /p2p/."""
    return address.split('/p2p/')[0]


def they_dial_us(lab):
    n, js = both(lab)
    assert n.listen[0].split('/p2p/')[0].endswith('/quic-v1'), n.listen
    assert js.do('dial', address=n.listen[0])['id'] == n.id
    js.do('ping', id=n.id)
    assert js.do('echo', id=n.id, bytes=100_000)['same']
    L.until('us to know it', lambda: (peer(n, js.id) or {}).get('agent', '').startswith('js-libp2p/'))
    js.do('close', id=n.id)
    L.until('it to be gone', lambda: not peer(n, js.id))


def we_dial_them(lab):
    n, js = both(lab)
    assert n.json('net', 'dial', js.listen[0])['id'] == js.id
    assert n.json('peer', 'ping', js.id)['rtt_ms'] > 0
    assert js.do('echo', id=n.id, bytes=100_000)['same']
    assert place(js.listen[0]) in L.until('us to know it', lambda: n.json('peer', 'show', js.id)['addresses'])
    js.do('stop')
    L.until('it to be gone', lambda: not peer(n, js.id))


def two_of_ours(lab):
    a, b = node(lab, 'a', **{'host.listen': AT}), node(lab, 'b', **{'host.listen': AT})
    assert a.json('net', 'dial', b.listen[0])['id'] == b.id
    assert a.json('peer', 'ping', b.id)['rtt_ms'] > 0


def somebody_else_at_the_address_is_refused(lab):
    n, a = both(lab, 'a')
    b = JsPeer(lab, 'b', listen=[AT])
    done = n.run('net', 'dial', a.listen[0].replace(a.id, b.id), check=False)
    assert done.returncode != 0 and a.id in done.stderr, done.stderr
    assert 'error' in a.ask('dial', address=n.listen[0].replace(n.id, b.id))


def ten_mebibytes_both_ways(lab):
    n, js = both(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echo', id=n.id, bytes=10 << 20)['same']


def ten_mebibytes_both_ways_with_a_slow_reader(lab):
    n, js = both(lab)
    n.json('net', 'dial', js.listen[0])
    n.json('peer', 'ping', js.id)  # by now it knows of the connection, too
    assert js.do('echo', id=n.id, bytes=10 << 20, slow_ms=2)['same']


def two_hundred_streams_at_once(lab):
    n, js = both(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echoes', id=n.id, count=200, at_once=200, bytes=50_000) == 200


def a_thousand_streams_one_after_the_other(lab):
    n, js = both(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echoes', id=n.id, count=1000) == 1000


def packets_that_are_none_do_no_harm(lab):
    n, js = both(lab)
    port = int(place(n.listen[0]).split('/')[4])
    js.do('dial', address=n.listen[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for i in range(2000):
            first = bytes([(0xc0, 0x40, 0xff, 0x00)[i % 4]])
            s.sendto(first + bytes((i * k) & 0xff for k in range(i % 1400)), ('127.0.0.1', port))
        s.sendto(b'', ('127.0.0.1', port))
    assert js.do('echo', id=n.id, bytes=100_000)['same']


if __name__ == '__main__':
    L.main(they_dial_us, we_dial_them, two_of_ours, somebody_else_at_the_address_is_refused,
           ten_mebibytes_both_ways, ten_mebibytes_both_ways_with_a_slow_reader,
           two_hundred_streams_at_once, a_thousand_streams_one_after_the_other,
           packets_that_are_none_do_no_harm)
