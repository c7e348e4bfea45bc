#!/usr/bin/env python3
"""Behind routers of Linux: who is hidden learns it, is reached through a relay, and then directly."""
import lab as L
import nat
from js_peer import JsPeer
from overlay import node, peer

ANYWHERE = {'host.listen': '/ip4/0.0.0.0/tcp/4001', 'host.mdns': 'off'}


def place(n):
    return L.until('it to have a place at a relay', lambda: next(
        (a for a in n.json('status')['listen'] if 'p2p-circuit' in a), None))


def two_hidden_ones_meet_directly(lab):
    """What we do by ourselves: the relay is only met, nobody named it as one."""
    between = nat.middle(lab)
    homes = [nat.Home(lab, 1), nat.Home(lab, 2)]
    relay = node(lab, 'relay', under=between, **ANYWHERE, **{'host.relay': 'on'})
    at = f'/ip4/{nat.MIDDLE}/tcp/4001/p2p/{relay.id}'
    a, b = (node(lab, name, under=home.under, **ANYWHERE) for name, home in zip('ab', homes))
    for n in a, b:
        n.json('net', 'dial', at)
    L.until('both to learn that they are hidden', lambda: all(
        n.json('net', 'stat')['reach'] == 'private' for n in (a, b)))
    there = place(a)
    assert nat.MIDDLE in there, there
    assert b.json('net', 'dial', there)['id'] == a.id
    L.until('the hole', lambda: peer(b, a.id)['path'] == 'hole-punched' and peer(a, b.id)['path'] == 'hole-punched')
    assert homes[0].public in peer(b, a.id)['address'], peer(b, a.id)
    assert b.json('peer', 'ping', a.id)['path'] == 'hole-punched'
    L.until('the relay to be let go', lambda: peer(b, a.id)['connections'] == 1)


def behind_a_router_their_relay_makes_us_reachable(lab):
    between = nat.middle(lab)
    home = nat.Home(lab, 1)
    js = JsPeer(lab, under=between, listen=[f'/ip4/{nat.MIDDLE}/tcp/4001'],
                **{'with': ['ping', 'autonat', 'relay']})
    n = node(lab, under=home.under, **ANYWHERE,
             **{'host.relays': f'/ip4/{nat.MIDDLE}/tcp/4001/p2p/{js.id}'})
    at = place(n)
    assert js.id in at, at
    caller = JsPeer(lab, 'caller', under=between, **{'with': ['ping', 'dcutr'], 'listen': []})
    assert caller.do('dial', address=at)['limited']
    assert caller.do('echo', id=n.id, bytes=10_000)['same']


if __name__ == '__main__':
    L.own_network()
    L.main(two_hidden_ones_meet_directly, behind_a_router_their_relay_makes_us_reachable)
