#!/usr/bin/env python3
"""Relays, with the libp2p of npm as the relay, as who is hidden behind one, and as who calls."""
import lab as L
from js_peer import JsPeer
from overlay import node, peer

LOOP = '/ip4/127.0.0.1/tcp/0'
BARE = {'with': ['ping']}  # without DCUtR, which would make the connection a direct one


def hidden_js(lab, relay_addr, name='hidden', **more):
    """Listens at a relay and nowhere else."""
    js = JsPeer(lab, name, **{**BARE, **more, 'listen': [relay_addr + '/p2p-circuit']})
    L.until('it to have a place', lambda: js.do('addresses'))
    return js, next(a for a in js.do('addresses') if 'p2p-circuit' in a)


def two_of_theirs_through_our_relay(lab):
    relay = node(lab, 'relay', **{'host.relay': 'on'})
    hidden, at = hidden_js(lab, relay.listen[0])
    assert f'/p2p/{relay.id}/p2p-circuit' in at, at
    caller = JsPeer(lab, 'caller', **BARE)
    assert caller.do('dial', address=at)['limited']
    caller.do('ping', id=hidden.id)
    assert caller.do('echo', id=hidden.id, bytes=50_000)['same']
    stat = relay.json('net', 'stat')
    assert stat['reservations'] == 1 and stat['circuits'] == 1 and stat['relayed_bytes'] > 100_000, stat


def past_the_limit_theirs_are_cut(lab):
    relay = node(lab, 'relay', **{'host.relay': 'on'})
    hidden, at = hidden_js(lab, relay.listen[0])
    caller = JsPeer(lab, 'caller', **BARE)
    caller.do('dial', address=at)
    answer = caller.ask('echo', id=hidden.id, bytes=400_000)
    assert 'error' in answer or not answer['ok']['same'], answer
    L.until('the circuit to be over', lambda: relay.json('net', 'stat')['circuits'] == 0)


def at_their_relay_they_call_us(lab):
    relay = JsPeer(lab, 'relay', **{'with': ['ping', 'relay']})
    n = node(lab, **{'host.relays': relay.listen[0]})
    at = L.until('us to have a place', lambda: next(
        (a for a in n.json('status')['listen'] if 'p2p-circuit' in a), None))
    caller = JsPeer(lab, 'caller', **BARE)
    assert caller.do('dial', address=at)['id'] == n.id
    seen = peer(n, caller.id)
    assert seen['path'] == 'relayed' and seen['direction'] == 'in', seen
    caller.do('ping', id=n.id)  # it finds the direct way first
    assert caller.do('echo', id=n.id, bytes=50_000)['same']


def at_their_relay_we_call_them(lab):
    relay = JsPeer(lab, 'relay', **{'with': ['ping', 'relay']})
    hidden, at = hidden_js(lab, relay.listen[0])
    n = node(lab)
    dialled = n.json('net', 'dial', at)
    assert dialled['id'] == hidden.id and dialled['path'] == 'relayed', dialled
    assert n.json('peer', 'ping', hidden.id)['path'] == 'relayed'
    assert hidden.do('echo', id=n.id, bytes=50_000)['same']  # a stream the other way


def at_our_relay_we_and_they_meet(lab):
    relay = node(lab, 'relay', **{'host.relay': 'on'})
    hidden, at = hidden_js(lab, relay.listen[0])
    n = node(lab, **{'host.relays': relay.listen[0]})
    assert n.json('net', 'dial', at)['path'] == 'relayed'
    ours = L.until('us to have a place', lambda: next(
        (a for a in n.json('status')['listen'] if 'p2p-circuit' in a), None))
    caller = JsPeer(lab, 'caller', **BARE)
    caller.do('dial', address=ours)
    assert caller.do('echo', id=n.id, bytes=50_000)['same']
    assert relay.json('net', 'stat')['reservations'] == 2


def from_relayed_to_direct_with_theirs(lab):
    """Whoever is called begins it: once that is us, once them."""
    relay = node(lab, 'relay', **{'host.relay': 'on'})
    n = node(lab, **{'host.relays': relay.listen[0]})
    ours = L.until('us to have a place', lambda: next(
        (a for a in n.json('status')['listen'] if 'p2p-circuit' in a), None))
    caller = JsPeer(lab, 'caller', **{'with': ['ping', 'dcutr']})
    caller.do('dial', address=ours)
    L.until('the direct way', lambda: (peer(n, caller.id) or {}).get('path', 'relayed') != 'relayed')
    assert caller.do('echo', id=n.id, bytes=400_000)['same']  # more than the relay carries


if __name__ == '__main__':
    L.main(two_of_theirs_through_our_relay, past_the_limit_theirs_are_cut, at_their_relay_they_call_us,
           at_their_relay_we_call_them, at_our_relay_we_and_they_meet,
           from_relayed_to_direct_with_theirs)
