#!/usr/bin/env python3
"""The router forwards a port to us: Debian's miniupnpd behind a line of its own, by UPnP and by PCP, and
a responder that speaks only NAT-PMP.  Needs to make network namespaces."""
import os
import socket
import struct
import subprocess
import threading

import lab as L
from peers import need

HOME, ROUTER, WORLD = '192.168.77.2', '192.168.77.1', '11.22.33.44'


def ip(*words, inside=None):
    enter = ['nsenter', '-t', str(inside), '-n'] if inside else []
    subprocess.run([*enter, 'ip', *words], check=True, capture_output=True)


def household(lab):
    """We are the router; the node's network is a process's that only sleeps.  Returns its pid."""
    home = lab.spawn(['unshare', '--net', 'sleep', '3600'], 'home').pid
    mine = os.readlink('/proc/self/ns/net')
    L.until('the namespace', lambda: os.readlink(f'/proc/{home}/ns/net') != mine)
    for name in ('lan', 'wan'):  # of the test before
        subprocess.run(['ip', 'link', 'del', name], capture_output=True, check=False)
    try:
        ip('link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(home))
        ip('link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'wan-far')
    except subprocess.CalledProcessError as why:
        raise L.Skip(f'no virtual networks here: {why.stderr.decode().strip()}')
    for name, address in (('lan', ROUTER), ('wan', WORLD)):
        ip('addr', 'add', f'{address}/24', 'dev', name)
        ip('link', 'set', name, 'up')
    ip('link', 'set', 'wan-far', 'up')
    ip('addr', 'add', f'{HOME}/24', 'dev', 'eth0', inside=home)
    for name in ('lo', 'eth0'):
        ip('link', 'set', name, 'up', inside=home)
    ip('route', 'add', 'default', 'via', ROUTER, inside=home)
    return home


def node_at(lab, home, name='node'):
    return lab.node(name, under=['nsenter', '-t', str(home), '-n'], files__listen='0.0.0.0:6881',
                    **{'files.port-mapping': 'on'})


def mapped(node, how):
    def look():
        m = node.json('status')['files']['port_mapping']
        assert m['state'] != 'failed', m
        return m['state'] == 'mapped' and m
    m = L.until('the mapping', look)
    assert m['how'] == how and m['external'] == f'{WORLD}:6881', m
    assert 'the router forwards the port to us' in node.run('doctor', check=False).stdout


def miniupnpd(lab, pcp):
    folder = lab.folder('miniupnpd')
    conf, leases = os.path.join(folder, 'conf'), os.path.join(folder, 'leases')
    open(leases, 'w').close()
    with open(conf, 'w') as f:
        f.write(f'ext_ifname=wan\next_ip={WORLD}\nlistening_ip=lan\nlease_file={leases}\n'
                f'enable_natpmp={"yes" if pcp else "no"}\nenable_upnp=yes\nsecure_mode=yes\n'
                'uuid=5e9f4a0c-6d0f-4b5e-9b0f-0123456789ab\nallow 1024-65535 0.0.0.0/0 1024-65535\n'
                'upnp_forward_chain=miniupnpd\nupnp_nat_chain=miniupnpd\n'
                'upnp_nat_postrouting_chain=miniupnpd_pcp_peer\n')
    for line in ('add table inet filter', 'add chain inet filter miniupnpd',
                 'add chain inet filter prerouting_miniupnpd',
                 'add chain inet filter postrouting_miniupnpd', 'add table ip nat',
                 'add chain ip nat miniupnpd', 'add chain ip nat miniupnpd_pcp_peer'):
        if subprocess.run(['nft', *line.split()], capture_output=True, check=False).returncode:
            raise L.Skip('no packet filter here')
    lab.spawn([need('miniupnpd'), '-d', '-f', conf, '-i', 'wan', '-a', 'lan', '-P',
               os.path.join(folder, 'pid')], 'miniupnpd')
    return leases


def leased(leases):
    with open(leases) as f:
        return sorted(line.split(':')[0] for line in f if ':6881:' in line)


def through_miniupnpd(lab, pcp, how):
    home = household(lab)
    leases = miniupnpd(lab, pcp)
    L.until('miniupnpd to begin', lambda: 'listening on' in lab.log_of('miniupnpd'))
    node = node_at(lab, home)
    mapped(node, how)
    assert leased(leases) == ['TCP', 'UDP'], leased(leases)
    node.stop()
    L.until('the mapping to be gone', lambda: leased(leases) == [])


def miniupnpd_forwards_by_upnp(lab):
    through_miniupnpd(lab, False, 'upnp')


def miniupnpd_forwards_by_pcp(lab):
    through_miniupnpd(lab, True, 'pcp')


class NatPmp(threading.Thread):
    """RFC 6886 and nothing else."""

    def __init__(self):
        super().__init__(daemon=True)
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind((ROUTER, 5351))
        self.held = set()

    def run(self):
        while True:
            try:
                p, at = self.s.recvfrom(2000)
            except OSError:
                return
            if p[0] != 0:
                answer = struct.pack('>BBHI', 0, 0x80 | p[1] & 127, 1, 7)  # unsupported version
            elif p[1] == 0:
                answer = struct.pack('>BBHI4s', 0, 128, 0, 7, socket.inet_aton(WORLD))
            else:
                _, op, _, port, outside, life = struct.unpack('>BBHHHI', p)
                (self.held.add if life else self.held.discard)((op, port))
                answer = struct.pack('>BBHIHHI', 0, 128 + op, 0, 7, port, outside, life)
            self.s.sendto(answer, at)


def a_router_of_nat_pmp_alone_forwards(lab):
    home = household(lab)
    router = NatPmp()
    router.start()
    lab.ends.callback(router.s.close)
    node = node_at(lab, home)
    mapped(node, 'nat-pmp')
    assert router.held == {(1, 6881), (2, 6881)}, router.held
    node.stop()
    L.until('the mapping to be gone', lambda: not router.held)


def where_no_router_is_it_fails_with_words(lab):
    node = lab.node('node', files__listen='0.0.0.0:0', **{'files.port-mapping': 'on'})
    m = L.until('the answer', lambda: [m for m in [node.json('status')['files']['port_mapping']]
                                       if m['state'] == 'failed'])[0]
    assert 'router' in m['error'], m


def on_loopback_nobody_is_asked(lab):
    node = lab.node('node', **{'files.port-mapping': 'on'})
    assert node.json('status')['files']['port_mapping'] == {'state': 'off'}


if __name__ == '__main__':
    L.own_network()
    L.main(miniupnpd_forwards_by_upnp, miniupnpd_forwards_by_pcp, a_router_of_nat_pmp_alone_forwards,
           where_no_router_is_it_fails_with_words, on_loopback_nobody_is_asked)
