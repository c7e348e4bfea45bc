#!/usr/bin/env python3
"""What nobody reaches through an exit: more than 200 targets, each asked for through a real proxy and a real exit,
each refused with SOCKS' "not allowed", and each in the exit's log.  Servers that would answer listen on every
address of this network (our own, with nothing but loopback): none of them hears a byte."""
import concurrent.futures
import ipaddress
import os
import socket
import socketserver
import subprocess
import threading

import lab as L

OWN4, OTHER4, OWN6 = '31.7.0.1', '31.7.0.2', '2a05:7::1'  # public; the overlay listens at the first alone
SERVED = (80, 443, 8080)  # allowed ports, where something would answer

INSIDE4 = ['127.0.0.1', '127.0.0.2', '127.255.255.254', '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.254', '100.64.0.1',
           '100.127.255.254', '169.254.0.1', '172.16.0.1', '172.31.255.254', '192.168.0.1', '192.168.255.254', '192.0.0.1',
           '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.254', '198.51.100.1', '203.0.113.1', '224.0.0.1',
           '239.255.255.250', '240.0.0.1', '255.255.255.255']
METADATA = ['169.254.169.254', '169.254.170.2', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254', 'fe80::a9fe:a9fe']
SPELLED = ['127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0x7f.0.0.1', '0177.0.0.1', '017700000001', '0', '0x0',
           '10.1', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '192.168.257', '0:0:0:0:0:0:0:1', '::0:1']
INSIDE6 = ['::', '::1', '::2', '100::1', '2001:2::1', '2001:10::1', '2001:db8::1', '3fff::1', '4000::1', '5f00::1', 'fc00::1',
           'fd12:3456:789a::1', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1', 'ff02::fb', 'ff0e::1', '8000::1', '1::1']
CARRIED = ['127.0.0.1', '127.0.0.53', '0.0.0.0', '10.0.0.1', '100.64.0.1', '169.254.169.254', '172.16.0.1', '192.168.1.1', '224.0.0.1', OWN4]
PORTS = [23, 25, 135, 136, 137, 138, 139, 445, 465, 587, 6881, 6889, 6999, 1, 21, 53, 81, 110, 143, 389, 1080, 3306, 3389,
         4001, 5432, 5900, 6379, 8333, 9050, 11211, 27017, 65535]


def carried(v4):
    """The forms of IPv6 that carry this address of IPv4."""
    n = int(ipaddress.IPv4Address(v4))
    high, low = n >> 16, n & 0xffff
    inverted = n ^ 0xffffffff
    return [f'::ffff:{v4}', f'::ffff:{high:x}:{low:x}', f'::{v4}', f'::ffff:0:{high:x}:{low:x}', f'64:ff9b::{high:x}:{low:x}',
            f'64:ff9b:1::{high:x}:{low:x}', f'2002:{high:x}:{low:x}::1',
            f'2001:0:4136:e378:8000:63bf:{inverted >> 16:x}:{inverted & 0xffff:x}', f'2001:470:1::5efe:{high:x}:{low:x}']


NAMES = {'loop.test': ['127.0.0.1'], 'loop6.test': ['::1'], 'mapped.test': ['::ffff:127.0.0.1'], 'zero.test': ['0.0.0.0'],
         'home.test': ['192.168.1.1'], 'office.test': ['10.1.2.3'], 'metadata.test': ['169.254.169.254'],
         'cgnat.test': ['100.64.1.1'], 'ula.test': ['fd00::1'], 'linklocal.test': ['fe80::1'], 'nat64.test': ['64:ff9b::7f00:1'],
         'sixtofour.test': ['2002:7f00:1::1'], 'own.test': [OWN4], 'own6.test': [OWN6], 'multicast.test': ['224.0.0.251'],
         'mixed.test': ['8.8.8.8', '127.0.0.1'], 'mixed6.test': ['2606:4700::1111', '::1'], 'last.test': ['9.9.9.9', '8.8.8.8', OWN4]}


def targets(names):
    out = [(host, port) for host in ['localhost', '127.0.0.1', '::1', OWN4] for port in SERVED]
    out += [(host, 80) for host in INSIDE4[1:] + METADATA + SPELLED + INSIDE6]
    out += [(host, 443) for v4 in CARRIED for host in carried(v4)]
    out += [(OTHER4, 80), (OTHER4, 443), (OWN6, 80), ('2a05:7::2', 80), ('2a05:7::ffff:1', 443)]
    out += [('8.8.8.8', port) for port in PORTS]
    out += [(host, 80) for host in names]
    out = list(dict.fromkeys(out))
    assert len(out) >= 200, len(out)
    return out


class Trap:
    """Servers on all addresses, who count who comes and what he says."""

    def __init__(self, lab):
        self.heard = []
        trap = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                said = self.request.recv(100)
                trap.heard.append((self.server.server_address, said))
                self.request.sendall(b'reached')
        for family, at in ((socket.AF_INET, ''), (socket.AF_INET6, '::')):
            for port in SERVED:
                kind = type('Server', (socketserver.ThreadingTCPServer,),
                            {'address_family': family, 'allow_reuse_address': True, 'daemon_threads': True,
                             'server_bind': bind_only(family)})
                s = kind((at, port), Handler)
                threading.Thread(target=s.serve_forever, daemon=True).start()
                lab.ends.callback(s.server_close)
                lab.ends.callback(s.shutdown)


def bind_only(family):
    def server_bind(self):
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        socketserver.TCPServer.server_bind(self)
    return server_bind


def through(at, host, port, say=b''):
    """The code of SOCKS' reply, and what came then."""
    ip, at_port = at.rsplit(':', 1)
    name = host.encode()
    with socket.create_connection((ip, int(at_port))) as s:
        s.settimeout(90)
        s.sendall(b'\5\1\0')
        assert s.recv(2) == b'\5\0'
        s.sendall(b'\5\1\0\3' + bytes([len(name)]) + name + port.to_bytes(2, 'big'))
        code = s.recv(10)[1]
        if code or not say:
            return code, b''
        s.sendall(say)
        return code, s.recv(100)


def with_names(lab):
    """Words that run a command with our names in /etc/hosts; none where that cannot be had."""
    hosts = os.path.join(lab.dir, 'hosts')
    with open('/etc/hosts') as old, open(hosts, 'w') as f:
        f.write(old.read() + '\n')
        f.writelines(f'{ip} {name}\n' for name, ips in NAMES.items() for ip in ips)
    words = ['unshare', '--mount', 'sh', '-c', f'mount --bind {hosts} /etc/hosts && exec "$@"', 'sh']
    return words if subprocess.run([*words, 'true'], capture_output=True, check=False).returncode == 0 else []


def two_hundred_forbidden_targets_are_refused(lab):
    for ip, bits in ((OWN4, 32), (OTHER4, 32), (OWN6, 128), ('2a05:7::2', 128)):
        done = subprocess.run(['ip', 'addr', 'add', f'{ip}/{bits}', 'dev', 'lo'], capture_output=True, check=False)
        if done.returncode and b'exists' not in done.stderr:
            raise L.Skip('no network of our own here')
    trap, names = Trap(lab), with_names(lab)
    settings = {'host.lab': 'on', 'files.enabled': 'off'}
    ann = lab.node('ann', under=names, **settings,
                   **{'host.listen': f'/ip4/{OWN4}/tcp/4001,/ip6/{OWN6}/tcp/4001'})
    bob = lab.node('bob', **settings, **{'host.listen': '/ip4/127.0.0.1/tcp/0'})
    bob.run('net', 'dial', f'/ip4/{OWN4}/tcp/4001')
    bob_id = bob.json('status')['peer_id']
    ann.run('connect', 'exit', 'on', '--to', bob_id, '--allow', '127.9.9.9/32:8080')
    at = bob.json('connect', 'socks', '--via', ann.json('status')['peer_id'], '--listen', '127.0.0.1:0')['at']
    assert through(at, '127.9.9.9', 8080, b'hello') == (0, b'reached')  # what is allowed works
    assert len(trap.heard) == 1
    wanted = targets(NAMES if names else [])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda t: through(at, *t)[0], wanted))
    wrong = [(t, code) for t, code in zip(wanted, codes) if code != 2]
    assert not wrong, wrong  # RFC 1928: 2, "connection not allowed by ruleset"
    lines = [x for x in ann.json('connect', 'log', '--limit', '1000') if x['host'] != '127.9.9.9']
    logged = {(x['host'], x['port']) for x in lines if x['verdict'].startswith('refused: ') and x['peer'] == bob_id}
    assert logged == set(wanted) and len(lines) == len(wanted), (set(wanted) - logged, len(lines), len(wanted))
    assert all(x['up'] == x['down'] == 0 for x in lines)
    assert len(trap.heard) == 1 or all(not said for _, said in trap.heard[1:]), trap.heard
    L.say(f'# {len(wanted)} forbidden targets, {len(wanted)} refused and logged, '
          f'{len([t for t in wanted if t[0] in NAMES])} of them by name; no byte arrived')


if __name__ == '__main__':
    L.own_network()
    L.main(two_hundred_forbidden_targets_are_refused)
