#!/usr/bin/env python3
"""Two nodes behind routers of all kinds, in a small internet: they speak over a relay at once, and then
directly wherever theory allows; the path is told.  `curl` leaves by a peer's exit and `ssh` goes through
a forward, both ends hidden."""
import os
import re
import subprocess

import internet as I
import lab as L
from peers import need

# Who calls, and who is called: what each kind can and cannot is in there; ./dev bench nat has all of them.
PAIRS = [('portrestricted', 'portrestricted'), ('symmetric', 'restricted'), ('linux', 'fullcone'),
         ('udpblocked', 'portrestricted'), ('open', 'symmetric'), ('symmetric', 'linux'), ('symmetric', 'symmetric')]


def pairs_meet_as_theory_says(lab):
    """The path of each is what can be had, and both sides tell the same."""
    lines = ['public relay', 'link relay --delay 15ms']
    for i, kinds in enumerate(PAIRS):
        for side, kind in zip('ab', kinds):
            own = f' subnet=5{2 + (side == "b")}.1{i}.1' if kind == 'open' else ''  # routed, nothing translated
            lines += [f'nat n{side}{i} {kind}{own} {side}{i}', f'link n{side}{i} --delay 20ms']
    net = I.Internet(lab, lines=lines)
    relay = net.node('relay', **{'host.relay': 'on'})
    for i, (ka, kb) in enumerate(PAIRS):
        a, b = (net.node(f'{side}{i}', **{'host.relays': relay.at}) for side in 'ab')
        I.place(b, relay)
        assert a.json('net', 'dial', I.through(relay, b))['id'] == b.id
        assert a.json('peer', 'ping', b.id)['rtt_ms'] > 0
        if I.can_be_direct(ka, kb):
            L.until(f'{ka} and {kb} to meet directly', lambda: {I.path(a, b), I.path(b, a)} <= {'direct', 'hole-punched'})
        else:
            assert I.path(a, b) == I.path(b, a) == 'relayed', (ka, kb, I.path(a, b), I.path(b, a))
        a.stop()
        b.stop()


def two_hidden(lab, kind='portrestricted', **settings):
    """Ann and Bob, each behind a router, who have met."""
    net = I.Internet(lab, 'nats-plus-relay', kind, 'linux')
    relay = net.node('relay', **{'host.relay': 'on'})
    ann, bob = (net.node(m, **{'host.relays': relay.at, **settings}) for m in ('a1', 'b1'))
    I.place(ann, relay)
    bob.run('net', 'dial', I.through(relay, ann))
    return net, ann, bob


def curl_leaves_by_a_hidden_peers_exit(lab):
    net, ann, bob = two_hidden(lab)
    page = os.path.join(lab.folder('web'), 'page')
    with open(page, 'w') as f:
        f.write('hello from afar\n')
    lab.spawn([*net.under('boot'), 'python3', '-u', '-m', 'http.server', '80', '--directory', os.path.dirname(page)], 'web')
    L.until('the site', lambda: 'Serving' in lab.log_of('web'))
    assert ann.json('connect', 'exit', 'on', '--to', bob.id)['on']
    at = bob.json('connect', 'socks', '--via', ann.id, '--listen', '127.0.0.1:0')['at']
    got = subprocess.run([*net.under('b1'), need('curl'), '-s', '-S', '--max-time', '60', '--socks5-hostname', at,
                          'http://boot/page'], capture_output=True, text=True, check=False)
    assert got.stdout == 'hello from afar\n', got
    assert lab.log_of('web').splitlines()[-1].startswith(net.do('ip', 'a1', '--public')), lab.log_of('web')
    assert next(r for r in bob.json('connect', 'ls') if r['kind'] == 'socks')['path'] == 'hole-punched'
    assert I.path(bob, ann) == 'hole-punched'


def ssh_goes_through_a_forward(lab):
    net, ann, bob = two_hidden(lab)
    folder = lab.folder('ssh')
    sshd, keygen, ssh = (os.path.realpath(need(p)) for p in ('/usr/sbin/sshd', 'ssh-keygen', 'ssh'))
    for name in 'host', 'user':
        subprocess.run([keygen, '-q', '-t', 'ed25519', '-N', '', '-f', f'{folder}/{name}'], check=True)
    os.makedirs('/run/sshd', exist_ok=True)
    lab.spawn([*net.under('a1'), sshd, '-D', '-e', '-f', '/dev/null', '-h', f'{folder}/host', '-p', '2222', '-o', 'PidFile=none',
               '-o', f'AuthorizedKeysFile={folder}/user.pub', '-o', 'StrictModes=no', '-o', 'ListenAddress=127.0.0.1'], 'sshd')
    L.until('sshd', lambda: re.search('Server listening', lab.log_of('sshd')))
    ann.run('connect', 'expose', '2222', '--as', 'ssh', '--to', bob.id)
    port = bob.json('connect', 'forward', f'{ann.id}/ssh', 0)['port']
    got = subprocess.run([*net.under('b1'), ssh, '-F', 'none', '-p', str(port), '-i', f'{folder}/user', '-o', 'BatchMode=yes',
                          '-o', f'UserKnownHostsFile={folder}/known', '-o', 'StrictHostKeyChecking=no', 'root@127.0.0.1',
                          'hostname'], capture_output=True, text=True, check=False, timeout=120)
    assert got.stdout == 'a1\n', (got, lab.log_of('sshd'))
    row, = bob.json('connect', 'ls')
    assert row['path'] == 'hole-punched', row
    assert bob.json('connect', 'status')['entries'][0]['path'] == 'hole-punched'


def a_router_with_another_address_is_noticed(lab):
    """Either router gets one from its provider; a forward works again, and directly."""
    net, ann, bob = two_hidden(lab, 'linux')
    site = [*net.under('a1'), 'python3', '-u', '-m', 'http.server', '8000', '--bind', '127.0.0.1', '--directory', lab.folder('empty')]
    lab.spawn(site, 'web')
    L.until('the site', lambda: 'Serving' in lab.log_of('web'))
    ann.run('connect', 'expose', 8000, '--as', 'web', '--to', bob.id)
    there = bob.json('connect', 'forward', f'{ann.id}/web', 0)['at']

    def served():
        return subprocess.run([*net.under('b1'), need('curl'), '-s', '-o', '/dev/null', '--max-time', '15', f'http://{there}/'],
                              check=False).returncode == 0
    L.until('the forward', served)
    for router in 'nb', 'na':
        net.do('nat', router, 'renumber')
        L.until('the forward after a new address', served)
        L.until('the direct way', lambda: I.path(bob, ann) == 'hole-punched')


if __name__ == '__main__':
    L.main(pairs_meet_as_theory_says, curl_leaves_by_a_hidden_peers_exit, ssh_goes_through_a_forward,
           a_router_with_another_address_is_noticed)
