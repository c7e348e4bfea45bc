#!/usr/bin/env python3
"""Found by a key: where a node is reached is kept in the Mainline DHT, by a crowd of libtorrent's nodes, and
whoever knows its id reaches it there.  Neither knows anybody of the overlay."""
import os

import lab as L
from dht import Swarm, addresses, knows


def place(swarm, name, **more):
    host = swarm.next_address()
    n = swarm.lab.node(name, files__listen=f'{host}:0', files__transports='tcp',
                       **{'files__dht-bootstrap': swarm.bootstrap, 'host.listen': f'/ip4/{host}/tcp/4002', **more})
    n.id, n.at = n.json('status')['peer_id'], f'/ip4/{host}/tcp/4002'
    return n


def found(n, ident):
    done = n.run('net', 'lookup', ident, '--json', check=False)
    return done.returncode == 0 and done.stdout


# libtorrent's nodes answer nobody for five minutes who asks them more than five times a second.
PACE_S = 5


def crowd(lab):
    if not ALONE:
        raise L.Skip('no network of our own can be made here')
    return Swarm(lab)


def whoever_knows_its_id_reaches_it(lab):
    swarm = crowd(lab)
    a, b = place(swarm, 'a'), place(swarm, 'b')
    for n in a, b:
        L.until('it to be in the DHT', knows(n))
    done = b.run('net', 'dial', f'/p2p/{"".join(reversed(a.id))}', check=False)
    assert done.returncode != 0, done.stdout
    L.until('it to be kept there', lambda: found(b, a.id), every_s=PACE_S)
    assert a.at in b.json('net', 'lookup', a.id)['addresses']
    c = place(swarm, 'c')
    L.until('it to be in the DHT', knows(c))
    assert c.json('net', 'dial', f'/p2p/{a.id}')['id'] == a.id
    d = place(swarm, 'd')
    L.until('it to be in the DHT', knows(d))
    assert d.json('peer', 'ping', a.id)['rtt_ms'] > 0


def switched_off_nobody_is_told(lab):
    swarm = crowd(lab)
    a, b = place(swarm, 'a'), place(swarm, 'b', **{'host.beacon': 'off'})
    for n in a, b:
        L.until('it to be in the DHT', knows(n))
    L.until('the other to be kept there', lambda: found(b, a.id), every_s=PACE_S)
    assert not found(a, b.id)


if __name__ == '__main__':
    L.own_network()
    ALONE = os.environ.get('SHOAL_OWN_NETWORK') == '1' and addresses()
    L.main(whoever_knows_its_id_reaches_it, switched_off_nobody_is_told)
