"""Seeders and leechers for bench/files, each a process of its own: Shoal, libtorrent as it comes
and with its high-performance settings, transmission-daemon, aria2.

A side has a pid while it runs, wait() (a leecher: until all is there and checked) and cost()."""
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import inet_aton

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tests/interop'))
import lab as L
import peers

TICKS = os.sysconf('SC_CLK_TCK')
HERE = os.path.dirname(os.path.abspath(__file__))
INSIDE = 'SHOAL_BENCH_INSIDE'


def own_network(ips):
    """Run again where nobody else's traffic is, and any address is ours."""
    if os.environ.get(INSIDE):
        return
    lo = ' && '.join(['ip link set lo up', *(f'ip addr add {ip}/32 dev lo' for ip in ips)])
    user = [] if os.geteuid() == 0 else ['-r']
    os.execvpe('unshare', ['unshare', '-n', *user, 'sh', '-c', f'{lo} && exec "$0" "$@"',
                           sys.executable, *sys.argv], {**os.environ, INSIDE: '1'})


def cpu_s(pid):
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid):
    with open(f'/proc/{pid}/status') as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith('VmHWM'))


class Tracker:
    """Names the seeder to whoever asks: some programs take peers from nobody else."""

    def __init__(self, ip):
        self.body = b'd8:intervali60e5:peers0:e'
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = answer()
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((ip, 0), Handler)
        self.server.handle_error = lambda *_: None  # who asked is gone
        self.url = f'http://{ip}:{self.server.server_port}/announce'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self):
        return self.body

    def name(self, ip, port):
        self.body = b'd8:intervali60e5:peers6:' + inet_aton(ip) + port.to_bytes(2, 'big') + b'e'

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def torrent(self, plain, path):
        """The .torrent with this tracker in it; "announce" sorts before all that is there."""
        with open(plain, 'rb') as f:
            rest = f.read()[1:]
        with open(path, 'wb') as f:
            f.write(f'd8:announce{len(self.url)}:{self.url}'.encode() + rest)
        return path


class Side:
    """cost() since mark(): CPU seconds and peak MiB."""

    def __init__(self, process):
        self.process, self.pid, self.before = process, process.pid, 0

    def mark(self):
        self.before = cpu_s(self.pid)

    def cost(self):
        return cpu_s(self.pid) - self.before, peak_mib(self.pid)


class Shoal(Side):
    def __init__(self, job, ip, seeder):
        self.name = 'shoal-' + ip
        # As libtorrent here: one or the other.  The addresses look public, so Shoal left
        # to itself would take uTP and RC4.
        more = {'files.transports': 'utp' if job.mode == 'utp' else 'tcp',
                'files.encryption': 'require' if job.mode == 'rc4' else 'off'}
        self.node = job.lab.node(self.name, **{'files.listen': f'{ip}:0', 'log.level': 'warn', **more})
        super().__init__(self.node.process)
        self.address = (ip, self.node.port)
        if seeder:
            self.cli = None
            return
        self.node.share(job.payload)

    def start(self, job, seeder):
        out = job.lab.folder('out')
        self.mark()
        self.cli = subprocess.Popen(
            [f'{L.BIN}/shoal', '--home', self.node.home, '--no-start', 'get', job.plain, '--peer',
             '{}:{}'.format(*seeder.address), '-o', out], stdout=subprocess.DEVNULL)

    def wait(self):
        if self.cli.wait() != 0:
            raise AssertionError('shoal get failed:\n' + self.node.log()[-2000:])


class Libtorrent(Side):
    tuned = False
    pid = None

    def __init__(self, job, ip, seeder):
        self.job, self.ip = job, ip
        if not seeder:
            self.spawn(os.path.dirname(job.payload), None)
            self.address = (ip, self.port)

    def spawn(self, folder, peer):
        a = {'ip': self.ip, 'torrent': self.job.plain, 'folder': folder, 'peer': peer,
             'tuned': self.tuned, 'rc4': self.job.mode == 'rc4', 'utp': self.job.mode == 'utp'}
        process = subprocess.Popen(['/usr/bin/python3', os.path.join(HERE, 'lt_peer.py'), json.dumps(a)],
                                   stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        self.job.lab.ends.callback(L.end, process)
        super().__init__(process)
        if peer:
            return
        self.read_ready()

    def read_ready(self):
        line = self.process.stdout.readline().split()
        if not line:
            raise L.Skip('python3-libtorrent does not start')
        self.port = int(line[1])

    def start(self, job, seeder):
        self.spawn(job.lab.folder('out'), seeder.address)

    def wait(self):
        self.read_ready()
        if self.process.stdout.readline().strip() != 'done':
            raise AssertionError('libtorrent ended early')


class Tuned(Libtorrent):
    tuned = True


class Aria2(Side):
    pid = None

    def __init__(self, job, ip, seeder):
        self.job, self.ip, self.leech = job, ip, bool(seeder)
        if not seeder:
            self.spawn(os.path.dirname(job.payload), True)
            L.until('the seeder', lambda: 'Verification finished' in job.lab.log_of('aria2-' + ip))
            self.address = (ip, self.port)
            job.tracker.name(*self.address)

    def spawn(self, folder, seed):
        extra = [f'--interface={self.ip}']
        if self.job.mode == 'rc4':
            extra += ['--bt-require-crypto=true', '--bt-min-crypto-level=arc4']
        peer = peers.Aria2(self.job.lab, 'aria2-' + self.ip, folder, self.job.announced, seed, extra)
        super().__init__(peer.process)
        self.port = peer.port

    def start(self, job, seeder):
        self.spawn(job.lab.folder('out'), False)

    def wait(self):
        self.usage = os.wait4(self.pid, 0)[2]
        self.process.returncode = 0

    def cost(self):
        if not self.leech:
            return super().cost()
        return self.usage.ru_utime + self.usage.ru_stime, self.usage.ru_maxrss / 1024


class Transmission(Side):
    def __init__(self, job, ip, seeder):
        utp = job.mode == 'utp'
        self.t = peers.Transmission(job.lab, 'transmission-' + ip, 2 if job.mode == 'rc4' else 0,
                                    **{'bind-address-ipv4': ip, 'utp-enabled': utp})
        super().__init__(self.t.process)
        self.address = (ip, self.t.port)
        if not seeder:
            self.ident = self.t.add(job.announced, folder=os.path.dirname(job.payload))
            L.until('the seeder', lambda: self.t.whole(self.ident), 600)
            job.tracker.name(*self.address)

    def start(self, job, seeder):
        self.mark()
        self.ident = self.t.add(job.announced)

    def wait(self):
        L.until('transmission', lambda: self.t.whole(self.ident), 900)


SIDES = {'shoal': Shoal, 'libtorrent': Libtorrent, 'tuned': Tuned, 'aria2': Aria2,
         'transmission': Transmission}
