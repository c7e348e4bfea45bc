"""What every interop test stands on: nodes in homes of their own, other people's programs, and a
runner that speaks TAP.

Nothing sleeps for a guessed time: until() asks again until the event has come, or fails with what it
waited for.  Everything lies in one temporary folder and is ended when the test ends."""
import concurrent.futures
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

BIN = os.environ.get('SHOAL_BIN', 'build/test')
PATIENCE_S = int(os.environ.get("LAB_PATIENCE_S", "120"))  # until() gives up; a loaded machine is slow, not wrong


class Lab:
    """A temporary folder and the processes that live in it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='shoal-lab-')
        self.ends = contextlib.ExitStack()
        self.count = 0

    def close(self):
        self.ends.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def folder(self, name):
        self.count += 1
        path = os.path.join(self.dir, f'{self.count}-{name}')
        os.makedirs(path)
        return path

    def spawn(self, argv, name, **more):
        """A process whose output goes to a file; ended with the lab."""
        log = open(os.path.join(self.dir, f'{name}.log'), 'ab')
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             start_new_session=True, **more)
        log.close()
        self.ends.callback(end, p)
        return p

    def log_of(self, name):
        with open(os.path.join(self.dir, f'{name}.log'), errors='replace') as f:
            return f.read()

    def node(self, name='node', under=(), **settings):
        return Node(self, name, settings, under)


def end(p, sig=signal.SIGTERM):
    if p.poll() is None:
        p.send_signal(sig)
        try:
            p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


def until(what, ask, patience_s=PATIENCE_S, every_s=0.03):
    """The first true value of ask(), asked again every so often; fails with `what` when it does not come."""
    deadline = time.monotonic() + patience_s
    while True:
        value = ask()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {patience_s} s in vain for {what}')
        time.sleep(every_s)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Refused(Exception):
    """The command line said no: status, standard output and error."""

    def __init__(self, argv, done):
        super().__init__(f'{" ".join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}')
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


class Node:
    """A Shoal node on loopback, in a home of its own, started as a user would."""

    def __init__(self, lab, name, settings, under=()):
        """under: the words of a command that runs the node, as nsenter does."""
        self.lab, self.name, self.under = lab, name, under
        self.home = lab.folder(name)
        self.settings = {'files.listen': '127.0.0.1:0', 'api.http': '127.0.0.1:0',
                         'files.lsd': 'off', 'files.port-mapping': 'off', 'host.mdns': 'off',
                         **{k.replace('__', '.'): v for k, v in settings.items()}}
        self.process = None
        self.start()

    def start(self):
        sets = [w for k, v in self.settings.items() for w in ('--set', f'{k}={v}')]
        self.process = self.lab.spawn([*self.under, f'{BIN}/shoald', '--home', self.home, '--foreground', *sets],
                                      self.name)
        until(f'{self.name} to answer', self.answers)
        status = self.json('status')
        self.port = status['files']['port'] if 'files' in status else None
        self.http = status['api']['http']
        self.address = f'127.0.0.1:{self.port}'

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f'{self.name} ended with {self.process.returncode}:\n'
                                 + self.lab.log_of(self.name)[-3000:])
        return self.run('id', check=False).returncode == 0

    def stop(self):
        end(self.process)
        assert self.process.returncode == 0, \
            f'{self.name} ended with {self.process.returncode}:\n' + self.lab.log_of(self.name)[-3000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def run(self, *words, check=True, text=True, timeout=600, **more):
        argv = [f'{BIN}/shoal', '--home', self.home, '--no-start', *map(str, words)]
        done = subprocess.run(argv, capture_output=True, text=text, timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, **more)
        if check and done.returncode:
            raise Refused(argv, done)
        return done

    def json(self, *words, **more):
        return json.loads(self.run(*words, '--json', **more).stdout)

    def share(self, path, *flags):
        """The JSON of what is now shared."""
        return self.json('file', 'add', path, *flags)

    def row(self, ident):
        return self.json('file', 'show', ident)

    def announced(self, ident):
        """A tracker has answered."""
        trackers = self.json('file', 'show', ident, '--trackers')['trackers']
        return any(t['state'] == 'working' for t in trackers)

    def log(self):
        return self.lab.log_of(self.name)


def own_network():
    """Begin again in a network of our own, which has nothing but loopback (as root, or where users
    may make namespaces); elsewhere go on in the machine's."""
    if os.environ.get('SHOAL_OWN_NETWORK'):
        return
    os.environ['SHOAL_OWN_NETWORK'] = '1'
    alone = ['unshare', '--net', *([] if os.geteuid() == 0 else ['--map-root-user'])]
    if subprocess.run([*alone, 'ip', 'link', 'set', 'lo', 'up'], capture_output=True,
                      check=False).returncode == 0:
        os.execvp('unshare', [*alone, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh',
                              sys.executable, *sys.argv])


def infohash_of(lab, path):
    """What this file's infohash is, asked of a node that is then gone."""
    maker = lab.node('maker')
    shared = maker.share(path)
    maker.stop()
    return shared['infohash_v1']


# --- things to move ----------------------------------------------------------------------

def make_file(path, size, seed=1):
    """Bytes that do not repeat, the same for the same seed; written in parts."""
    rng = random.Random(seed)
    with open(path, 'wb') as f:
        left = size
        while left:
            n = min(left, 1 << 20)
            f.write(rng.randbytes(n))
            left -= n
    return path


def make_tree(path, files, seed=1):
    """Files of 0 bytes to some 40 KiB in a few levels of folders, one with an odd name."""
    rng = random.Random(seed)
    for i in range(files):
        folder = os.path.join(path, *(f'd{rng.randrange(8)}' for _ in range(rng.randrange(3))))
        os.makedirs(folder, exist_ok=True)
        name = ['plain', 'with space', 'ümläut', "quo'te"][i % 4]
        with open(os.path.join(folder, f'{name}-{i}.bin'), 'wb') as f:
            f.write(rng.randbytes(0 if i % 50 == 0 else rng.randrange(40000)))
    return path


def digest(path):
    """One hash of a file, or of all files of a folder with their names."""
    h = hashlib.sha256()
    if os.path.isfile(path):
        with open(path, 'rb') as f:
            while chunk := f.read(1 << 20):
                h.update(chunk)
        return h.hexdigest()
    for top, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(top, name)
            h.update(f'{os.path.relpath(full, path)}\0{digest(full)}\0'.encode())
    return h.hexdigest()


def same(a, b):
    assert os.path.exists(b), f'{b} is not there'
    assert digest(a) == digest(b), f'{a} and {b} differ'


# --- the runner --------------------------------------------------------------------------

SAYING = threading.Lock()


def say(line):
    """One line, whole, also where several tests run at once."""
    with SAYING:
        sys.stdout.write(line + '\n')
        sys.stdout.flush()


def verdict(test):
    """Run test(lab) in a fresh lab: "ok", "not ok" or "skip", and what went wrong or why."""
    lab = Lab()
    try:
        test(lab)
        return 'ok', ''
    except Skip as why:
        return 'skip', str(why)
    except BaseException:
        trace = traceback.format_exc()
        for log in sorted(os.listdir(lab.dir)):
            if log.endswith('.log'):
                trace += f'--- {log}\n' + lab.log_of(log[:-4])[-4000:]
        return 'not ok', trace
    finally:
        lab.close()


def main(*tests, at_once=1, apart=True):
    """Run each test, some at once if they only wait for each other; TAP on stdout, what went wrong
    behind #.  Names on the command line choose.  As root in a network of our own (unless not apart), so
    that other scripts can run at the same time; others would be no users any more in one."""
    if apart and os.geteuid() == 0:
        own_network()
    wanted = sys.argv[1:]
    tests = [t for t in tests if not wanted or t.__name__ in wanted]
    print(f'1..{len(tests)}', flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for number, (test, (word, text)) in enumerate(zip(tests, pool.map(verdict, tests)), 1):
            name = test.__name__.replace('_', ' ')
            failed += word == 'not ok'
            if word == 'skip':
                say(f'ok {number} - {name} # SKIP {text}')
            else:
                say('\n'.join([f'{word} {number} - {name}', *(f'# {line}' for line in text.splitlines())]))
    sys.exit(failed > 0)


class Skip(Exception):
    """What this test needs is not on this machine."""
