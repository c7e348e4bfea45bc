#!/usr/bin/env python3
"""A TCP forward between two nodes behind routers lives through a pulled cable and a relay's restart: the
connections of the programs at both ends stay open, and no byte is lost or comes twice.

In ./dev test for half a minute; ./dev soak forward takes $SHOAL_SOAK_S seconds (600) and cuts for 20 s."""
import json
import os
import time

import internet as I
import lab as L

SOAK_S = int(os.environ.get('SHOAL_SOAK_S', '0'))
CUT_S = 20 if SOAK_S else 6
TALK = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'forward_talk.py')
HEALED_S = 10  # traffic again so long after the cable is back
PLACED_S = 20  # likewise over a relay: the dial that was too early for the place is to end first


class Talk:
    """Two programs that talk through a forward from bob to ann."""

    def __init__(self, lab, net, ann, bob, rate):
        self.lab = lab
        lab.spawn([*net.under(ann.machine), 'python3', TALK, 'echo', '7000'], 'echo')
        L.until('the service', lambda: 'ready' in lab.log_of('echo'))
        ann.run('connect', 'expose', '7000', '--as', 'echo', '--to', bob.id)
        port = bob.json('connect', 'forward', f'{ann.id}/echo', 0)['port']
        self.process = lab.spawn([*net.under(bob.machine), 'python3', TALK, 'talk', port_of(port), str(rate)], 'talk')
        self.goes_on_after(time.monotonic())

    def lines(self):
        return [json.loads(line) for line in self.lab.log_of('talk').splitlines() if line.endswith('}')]

    def goes_on_after(self, moment):
        """Seconds until something came that was said after the moment."""
        line = L.until('bytes to move', lambda: next((x for x in self.lines() if x.get('at', 0) > moment), None), 180)
        return line['at'] - moment

    def gap(self, since, until):
        at = [x['at'] for x in self.lines() if since <= x.get('at', 0) <= until]
        return max((b - a for a, b in zip(at, at[1:])), default=0)

    def end(self):
        L.end(self.process)
        last = self.lines()[-1]
        assert last.get('ended') == 'ended' and last['same'] and last['heard'] == last['sent'] > 0, last
        return last


def port_of(port):
    return str(port)


def two_hidden(lab, kinds=('portrestricted', 'linux')):
    net = I.Internet(lab, 'nats-plus-relay', *kinds)
    relay = net.node('relay', **{'host.relay': 'on'})
    ann, bob = (net.node(m, **{'host.relays': relay.at}) for m in ('a1', 'b1'))
    I.place(ann, relay)
    I.place(bob, relay)
    bob.run('net', 'dial', I.through(relay, ann))
    return net, relay, ann, bob


def pull(net, machine, talk, seconds):
    """Pull a machine's cable for so long; seconds until bytes move again."""
    net.do('cut', machine)
    time.sleep(seconds)  # this is the event
    net.do('heal', machine)
    healed = time.monotonic()
    return talk.goes_on_after(healed)


def restart(node):
    node.stop()
    node.start()


def a_forward_lives_through_a_pulled_cable_and_a_relays_restart(lab):
    net, relay, ann, bob = two_hidden(lab)
    begin = time.monotonic()
    talk = Talk(lab, net, ann, bob, 300_000)
    took = {}
    for machine in ('a1', 'b1'):
        if SOAK_S:
            time.sleep(SOAK_S / 6)
        took[f'{CUT_S} s without {machine}'] = pull(net, machine, talk, CUT_S)
        L.say(f'# {CUT_S} s without {machine}: bytes moved {took[f"{CUT_S} s without {machine}"]:.1f} s after it was back')
    if SOAK_S:
        time.sleep(SOAK_S / 6)
    before = time.monotonic()
    restart(relay)
    took['relay'] = talk.goes_on_after(time.monotonic())
    L.say(f'# the relay began anew: longest silence {talk.gap(before, time.monotonic()):.2f} s')
    if SOAK_S:  # without the relay's place nobody could be called again
        time.sleep(SOAK_S / 6)
        took['after the relay'] = pull(net, 'b1', talk, CUT_S)
        L.say(f'# {CUT_S} s without b1 once more: {took["after the relay"]:.1f} s')
        while time.monotonic() - begin < SOAK_S:
            time.sleep(1)
    last = talk.end()
    L.say(f'# {last["heard"]} bytes there and back in {time.monotonic() - begin:.0f} s; path {I.path(bob, ann)}')
    assert max(took.values()) < HEALED_S, took


def a_forward_over_a_friends_relay_lives_through_the_same(lab):
    """Where no hole can be punched, a relay that trusts both carries it, and no bytes are counted."""
    net = I.Internet(lab, 'nats-plus-relay', 'symmetric', 'symmetric')
    relay = net.node('relay', **{'host.relay': 'trusted'})
    ann, bob = (net.node(m, **{'host.relays': relay.at}) for m in ('a1', 'b1'))
    for n in (ann, bob):
        relay.run('peer', 'trust', n.id)
    for n in (ann, bob):
        I.place(n, relay)
    bob.run('net', 'dial', I.through(relay, ann))
    talk = Talk(lab, net, ann, bob, 300_000)
    took = {machine: pull(net, machine, talk, CUT_S) for machine in ('a1', 'b1')}
    restart(relay)
    took['relay'] = talk.goes_on_after(time.monotonic())
    L.say(f'# over a friend\'s relay bytes moved so many seconds after the cut: {took}')
    assert I.path(bob, ann) == 'relayed', I.path(bob, ann)
    talk.end()
    assert max(took.values()) < PLACED_S, took


if __name__ == '__main__':
    L.main(a_forward_lives_through_a_pulled_cable_and_a_relays_restart,
           a_forward_over_a_friends_relay_lives_through_the_same)
