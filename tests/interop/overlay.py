#!/usr/bin/env python3
"""The overlay with the libp2p of npm as the other side: dialling and being dialled by Noise and by TLS,
identify, ping, many streams one after the other and at once, much both ways with a slow reader."""
import lab as L
from js_peer import JsPeer

LAB = {'host.listen': '/ip4/127.0.0.1/tcp/0', 'host.lab': 'on', 'files.enabled': 'off'}


def node(lab, name='shoal', **more):
    n = lab.node(name, **{**LAB, **more})
    n.listen = n.json('status')['listen']
    n.id = n.json('status')['peer_id']
    return n


def peer(n, ident):
    return next((p for p in n.json('peer', 'ls') if p['id'] == ident), None)


def meets(lab, security):
    """It dials us, and we dial it."""
    n, js = node(lab), JsPeer(lab, security=[security])
    dialled = js.do('dial', address=n.listen[0])
    assert dialled['id'] == n.id, dialled
    assert dialled['encryption'] == {'noise': '/noise', 'tls': '/tls/1.0.0'}[security], dialled
    js.do('ping', id=n.id)
    js.do('close', id=n.id)
    L.until('it to be gone', lambda: not peer(n, js.id))
    assert n.json('net', 'dial', js.listen[0])['id'] == js.id
    assert n.json('peer', 'ping', js.id)['rtt_ms'] > 0
    assert js.do('echo', id=n.id, bytes=100_000)['same']


def noise_both_ways(lab):
    meets(lab, 'noise')


def tls_both_ways(lab):
    meets(lab, 'tls')


def each_knows_what_the_other_is(lab):
    n, js = node(lab), JsPeer(lab)
    js.do('dial', address=n.listen[0])
    known = L.until('it to know us', lambda: (lambda k: k if k['protocols'] else None)(js.do('known', id=n.id)))
    assert '/ipfs/ping/1.0.0' in known['protocols'] and '/ipfs/id/1.0.0' in known['protocols'], known
    assert known['agent'].startswith('shoal/'), known
    assert known['certified'], known  # by the signed peer record
    ours = L.until('us to know it', lambda: (lambda p: p if p['protocols'] else None)(n.json('peer', 'show', js.id)))
    assert ours['agent'].startswith('js-libp2p/'), ours
    assert '/echo/1.0.0' in ours['protocols'], ours
    assert js.listen[0].split('/p2p/')[0] in ours['addresses'], ours


def somebody_else_at_the_address_is_refused(lab):
    n, a, b = node(lab), JsPeer(lab, 'a'), JsPeer(lab, 'b')
    wrong = a.listen[0].replace(a.id, b.id)
    done = n.run('net', 'dial', wrong, check=False)
    assert done.returncode != 0 and a.id in done.stderr, done.stderr
    assert 'error' in a.ask('dial', address=n.listen[0].replace(n.id, b.id))


def a_thousand_streams_one_after_the_other(lab):
    n, js = node(lab), JsPeer(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echoes', id=n.id, count=1000) == 1000


def two_hundred_streams_at_once(lab):
    n, js = node(lab), JsPeer(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echoes', id=n.id, count=200, at_once=200, bytes=50_000) == 200


def a_hundred_mebibytes_both_ways_with_a_slow_reader(lab):
    n, js = node(lab), JsPeer(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echo', id=n.id, bytes=100 << 20, slow_ms=1)['same']


def what_it_makes_us_hold_is_told(lab):
    n, js = node(lab), JsPeer(lab)
    js.do('dial', address=n.listen[0])
    js.begin('echo', id=n.id, bytes=20 << 20, slow_ms=5)

    def told():
        stat = n.json('net', 'stat')
        assert [p['id'] for p in stat['by_peer']] == [js.id], stat
        echo = [p for p in stat['by_protocol'] if p['protocol'] == '/echo/1.0.0']
        return echo and echo[0]['in'] == 1 and 0 < echo[0]['bytes'] <= stat['held_bytes'] == stat['by_peer'][0]['bytes']
    L.until('its stream and bytes to be told', told)
    assert js.end_of('echo')['same']
    L.until('them to be gone', lambda: n.json('net', 'stat')['held_bytes'] == 0)


if __name__ == '__main__':
    L.main(noise_both_ways, tls_both_ways, each_knows_what_the_other_is,
           somebody_else_at_the_address_is_refused, a_thousand_streams_one_after_the_other,
           two_hundred_streams_at_once, a_hundred_mebibytes_both_ways_with_a_slow_reader,
           what_it_makes_us_hold_is_told)
