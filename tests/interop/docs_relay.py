#!/usr/bin/env python3
"""Two people behind routers that no hole can be punched through write one document: over a relay, and
together again after one's cable was pulled and after one was switched off."""
import random
import string

import internet as I
import lab as L


def hidden(lab):
    """Ann and Bob, who in theory cannot meet directly, each with a place at the relay."""
    kinds = ('symmetric', 'symmetric')
    assert not I.can_be_direct(*kinds)
    net = I.Internet(lab, 'nats-plus-relay', *kinds)
    relay = net.node('relay', **{'host.relay': 'on'})
    ann, bob = (net.node(m, **{'host.relays': relay.at}) for m in ('a1', 'b1'))
    I.place(ann, relay)
    I.place(bob, relay)
    return net, ann, bob


class Lines:
    """What was acknowledged to whom, and is to be with both."""

    def __init__(self, ident):
        self.ident, self.said = ident, []

    def say(self, who, text):
        who.run('doc', 'append', self.ident, text)
        self.said.append(text)

    def are_with(self, *nodes):
        def all_there():
            texts = [n.run('doc', 'cat', self.ident).stdout for n in nodes]
            return len(set(texts)) == 1 and sorted(texts[0].splitlines()) == sorted(self.said)
        clock = I.Clock()
        L.until('all lines to be with both', all_there)
        L.say(f'# {len(self.said)} lines with both after {clock.s():.1f} s')


def longer_than_a_circuit_carries(ann, bob):
    """A relay that trusts neither ends a circuit after 128 KiB one way."""
    lines, rng = Lines(ann.run('doc', 'new', 'long').stdout.strip()), random.Random(1)
    for _ in range(4):
        lines.say(ann, ''.join(rng.choices(string.ascii_letters, k=60_000)))
    bob.run('doc', 'join', ann.run('doc', 'share', lines.ident).stdout.strip(), check=False)
    lines.are_with(ann, bob)
    lines.say(bob, 'read all of it')
    lines.are_with(ann, bob)


def two_who_cannot_meet_write_over_a_relay(lab):
    net, ann, bob = hidden(lab)
    lines = Lines(ann.run('doc', 'new', 'plan').stdout.strip())
    lines.say(ann, 'before bob came')
    bob.run('doc', 'join', ann.run('doc', 'share', lines.ident).stdout.strip())
    lines.are_with(ann, bob)
    assert I.path(ann, bob) == I.path(bob, ann) == 'relayed', (I.path(ann, bob), I.path(bob, ann))
    for i in range(5):
        lines.say(ann, f'ann {i}')
        lines.say(bob, f'bob {i}')
    lines.are_with(ann, bob)

    net.do('cut', 'b1')
    for who in ann, bob:
        lines.say(who, f'{who.name} while the cable is out')
    net.do('heal', 'b1')
    lines.are_with(ann, bob)

    bob.kill()
    lines.say(ann, 'while bob is off')
    bob.start()
    lines.say(bob, 'bob is back')
    lines.are_with(ann, bob)
    longer_than_a_circuit_carries(ann, bob)
    assert I.path(ann, bob) == 'relayed', I.path(ann, bob)


if __name__ == '__main__':
    L.main(two_who_cannot_meet_write_over_a_relay)
