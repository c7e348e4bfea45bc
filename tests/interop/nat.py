"""A small internet: this network is its middle, and homes hang on it behind routers that translate
addresses as Linux does (the port stays, and only who was written to may answer).

Needs to make network namespaces, and nft; Skip where either cannot be had."""
import os
import subprocess

import lab as L
from peers import need

MIDDLE, GATE = '23.1.0.1', '23.1.0.254'  # public, and nobody's: real peers refuse to dial documentation and private ranges

RULES = '''table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}
table ip guard {
  chain forward { type filter hook forward priority 0; ct state established,related accept; iifname "wan" drop; }
  chain input { type filter hook input priority 0; ct state established,related accept; iifname "wan" drop; }
}
'''


def inside(pid, *words, feed=None):
    done = subprocess.run(['nsenter', '-t', str(pid), '-n', *words], capture_output=True, text=True, check=False,
                          input=feed)
    if done.returncode:
        raise L.Skip(f'no such network here: {" ".join(words)}: {done.stderr.strip()}')


def space(lab, name):
    """A network of its own; the pid of a process in it."""
    pid = lab.spawn([need('unshare'), '--net', 'sleep', '3600'], name).pid
    mine = os.readlink('/proc/self/ns/net')
    L.until('the namespace', lambda: os.readlink(f'/proc/{pid}/ns/net') != mine)
    inside(pid, 'ip', 'link', 'set', 'lo', 'up')
    return pid


def up(pid, device, address):
    inside(pid, 'ip', 'address', 'add', address, 'dev', device)
    inside(pid, 'ip', 'link', 'set', device, 'up')


def middle(lab):
    """The words that run a command at MIDDLE, a machine without a router of its own."""
    need('nft')
    me, pid = os.getpid(), space(lab, 'middle')
    subprocess.run(['ip', 'link', 'del', 'mid'], capture_output=True, check=False)  # of the test before
    inside(me, 'ip', 'link', 'add', 'mid', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(pid))
    up(me, 'mid', f'{GATE}/24')
    up(pid, 'eth0', f'{MIDDLE}/24')
    inside(pid, 'ip', 'route', 'add', 'default', 'via', GATE)
    inside(me, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward')
    return ['nsenter', '-t', str(pid), '-n']


def place(lab, number):
    """One more machine without a router: its address, and the words that run a command there."""
    pid, mine, address = space(lab, f'place{number}'), f'place{number}', f'45.{number}.0'
    subprocess.run(['ip', 'link', 'del', mine], capture_output=True, check=False)
    inside(os.getpid(), 'ip', 'link', 'add', mine, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(pid))
    up(os.getpid(), mine, f'{address}.254/24')
    up(pid, 'eth0', f'{address}.1/24')
    inside(pid, 'ip', 'route', 'add', 'default', 'via', f'{address}.254')
    return f'{address}.1', ['nsenter', '-t', str(pid), '-n']


class Home:
    """under: the words that run a command in it; public: its router's address."""

    def __init__(self, lab, number):
        wan, lan = f'31.{number}.0', f'192.168.{number}'
        box, home = space(lab, f'box{number}'), space(lab, f'home{number}')
        mine = f'to{number}'
        subprocess.run(['ip', 'link', 'del', mine], capture_output=True, check=False)
        inside(os.getpid(), 'ip', 'link', 'add', mine, 'type', 'veth', 'peer', 'name', 'wan', 'netns', str(box))
        inside(box, 'ip', 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(home))
        up(os.getpid(), mine, f'{wan}.1/24')
        up(box, 'wan', f'{wan}.2/24')
        up(box, 'lan', f'{lan}.1/24')
        up(home, 'eth0', f'{lan}.2/24')
        inside(box, 'ip', 'route', 'add', 'default', 'via', f'{wan}.1')
        inside(home, 'ip', 'route', 'add', 'default', 'via', f'{lan}.1')
        inside(box, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward')
        inside(box, 'nft', '-f', '-', feed=RULES)
        self.public = f'{wan}.2'
        self.under = ['nsenter', '-t', str(home), '-n']
