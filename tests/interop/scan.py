#!/usr/bin/env python3
"""Downloads in quarantine, and Debian's clamd, which knows one virus: our own."""
import os
import shutil
import signal
import socket
import sys

import lab as L

VIRUS = b'X-SHOAL-HARMLESS-TEST-VIRUS-X'


class Clamd:
    def __init__(self, lab, stream_max='4M'):
        self.lab = lab
        self.home = lab.folder('clamd')
        self.path = os.path.join(self.home, 'sock')
        db = os.path.join(self.home, 'db')
        os.makedirs(db, exist_ok=True)
        with open(os.path.join(db, 'own.ndb'), 'w', encoding='ascii') as f:
            f.write(f'Shoal.Test.Virus:0:*:{VIRUS.hex()}\n')
        with open(os.path.join(self.home, 'conf'), 'w', encoding='ascii') as f:
            f.write(f'LocalSocket {self.path}\nDatabaseDirectory {db}\nForeground yes\n'
                    f'StreamMaxLength {stream_max}\nTemporaryDirectory {self.home}\n'
                    'MaxThreads 2\nBytecode no\nConcurrentDatabaseReload no\n')
        self.process = None

    def start(self):
        self.process = self.lab.spawn(['clamd', '-c', os.path.join(self.home, 'conf')], 'clamd')
        L.until('clamd to listen', self.listens)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.path) == 0


def shared(lab, name, content):
    a = lab.node('a')
    path = os.path.join(lab.folder('in'), name)
    with open(path, 'wb') as f:
        f.write(content)
    return a, path, a.share(path)


def reason(node, ident):
    return node.row(ident)['reason']


def a_clean_file_is_released_and_seeded(lab):
    clamd = Clamd(lab)
    clamd.start()
    a, path, made = shared(lab, 'clean.bin', os.urandom(700_000))
    b = lab.node('b', files__scan=clamd.path)
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out)
    L.same(path, os.path.join(out, 'clean.bin'))
    row = b.row(made['id'])
    assert row['state'] == 'seeding' and row['dir'] == out and row['release_dir'] is None, row
    assert not os.path.exists(os.path.join(out, '.shoal-quarantine')), os.listdir(out)
    b.stop()
    b.start()
    L.until('it to seed from there after a restart', lambda: b.row(made['id'])['state'] == 'seeding')


def an_infected_file_stays_until_a_person_releases_it(lab):
    clamd = Clamd(lab)
    clamd.start()
    a, path, made = shared(lab, 'bad.bin', os.urandom(300_000) + VIRUS + os.urandom(1000))
    b = lab.node('b', files__scan=clamd.path)
    out = lab.folder('out')
    done = b.run('get', made['magnet'], '--peer', a.address, '-o', out, check=False)
    assert done.returncode == 1 and 'Shoal.Test.Virus' in done.stderr, done
    assert not os.path.exists(os.path.join(out, 'bad.bin'))
    row = b.row(made['id'])
    assert row['state'] == 'error' and row['release_dir'] == out, row
    b.stop()  # and it is still so after a restart
    b.start()
    L.until('the virus to be found again', lambda: 'Shoal.Test.Virus' in reason(b, made['id']))
    assert not os.path.exists(os.path.join(out, 'bad.bin'))
    b.run('file', 'release', made['id'])
    L.until('it to be released', lambda: b.row(made['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'bad.bin'))
    assert b.run('file', 'release', made['id'], check=False).returncode == 7


def without_a_scanner_it_waits_and_says_so_also_over_kill_9(lab):
    clamd = Clamd(lab)
    a, path, made = shared(lab, 'later.bin', os.urandom(200_000))
    b = lab.node('b', files__scan=clamd.path)
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('it to wait for the scanner', lambda: 'not scanned' in reason(b, made['id']))
    assert not os.path.exists(os.path.join(out, 'later.bin'))
    b.kill()
    clamd.start()
    b.start()
    L.until('it to be released', lambda: b.row(made['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'later.bin'))


def what_clamd_will_not_take_stays(lab):
    clamd = Clamd(lab, stream_max='100K')
    clamd.start()
    a, _, made = shared(lab, 'large.bin', os.urandom(3_000_000))
    b = lab.node('b', files__scan=clamd.path)
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('it to say why it waits', lambda: 'not scanned' in reason(b, made['id']))
    assert not os.path.exists(os.path.join(out, 'large.bin'))


def a_file_of_that_name_is_not_written_over(lab):
    clamd = Clamd(lab)
    clamd.start()
    a, _, made = shared(lab, 'same.bin', os.urandom(100_000))
    out = lab.folder('out')
    with open(os.path.join(out, 'same.bin'), 'wb') as f:
        f.write(b'mine')
    b = lab.node('b', files__scan=clamd.path)
    b.run('get', made['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('it to say what is in the way', lambda: 'is there already' in reason(b, made['id']))
    with open(os.path.join(out, 'same.bin'), 'rb') as f:
        assert f.read() == b'mine'
    os.unlink(os.path.join(out, 'same.bin'))
    b.run('file', 'release', made['id'])
    L.until('it to be released', lambda: b.row(made['id'])['state'] == 'seeding')
    assert os.path.getsize(os.path.join(out, 'same.bin')) == 100_000


if __name__ == '__main__':
    if not shutil.which('clamd'):
        print('1..0 # SKIP clamd is not installed')
        sys.exit(0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    L.main(a_clean_file_is_released_and_seeded, an_infected_file_stays_until_a_person_releases_it,
           without_a_scanner_it_waits_and_says_so_also_over_kill_9, what_clamd_will_not_take_stays,
           a_file_of_that_name_is_not_written_over)
