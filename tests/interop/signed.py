#!/usr/bin/env python3
"""Who signed a torrent, told by the DHT: who has a link alone learns whether its signer vouches for
what peers gave.  Three nodes on loopback: where the DHT begins, who shares, who fetches."""
import os
import re

import lab as L

SIZE = 300_001
NAME = 'payload.bin'


class Swarm:
    def __init__(self, lab):
        self.lab = lab
        self.hub = self.node('hub', '')
        self.a = self.node('a')
        L.until('the first nodes to know each other',
                lambda: min(n.json('status')['files']['dht']['nodes'] for n in (self.hub, self.a)) > 0)
        self.path = L.make_file(os.path.join(lab.folder('in'), NAME), SIZE)
        self.out = lab.folder('out')

    def node(self, name, bootstrap=None):
        return self.lab.node(name, files__dht='on', files__pex='off',
                             **{'files.dht-bootstrap': self.hub.address if bootstrap is None else bootstrap})

    def share(self, *flags):
        return self.a.share(self.path, *flags)

    def stored(self):
        return self.hub.json('status')['files']['dht']['stored_items']

    def get(self, link):
        """What a person is told at the end, and the row."""
        b = self.node('b')
        told = b.run('get', link, '-o', self.out).stderr
        L.same(self.path, os.path.join(self.out, NAME))
        return told, b.json('file', 'ls')[0]['id'], b


def peer_id(node):
    return node.json('id')['peer_id']


def a_link_tells_whether_its_signer_vouches(lab):
    swarm = Swarm(lab)
    shared = swarm.share('--sign')
    L.until('the signature to be in the DHT', lambda: swarm.stored() > 0)
    told, ident, b = swarm.get(shared['magnet'])
    assert f'signed by {peer_id(swarm.a)}\n' in told, told
    row = b.row(ident)
    assert row['link_signer']['state'] == 'valid', row
    assert row['signers'] == [{**row['signers'][0], 'peer_id': peer_id(swarm.a), 'valid': True}], row
    shown = b.run('file', 'show', ident).stdout
    assert re.search(r'^link_signer:(\n? .*)*valid', shown, re.M), shown
    kept = os.path.join(lab.dir, 'kept.torrent')
    b.run('file', 'export', ident, kept)
    with open(kept, 'rb') as f:
        assert b'org.shoal.ed25519' in f.read()


def a_signer_who_said_nothing_is_not_found(lab):
    swarm = Swarm(lab)
    shared = swarm.share()
    key = '5a' * 32
    told, ident, b = swarm.get(f"{shared['magnet']}&xs=urn:btpk:{key}&s={shared['id']}")
    assert 'no signature of ' in told and 'signed by' not in told, told
    signer = b.row(ident)['link_signer']
    assert (signer['key'], signer['state']) == (key, 'not found'), signer
    assert b.row(ident)['signers'] == []


if __name__ == '__main__':
    L.main(a_link_tells_whether_its_signer_vouches, a_signer_who_said_nothing_is_not_found, at_once=2)
