#!/usr/bin/env python3
"""`connect network`: three machines made of network namespaces, whose programs reach each other by the
addresses of Shoal's private network: ping, TCP both ways, ports that were not allowed, packets with a
forged source, peers that go away and come back, and interfaces that never stay behind."""
import ctypes
import errno
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading

import lab as L

CLONE_NEWNET = 0x40000000
LAB = {'host.lab': 'on', 'files.enabled': 'off'}
TCP, QUIC = '/ip4/{}/tcp/4001', '/ip4/{}/udp/4001/quic-v1'


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more)


def need():
    if os.geteuid() != 0:
        raise L.Skip('making network namespaces takes root')
    if not os.path.exists('/dev/net/tun'):
        raise L.Skip('this machine has no /dev/net/tun')
    if not all(map(shutil.which, ('ip', 'nsenter', 'unshare', 'ping'))):
        raise L.Skip('ip, nsenter, unshare and ping are not all installed')


class Machine:
    """A network namespace with one cable to the switch."""

    def __init__(self, lab, switch, number):
        self.ip = f'10.88.0.{number}'
        here = os.readlink('/proc/self/ns/net')
        self.pid = lab.spawn(['unshare', '-n', 'sleep', '3600'], f'machine-{number}').pid
        L.until('the namespace', lambda: os.readlink(f'/proc/{self.pid}/ns/net') != here)
        self.space = f'/proc/{self.pid}/ns/net'
        self.under = ('nsenter', '-t', str(self.pid), '-n')
        far, near = (*switch.under, 'ip'), (*self.under, 'ip')
        run(*far, 'link', 'add', f'port{number}', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(self.pid))
        run(*far, 'link', 'set', f'port{number}', 'master', 'br0', 'up')
        run(*near, 'link', 'set', 'lo', 'up')
        run(*near, 'addr', 'add', f'{self.ip}/24', 'dev', 'eth0')
        run(*near, 'link', 'set', 'eth0', 'up')

    def run(self, *words, check=True, **more):
        return subprocess.run([*self.under, *words], check=check, capture_output=True, text=True, **more)

    def interfaces(self):
        return [i['ifname'] for i in json.loads(self.run('ip', '-j', 'link').stdout)]

    def inside(self, work, *more):
        """work(*more) in this machine's network, in a thread of its own; its value."""
        found = []

        def enter():
            with open(self.space) as ns:
                assert ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), CLONE_NEWNET) == 0
            try:
                found.append(work(*more))
            except OSError as e:
                found.append(e)
        t = threading.Thread(target=enter, daemon=True)
        t.start()
        t.join(120)
        assert found, 'it hangs'
        return found[0]


class Switch:
    def __init__(self, lab):
        here = os.readlink('/proc/self/ns/net')
        self.pid = lab.spawn(['unshare', '-n', 'sleep', '3600'], 'switch').pid
        L.until('the namespace', lambda: os.readlink(f'/proc/{self.pid}/ns/net') != here)
        self.under = ('nsenter', '-t', str(self.pid), '-n')
        run(*self.under, 'ip', 'link', 'add', 'br0', 'type', 'bridge')
        run(*self.under, 'ip', 'link', 'set', 'br0', 'up')


def node(lab, machine, name, way=TCP):
    n = lab.node(name, under=machine.under, **LAB, **{'host.listen': way.format(machine.ip)})
    n.machine = machine
    n.id = n.json('status')['peer_id']
    n.listen = n.json('status')['listen']
    return n


def machines(lab, count, way=TCP, names=('ann', 'bob', 'cid')):
    """Nodes that know and trust each other, none with its network on."""
    need()
    switch = Switch(lab)
    nodes = [node(lab, Machine(lab, switch, i + 1), names[i], way) for i in range(count)]
    for n in nodes:
        for other in nodes:
            if other is not n:
                n.run('peer', 'trust', other.id, '--name', other.name)
    for i, n in enumerate(nodes):
        for other in nodes[i + 1:]:
            n.run('net', 'dial', other.listen[0])
    return nodes


def on(*nodes):
    for n in nodes:
        n.ula = n.json('connect', 'network', 'on')['address']


def network(n):
    return n.json('connect', 'status')['network']


def row(n, of):
    return next(p for p in network(n)['peers'] if p['peer'] == of.id)


def ping(n, to, count=3):
    return n.machine.run('ping', '-6', '-n', '-c', str(count), '-i', '0.2', '-W', '5', to, check=False)


def serve(n, port, kind=socket.SOCK_STREAM):
    """A socket of n's machine on all addresses."""
    def listen():
        s = socket.socket(socket.AF_INET6, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('::', port))
        if kind == socket.SOCK_STREAM:
            s.listen()
        return s
    return n.machine.inside(listen)


def dial(n, to, port, patience=20):
    def connect():
        return socket.create_connection((to, port), patience)
    return n.machine.inside(connect)


def read_all(s):
    h, n = hashlib.sha256(), 0
    while data := s.recv(1 << 16):
        h.update(data)
        n += len(data)
    return n, h.hexdigest()


def moved(sender, receiver, size):
    """size bytes from one end of a connection to the other, the same."""
    block = os.urandom(1 << 16)

    def send():
        left = size
        while left > 0:
            sender.sendall(block[:left])
            left -= min(left, len(block))
        sender.shutdown(socket.SHUT_WR)
    t = threading.Thread(target=send)
    t.start()
    h, left = hashlib.sha256(), size
    while left > 0:
        h.update(block[:left])
        left -= min(left, len(block))
    got = read_all(receiver)
    t.join()
    assert got == (size, h.hexdigest()), got


def ping_and_tcp(lab, way):
    a, b = machines(lab, 2, way)
    on(a, b)
    assert a.ula.startswith('fdd8:5122:9da1:') and a.ula != b.ula
    assert row(a, b)['address'] == b.ula and row(b, a)['address'] == a.ula
    done = ping(a, b.ula)
    assert done.returncode == 0 and ' 0% packet loss' in done.stdout, done.stdout
    done = ping(b, a.ula)
    assert done.returncode == 0, done.stdout
    L.until('a latency', lambda: row(a, b)['latency_ms'])
    assert row(a, b)['path'] == 'direct' and row(a, b)['state'] == 'in use', row(a, b)

    s = serve(b, 8000)
    b.run('connect', 'network', 'allow', 'ann', '8000-8010')
    c = dial(a, b.ula, 8000)
    d, who = s.accept()
    assert who[0] == a.ula, who
    moved(c, d, 20 << 20)
    c, (d, _) = dial(a, b.ula, 8000), s.accept()
    moved(d, c, 20 << 20)

    mtu = json.loads(a.machine.run('ip', '-j', 'link', 'show', 'shoal0').stdout)[0]['mtu']
    assert mtu == 1280, mtu
    listens = json.dumps([n.json('status') for n in (a, b)])
    assert 'fdd8:5122' not in json.dumps([n.json('status')['listen'] for n in (a, b)]), listens
    a.run('connect', 'network', 'off')
    assert 'shoal0' not in a.machine.interfaces()
    assert network(a)['on'] is False


def ping_and_tcp_over_tcp(lab):
    ping_and_tcp(lab, TCP)


def ping_and_tcp_over_quic(lab):
    ping_and_tcp(lab, QUIC)


def nothing_comes_in_that_was_not_allowed(lab):
    a, b, c = machines(lab, 3)
    on(a, b, c)
    s = serve(b, 8000)
    u = serve(b, 5353, socket.SOCK_DGRAM)
    refused = dial(a, b.ula, 8000)
    assert isinstance(refused, PermissionError), refused  # at once, and not by patience
    b.run('connect', 'network', 'allow', a.id, 8000, '5353/udp')
    dial(a, b.ula, 8000).close()
    assert isinstance(dial(c, b.ula, 8000), PermissionError)  # to one is not to all

    def say(n, port):
        def send():
            x = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            x.settimeout(20)
            x.connect((b.ula, port))
            x.send(b'question')
            return x
        return n.machine.inside(send)
    x = say(a, 5353)
    data, who = u.recvfrom(100)
    assert data == b'question' and who[0] == a.ula
    u.sendto(b'answer', who)
    assert x.recv(100) == b'answer'
    before = row(b, c)['refused']
    say(c, 5353)
    L.until('it to be refused', lambda: row(b, c)['refused'] > before)

    b.run('connect', 'network', 'deny', a.id, 8000)
    assert isinstance(dial(a, b.ula, 8000), PermissionError)
    s.close()

    # b reaches out by what it began itself, and an address of nobody is told at once.
    t = serve(a, 9000)
    a.run('connect', 'network', 'allow', 'bob', 9000)
    near = dial(b, a.ula, 9000)
    far, _ = t.accept()
    far.sendall(b'hello')
    assert near.recv(5) == b'hello'
    assert isinstance(dial(a, 'fdd8:5122:9da1::1', 80), OSError)

    # Who is not trusted is no member, and becomes a card.
    b.run('peer', 'forget', c.id)
    assert c.id not in [p['peer'] for p in network(b)['peers']]
    L.until('a card', lambda: ping(c, b.ula, 1).returncode != 0 and [r for r in b.json('connect', 'status')['requests']
                                                               if r['peer'] == c.id and r['what'] == 'network'])


def a_forged_source_is_dropped(lab):
    a, b, c = machines(lab, 3)
    on(a, b, c)
    assert ping(a, b.ula, 1).returncode == 0
    # a's machine takes c's address and speaks by it: its own node does not carry that, and b's does
    # not take it from a node that would.
    a.machine.run('ip', '-6', 'addr', 'add', f'{c.ula}/128', 'dev', 'shoal0', 'nodad')
    sent = row(a, b)['sent']['packets']
    assert a.machine.run('ping', '-6', '-n', '-I', c.ula, '-c', '2', '-i', '0.2', '-W', '1', b.ula,
                         check=False).returncode != 0
    assert row(a, b)['sent']['packets'] == sent
    a.machine.run('ip', '-6', 'addr', 'del', f'{c.ula}/128', 'dev', 'shoal0')
    assert ping(a, b.ula, 1).returncode == 0


def a_peer_goes_away_and_comes_back_by_the_same_address(lab):
    a, b = machines(lab, 2)
    on(a, b)
    assert ping(a, b.ula, 1).returncode == 0
    b.stop()
    assert ping(a, b.ula, 1).returncode != 0
    L.until('the reason', lambda: row(a, b)['state'] not in ('in use', 'ready'))
    b.start()
    assert network(b)['on'] and network(b)['address'] == b.ula
    L.until('it to be back', lambda: ping(a, b.ula, 1).returncode == 0)
    # Without a goodbye: the interface goes with the process, and nothing is in the way of the next.
    b.kill()
    L.until('the interface to be gone', lambda: 'shoal0' not in b.machine.interfaces())
    b.start()
    L.until('it to be up again', lambda: 'shoal0' in b.machine.interfaces())
    L.until('it to be back', lambda: ping(b, a.ula, 1).returncode == 0)


def what_cannot_be_is_said(lab):
    need()
    machine = Machine(lab, Switch(lab), 1)
    a, b = node(lab, machine, 'ann'), lab.node('ann2', under=machine.under, host__listen='', **LAB)
    on(a)
    taken = b.run('connect', 'network', 'on', check=False)
    assert taken.returncode != 0 and 'another node' in taken.stderr, taken.stderr
    assert not network(b)['on']
    a.run('connect', 'network', 'off')
    on(b)  # the name is free again
    b.stop()
    # Without privileges: the line that gives them is said.
    if not shutil.which('setpriv'):
        return
    c = lab.node('cid', under=(*machine.under, 'setpriv', '--bounding-set=-net_admin',
                               '--inh-caps=-net_admin'), host__listen='', **LAB)
    refused = c.run('connect', 'network', 'on', check=False)
    assert refused.returncode != 0 and 'setcap cap_net_admin+ep' in refused.stderr, refused.stderr


def the_helper_does_one_thing_and_can_do_no_other(lab):
    need()
    machine = Machine(lab, Switch(lab), 1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    p = subprocess.Popen([*machine.under, f'{L.BIN}/shoal-tun'], stdin=theirs, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    theirs.close()
    lab.ends.callback(L.end, p, signal.SIGKILL)

    def ask(ip, number):
        ours.send(struct.pack('=III16s', 0x53485431, 1, number, socket.inet_pton(socket.AF_INET6, ip)))
        data, fds, _, _ = socket.recv_fds(ours, 100, 4)
        magic, back, step, error, name = struct.unpack('=IIIi16s', data)
        assert (magic, back) == (0x53485431, number)
        return step, error, name.rstrip(b'\0').decode(), fds
    for ip in ('2001:db8::1', 'fd00::1', '::1', 'fdd8:5122:9da0::1'):  # no address but of our prefix
        assert ask(ip, 1) == (3, errno.EINVAL, '', []), ip
    assert 'shoal0' not in machine.interfaces()
    step, error, name, (fd,) = ask('fdd8:5122:9da1::7', 2)
    assert (step, error, name) == (0, 0, 'shoal0') and 'shoal0' in machine.interfaces()
    assert ask('fdd8:5122:9da1::8', 3)[:2] == (2, errno.EBUSY)
    with open(f'/proc/{p.pid}/status') as f:
        status = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
    assert int(status['CapEff'], 16) == int(status['CapPrm'], 16) == 1 << 12, status  # CAP_NET_ADMIN
    assert int(status['CapBnd'], 16) == int(status['CapAmb'], 16) == 0, status
    assert status['NoNewPrivs'] == '1' and status['Seccomp'] == '2', status
    assert sorted(os.listdir(f'/proc/{p.pid}/fd')) == ['0', '1', '2']
    os.close(fd)  # the interface is its descriptor's
    L.until('it to be gone', lambda: 'shoal0' not in machine.interfaces())
    ours.send(b'something else')
    assert p.wait(20) == 0
    by_hand = subprocess.run([f'{L.BIN}/shoal-tun'], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert by_hand.returncode == 2 and 'started by shoald' in by_hand.stderr


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    L.main(ping_and_tcp_over_tcp, ping_and_tcp_over_quic, nothing_comes_in_that_was_not_allowed,
           a_forged_source_is_dropped, a_peer_goes_away_and_comes_back_by_the_same_address,
           what_cannot_be_is_said, the_helper_does_one_thing_and_can_do_no_other)
