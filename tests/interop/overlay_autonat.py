#!/usr/bin/env python3
"""AutoNAT 2 with the libp2p of npm: it finds where we can be dialled, and we where it can."""
import subprocess

import lab as L
import nat
from js_peer import JsPeer
from overlay import node

ANYWHERE = {'host.listen': '/ip4/0.0.0.0/tcp/4001', 'host.mdns': 'off'}
THEIRS = {'with': ['ping', 'autonat2'], 'listen': ['/ip4/0.0.0.0/tcp/4001']}


def peer_that_checks(lab, under):
    js = JsPeer(lab, under=under, **THEIRS)
    if not js.autonat2:
        raise L.Skip('the AutoNAT 2 of npm is not installed')
    return js, f'/ip4/{nat.MIDDLE}/tcp/4001/p2p/{js.id}'


def stat(n):
    return n.json('net', 'stat')


def it_finds_that_we_can_be_dialled(lab):
    js, at = peer_that_checks(lab, nat.middle(lab))
    here, under = nat.place(lab, 1)
    n = node(lab, under=under, **ANYWHERE)
    n.json('net', 'dial', at)
    L.until('it to have dialled us', lambda: f'/ip4/{here}/tcp/4001' in stat(n)['reachable'])
    assert stat(n)['reach'] == 'public', stat(n)
    L.until('nothing to be left of it', lambda: len(js.do('connections')) == 1)


def it_finds_that_our_router_lets_nobody_in(lab):
    _, at = peer_that_checks(lab, nat.middle(lab))
    home = nat.Home(lab, 1)
    n = node(lab, under=home.under, **ANYWHERE, **{'host.lab': 'on'})
    n.json('net', 'dial', at)
    L.until('it to have tried', lambda: f'/ip4/{home.public}/tcp/4001' in stat(n)['unreachable'])
    L.until('us to know it', lambda: stat(n)['reach'] == 'private')


def we_find_that_it_can_be_dialled_elsewhere_too(lab):
    """Its second address is not the one that it asks from: it pays for the answer."""
    between = nat.middle(lab)
    subprocess.run([*between, 'ip', 'address', 'add', '23.1.0.2/24', 'dev', 'eth0'], check=True)
    js, _ = peer_that_checks(lab, between)
    here, under = nat.place(lab, 1)
    n = node(lab, under=under, **ANYWHERE, **{'host.lab': 'off'})
    for _ in range(2):  # it asks once each time it meets somebody, and we answer for one address
        known = set(js.do('verified'))
        js.do('dial', address=f'/ip4/{here}/tcp/4001/p2p/{n.id}')
        L.until('us to have dialled it', lambda: set(js.do('verified')) > known)
        js.do('close', id=n.id)
    verified = [a.split('/p2p/')[0] for a in js.do('verified')]
    assert '/ip4/23.1.0.1/tcp/4001' in verified and '/ip4/23.1.0.2/tcp/4001' in verified, verified


if __name__ == '__main__':
    L.own_network()
    L.main(it_finds_that_we_can_be_dialled, it_finds_that_our_router_lets_nobody_in,
           we_find_that_it_can_be_dialled_elsewhere_too)
