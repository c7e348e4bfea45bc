"""A small internet of machines behind routers of all kinds, by the program netlab; nodes in it, what they
see of each other, and how long that took.

$SHOAL_NETLAB says where netlab is, else it is looked for beside this tree.  Skip where it is not, where we
are not root, or where the kernel lacks what it needs."""
import os
import subprocess
import time

import lab as L

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KINDS = ['open', 'fullcone', 'restricted', 'portrestricted', 'linux', 'symmetric', 'udpblocked']
LISTEN = '/ip4/0.0.0.0/udp/4001/quic-v1,/ip4/0.0.0.0/tcp/4001'  # as by default
STRICT = {'portrestricted', 'linux', 'symmetric', 'udpblocked'}  # only who was written to may answer, port and all


def can_be_direct(a, b):
    """Theory: a router that has a new port for everybody is guessed by no one who lets in only known ports."""
    return not ('symmetric' in (a, b) and {a, b} <= STRICT)


def program():
    """netlab, or Skip."""
    at = os.environ.get('SHOAL_NETLAB') or os.path.join(TREE, '../shared/netlab/netlab')
    if not os.access(at, os.X_OK):
        raise L.Skip('there is no netlab ($SHOAL_NETLAB says where)')
    if os.geteuid() != 0:
        raise L.Skip('netlab needs root')
    if subprocess.run([at, 'check'], capture_output=True, check=False).returncode:
        raise L.Skip('netlab check says that this kernel is not enough')
    return os.path.realpath(at)


class Internet:
    """lines: a topology as netlab reads it, or the name of one and its arguments."""

    def __init__(self, lab, *topology, lines=None):
        self.lab, self.netlab = lab, program()
        self.env = {**os.environ, 'NETLAB': f'shoal{os.getpid() % 100000}', 'NETLAB_QUIET': '1',
                    'NETLAB_OWNER': str(os.getpid())}
        if lines:
            at = os.path.join(lab.dir, 'topology.lab')
            with open(at, 'w') as f:
                f.write('\n'.join(lines) + '\n')
            topology = (at,)
        lab.ends.callback(subprocess.run, [self.netlab, 'down'], env=self.env, capture_output=True, check=False)
        self.do('up', *topology, '--replace')

    def do(self, *words):
        done = subprocess.run([self.netlab, *map(str, words)], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f'netlab {" ".join(map(str, words))}: {done.stderr.strip()}')
        return done.stdout.strip()

    def under(self, machine):
        """The words that run a command there."""
        return ['env', f'NETLAB={self.env["NETLAB"]}', self.netlab, 'exec', machine]

    def ip(self, machine):
        return self.do('ip', machine)

    def node(self, machine, **settings):
        n = self.lab.node(machine, under=self.under(machine),
                          **{'host.listen': LISTEN, 'files.enabled': 'off', **settings})
        n.id = n.json('status')['peer_id']
        n.at = f'/ip4/{self.ip(machine)}/tcp/4001/p2p/{n.id}'
        n.machine = machine
        return n


def peer(n, ident):
    return next((p for p in n.json('peer', 'ls') if p['id'] == ident and p['connected']), None)


def path(n, other):
    """"direct", "hole-punched", "relayed"; None: they are apart."""
    p = peer(n, other.id)
    return p and p['path']


def place(n, relay, patience_s=L.PATIENCE_S):
    """Where others reach n through the relay."""
    return L.until(f'{n.name} to have a place at the relay', lambda: next(
        (a for a in n.json('status')['listen'] if 'p2p-circuit' in a and relay.id in a), None), patience_s)


def through(relay, other):
    return f'{relay.at}/p2p-circuit/p2p/{other.id}'


class Clock:
    """Seconds since it was made."""

    def __init__(self):
        self.at = time.monotonic()

    def s(self):
        return time.monotonic() - self.at
