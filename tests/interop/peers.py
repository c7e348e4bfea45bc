"""Other people's programs, from Debian: transmission-daemon, aria2, libtorrent, opentracker."""
import base64
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

from lab import Skip, free_port, until


def need(program):
    path = shutil.which(program)
    if not path:
        raise Skip(f'{program} is not installed')
    return path


class Opentracker:
    """A tracker for HTTP and UDP on one port.  Debian's build serves listed infohashes alone."""

    def __init__(self, lab, *infohashes):
        self.port = free_port()
        folder = lab.folder('opentracker')
        os.chmod(lab.dir, 0o755)  # it gives up root, and reads the list after that
        with open(os.path.join(folder, 'whitelist'), 'w') as f:
            f.writelines(h + '\n' for h in infohashes)
        lab.spawn([need('opentracker'), '-i', '127.0.0.1', '-p', str(self.port), '-P',
                   str(self.port), '-d', folder, '-w', 'whitelist'], 'opentracker')
        self.udp = f'udp://127.0.0.1:{self.port}/announce'
        self.http = f'http://127.0.0.1:{self.port}/announce'
        until('opentracker to answer', self.answers)

    def scrape(self):
        """What the tracker says of all it serves; it knows a peer once that has announced."""
        try:
            return urllib.request.urlopen(f'http://127.0.0.1:{self.port}/scrape', timeout=5).read()
        except OSError:
            return b''

    def answers(self):
        try:
            urllib.request.urlopen(f'http://127.0.0.1:{self.port}/stats', timeout=5).read()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


class Transmission:
    """transmission-daemon, driven over its RPC."""

    def __init__(self, lab, name='transmission', encryption=0, config=None, **settings):
        """config: more files of its folder, by name."""
        self.folder = lab.folder(name)
        for file, text in (config or {}).items():
            with open(os.path.join(self.folder, file), 'w') as f:
                f.write(text)
        self.downloads = lab.folder(name + '-downloads')
        self.port, self.rpc_port = free_port(), free_port()
        self.session = ''
        with open(os.path.join(self.folder, 'settings.json'), 'w') as f:
            json.dump({'rpc-port': self.rpc_port, 'rpc-bind-address': '127.0.0.1',
                       'rpc-whitelist-enabled': False, 'rpc-authentication-required': False,
                       'peer-port': self.port, 'bind-address-ipv4': '127.0.0.1',
                       'download-dir': self.downloads, 'dht-enabled': False, 'pex-enabled': False,
                       'lpd-enabled': False, 'utp-enabled': False, 'port-forwarding-enabled': False,
                       'encryption': encryption, 'cache-size-mb': 4, 'incomplete-dir-enabled': False,
                       'rename-partial-files': False, **settings}, f)
        self.process = lab.spawn([need('transmission-daemon'), '--foreground', '--config-dir',
                                  self.folder], name)
        until(f'{name} to answer', lambda: self.call('session-get', quiet=True))

    def call(self, method, quiet=False, **arguments):
        body = json.dumps({'method': method, 'arguments': {
            k.replace('_', '-') if k in ('download_dir',) else k: v for k, v in arguments.items()}})
        for _ in range(2):
            request = urllib.request.Request(f'http://127.0.0.1:{self.rpc_port}/transmission/rpc',
                                             body.encode(), {'X-Transmission-Session-Id': self.session})
            try:
                answer = json.load(urllib.request.urlopen(request, timeout=30))
                assert answer['result'] == 'success', answer
                return answer['arguments'] or True
            except urllib.error.HTTPError as e:
                if e.code != 409:
                    raise
                self.session = e.headers['X-Transmission-Session-Id']
            except OSError:
                if quiet:
                    return None
                raise
        raise AssertionError('no session id')

    def add(self, torrent=None, magnet=None, folder=None):
        """Add a .torrent file or a magnet link; returns its id."""
        more = {'download_dir': folder} if folder else {}
        if torrent:
            with open(torrent, 'rb') as f:
                more['metainfo'] = base64.b64encode(f.read()).decode()
        else:
            more['filename'] = magnet
        answer = self.call('torrent-add', **more)
        return answer.get('torrent-added', answer.get('torrent-duplicate'))['id']

    def row(self, ident):
        fields = ['percentDone', 'leftUntilDone', 'metadataPercentComplete', 'status', 'errorString',
                  'name', 'peers', 'haveValid']
        return self.call('torrent-get', ids=[ident], fields=fields)['torrents'][0]

    def whole(self, ident):
        row = self.row(ident)
        return row['metadataPercentComplete'] == 1 and row['percentDone'] == 1 and \
            row['leftUntilDone'] == 0 and row


class Aria2:
    """aria2c, as a one-shot downloader or as a seeder."""

    def __init__(self, lab, name, folder, what, seed, extra=()):
        self.port = free_port()
        argv = [need('aria2c'), '--no-conf', '--dir', folder, f'--listen-port={self.port}',
                '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false',
                '--enable-peer-exchange=false', '--interface=127.0.0.1', '--disable-ipv6=true',
                '--summary-interval=0', '--console-log-level=notice', '--allow-overwrite=true',
                '--bt-tracker-connect-timeout=5', '--follow-torrent=mem', '--file-allocation=none']
        argv += ['--seed-ratio=0.0', '--check-integrity=true'] if seed else ['--seed-time=0']
        self.process = lab.spawn(argv + [*extra, what], name)


class Libtorrent:
    """libtorrent-rasterbar, the engine of qBittorrent, driven through lt.py; settings: its own names.

        lt = Libtorrent(lab, 'lt', enable_outgoing_utp=True)
        ident = lt.do('add', what=torrent, folder=folder, seed=True)
        lt.until_whole(ident)"""

    PYTHON = '/usr/bin/python3'

    def __init__(self, lab, name='libtorrent', under=(), **settings):
        """under: as lab.Node's."""
        if subprocess.run([self.PYTHON, '-c', 'import libtorrent'], capture_output=True,
                          check=False).returncode:
            raise Skip('python3-libtorrent is not installed')
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lt.py')
        with open(os.path.join(lab.dir, f'{name}.log'), 'ab') as log:
            self.process = subprocess.Popen([*under, self.PYTHON, script], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        lab.ends.callback(self.end)
        self.do('start', settings=settings)
        self.port = until(f'{name} to listen', lambda: self.do('port'))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def do(self, verb, **more):
        self.process.stdin.write(json.dumps({'do': verb, **more}) + '\n')
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if 'error' in answer:
            raise AssertionError(f'libtorrent, {verb}: {answer["error"]}')
        return answer['ok']

    def until_whole(self, ident):
        until('libtorrent to have it all', lambda: self.do('row', ident=ident)['whole'])
