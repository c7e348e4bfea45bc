#!/usr/bin/env python3
"""kill -9 at random moments of downloads, moves and seeding: nothing that was reported as had is lost.

Torrents of v1, v2 and both, whole or some of their files (the rest lies in a parts file), in any
order or from the first to the last, by TCP and uTP, plain and encrypted; while files are moved, also
to another disk; and many at once.  After some of the kills all is hashed again, so that what is
still said to be had is also what lies on the disk.

SHOAL_KILLS says how many (default 30; `./dev soak kill` takes 500); SHOAL_SEED which moments."""
import base64
import os
import random
import shutil
import subprocess
import tempfile
import time

import lab as L

KILLS = int(os.environ.get('SHOAL_KILLS', '30'))
SEED = int(os.environ.get('SHOAL_SEED', str(random.randrange(1 << 30))))
LONG = KILLS >= 100
SIZE = (24 if LONG else 8) << 20
MIB = 1 << 20


def had(row):
    """The set of pieces that the node says it has; None while it does not say."""
    shown = row.get('pieces') or {}
    if not shown.get('bitfield'):
        return None
    bits = base64.b64decode(shown['bitfield'])
    return {i for i in range(shown['count']) if bits[i // 8] >> (7 - i % 8) & 1}


def look(node, ident):
    return node.json('file', 'show', ident, '--pieces')


def settled(node, ident):
    """What it says when it has opened and checked what there is."""
    L.until('the check to end', lambda: node.row(ident)['state'] != 'checking')
    return look(node, ident)


def changed_ways(node, rng):
    """From its next start on it reaches others in another way."""
    node.settings['files.transports'] = rng.choice(['tcp', 'utp', 'both'])
    node.settings['files.encryption'] = rng.choice(['off', 'prefer', 'require'])


def sources(lab, a):
    """What there is to fetch: a file and a folder of each version."""
    found = []
    for number, version in enumerate(('--v1', '--v2', '--hybrid')):
        path = L.make_file(os.path.join(lab.folder('in'), f'file{number}'), SIZE, seed=number)
        found.append((path, None, a.share(path, '--piece-size', '64K', version)))
        box = os.path.join(lab.folder('in'), f'box{number}')
        for i in range(24):  # of no round lengths: pieces lie in several files
            folder = os.path.join(box, f'd{i % 3}')
            os.makedirs(folder, exist_ok=True)
            L.make_file(os.path.join(folder, f'{i}.{"ab"[i % 2]}'), SIZE // 24 + 1111 * i, seed=100 * number + i)
        found.append((box, '*.a', a.share(box, '--piece-size', '64K', version)))
    for _, _, shared in found:
        a.run('file', 'limit', shared['id'], '--up', str(SIZE // (8 if LONG else 3)))
    return found


class Download:
    """One torrent that is being fetched, and what was said of it."""

    def __init__(self, lab, node, address, source, rng):
        self.node, self.rng, self.address = node, rng, address
        self.path, some, self.shared = source
        self.ident, self.reported, self.moving = self.shared['id'], set(), None
        self.folders = [lab.folder('out'), lab.folder('moved'), other_disk(lab)]
        words = ['--sequential'] if rng.random() < 0.5 else []
        self.only = some if some and rng.random() < 0.6 else None
        words += ['--only', self.only] if self.only else []
        node.run('get', self.shared['magnet'], '--peer', address, '-o', self.folders[0], '--detach', *words)

    def look(self):
        self.reported |= had(look(self.node, self.ident)) or set()

    def move(self):
        to = self.rng.choice(self.folders)
        argv = [f'{L.BIN}/shoal', '--home', self.node.home, '--no-start', 'file', 'move', self.ident, to]
        self.moving = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def killed(self, kill):
        """Nothing is lost; true when it is all there."""
        if self.moving:
            self.moving.wait()
            self.moving = None
        row = settled(self.node, self.ident)
        verified = self.rng.random() < 0.2 and row['state'] in ('downloading', 'seeding')
        if verified:
            self.node.run('file', 'verify', self.ident)
            row = settled(self.node, self.ident)
        lost = self.reported - (had(row) or set())
        assert not lost, (f'kill {kill}: {len(lost)} pieces were reported and are gone'
                          f'{" from the disk" if verified else ""}: {sorted(lost)[:9]} {row}')
        if row['state'] != 'seeding':
            self.node.run('file', 'peer', self.ident, self.address)
        return row['state'] == 'seeding'

    def finish(self):
        """The bytes are those of the source, and go again."""
        row = self.node.row(self.ident)
        here = os.path.join(row['dir'], os.path.basename(self.path))
        if not self.only:
            L.same(self.path, here)
        else:
            for top, _, names in os.walk(self.path):
                for name in (n for n in names if n.endswith('.a')):
                    full = os.path.join(top, name)
                    L.same(full, os.path.join(here, os.path.relpath(full, self.path)))
        self.node.run('file', 'rm', self.ident, '--with-data', '--yes')
        L.until('the removal', lambda: not os.path.exists(here))


def other_disk(lab):
    """A folder on another disk where there is one: moving there copies."""
    try:
        path = tempfile.mkdtemp(prefix='shoal-kill-', dir='/dev/shm')
    except OSError:
        return lab.folder('elsewhere')
    lab.ends.callback(shutil.rmtree, path, ignore_errors=True)
    return path


def downloads_killed_again_and_again_lose_no_reported_piece(lab):
    rng = random.Random(SEED)
    L.say(f'# SHOAL_SEED={SEED} SHOAL_KILLS={KILLS}')
    a = lab.node('a', files__encryption='prefer')
    every = sources(lab, a)
    b = lab.node('b')
    free = list(every)
    now, finished = [], 0
    kills = KILLS // 2
    for kill in range(kills):
        while len(now) < 3 and free:
            now.append(Download(lab, b, a.address, free.pop(rng.randrange(len(free))), rng))
        moment = time.monotonic() + rng.uniform(0.0, 0.6)
        if rng.random() < 0.3:
            rng.choice(now).move()
        while time.monotonic() < moment:  # what it says until the moment comes, it must keep
            for d in now:
                d.look()
        b.kill()
        changed_ways(b, rng)
        b.start()
        for d in list(now):
            if d.killed(kill):
                d.finish()
                finished += 1
                now.remove(d)
                free.append(next(s for s in every if s[2]['id'] == d.ident))
    for _, _, shared in every:
        a.run('file', 'limit', shared['id'], '--up', 'off')
    for d in now:
        L.until('the rest', lambda d=d: b.row(d.ident)['state'] == 'seeding')
        d.finish()
    L.say(f'# downloading: {kills} kills, {finished + len(now)} downloads finished, 0 reported pieces lost')


def many_torrents_killed_at_once_lose_nothing(lab):
    rng = random.Random(SEED + 2)
    a = lab.node('a', files__encryption='prefer')
    shared = {}
    for i in range(60 if LONG else 12):
        path = L.make_file(os.path.join(lab.folder('in'), f'many{i}'), rng.randrange(1, 3 * MIB), seed=1000 + i)
        made = a.share(path, '--piece-size', '16K', ('--v1', '--v2', '--hybrid')[i % 3])
        a.run('file', 'limit', made['id'], '--up', '150K')
        shared[made['id']] = (path, made)
    b, out = lab.node('b'), lab.folder('out')
    for _, made in shared.values():
        b.run('get', made['magnet'], '--peer', a.address, '-o', out, '--detach')
    said, kills = {}, max(KILLS // 10, 3)
    for kill in range(kills):
        moment = time.monotonic() + rng.uniform(0.0, 0.5)
        while time.monotonic() < moment:
            for row in b.json('file', 'ls'):
                said[row['id']] = max(said.get(row['id'], 0), row['done'])
        b.kill()
        changed_ways(b, rng)
        b.start()
        L.until('the checks to end', lambda: all(r['state'] != 'checking' for r in b.json('file', 'ls')))
        now = {row['id']: row['done'] for row in b.json('file', 'ls')}
        lost = {i: (said.get(i), now.get(i)) for i in shared if now.get(i, -1) < said.get(i, 0)}
        assert not lost, f'kill {kill}: bytes reported and left: {lost}'
    for ident, (path, _) in shared.items():
        a.run('file', 'limit', ident, '--up', 'off')
        b.run('file', 'peer', ident, a.address)
    L.until('all of them', lambda: all(r['state'] == 'seeding' for r in b.json('file', 'ls')))
    for path, _ in shared.values():
        L.same(path, os.path.join(out, os.path.basename(path)))
    L.say(f'# {len(shared)} torrents at once: {kills} kills, 0 bytes lost')


def a_seeder_killed_again_and_again_seeds_on(lab):
    rng = random.Random(SEED + 1)
    a = lab.node('a', files__encryption='prefer')
    every = sources(lab, a)
    b = lab.node('b', files__encryption='prefer')
    whole = {shared['id']: had(look(a, shared['id'])) for _, _, shared in every}
    out, places = lab.folder('out'), [lab.folder('p'), lab.folder('q'), other_disk(lab)]
    for _, _, shared in every:
        b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
    slowest, kills = 0, KILLS - KILLS // 2 - max(KILLS // 10, 3)
    for kill in range(kills):
        moment = time.monotonic() + rng.uniform(0.0, 0.4)
        moving = None
        if rng.random() < 0.3:
            argv = [f'{L.BIN}/shoal', '--home', a.home, '--no-start', 'file', 'move',
                    rng.choice(every)[2]['id'], rng.choice(places)]
            moving = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while time.monotonic() < moment:
            b.json('file', 'ls')
        a.kill()
        if moving:
            moving.wait()
        changed_ways(a, rng)
        began = time.monotonic()
        a.start()
        for _, _, shared in every:
            row = settled(a, shared['id'])
            assert row['state'] == 'seeding' and had(row) == whole[shared['id']], (kill, row)
            b.run('file', 'peer', shared['id'], a.address)
        slowest = max(slowest, time.monotonic() - began)
    for path, _, shared in every:
        a.run('file', 'limit', shared['id'], '--up', 'off')
        b.run('file', 'peer', shared['id'], a.address)
        # Connections by uTP to those that were killed end only when nothing is heard for minutes.
        L.until('the file', lambda s=shared: b.row(s['id'])['state'] == 'seeding', 3 * L.PATIENCE_S)
        L.same(os.path.join(a.row(shared['id'])['dir'], os.path.basename(path)),
               os.path.join(out, os.path.basename(path)))
    L.say(f'# seeding: {kills} kills, all of it seeded after each; slowest start to that {slowest:.1f} s')


def a_killed_download_goes_on_by_itself(lab):
    """No tracker: the address that was given by hand is remembered."""
    a = lab.node('a')
    path = L.make_file(os.path.join(lab.folder('in'), 'precious'), SIZE)
    shared = a.share(path, '--piece-size', '64K')
    a.run('file', 'limit', shared['id'], '--up', '2M')
    b = lab.node('b')
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('some pieces', lambda: b.row(shared['id'])['done'] > 0)
    b.kill()
    # The page cache outlives the kill, not a power cut: the record says of which boot it is.
    with open(os.path.join(b.home, f'data/torrents/{shared["id"]}.resume'), 'rb') as f, \
            open('/proc/sys/kernel/random/boot_id', 'rb') as boot:
        assert boot.read().strip() in f.read()
    a.run('file', 'limit', shared['id'], '--up', 'off')
    b.start()
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'precious'))


def a_killed_seed_soon_seeds_again(lab):
    """How long from the start of the program; a peer has taken some of it before the kill."""
    a, b = lab.node('a'), lab.node('b')
    size = (1024 if LONG else 64) * MIB
    path = L.make_file(os.path.join(lab.folder('in'), 'large'), size)
    shared = a.share(path)
    b.run('get', shared['magnet'], '--peer', a.address, '-o', lab.folder('out'), '--detach')
    L.until('some pieces', lambda: b.row(shared['id'])['done'] > 0)
    took = []
    for node in (a, b, a, b, a):  # what was shared, and what was fetched
        if node is b:
            b.run('file', 'peer', shared['id'], a.address)
            L.until('the whole of it', lambda: b.row(shared['id'])['state'] == 'seeding')
        node.kill()
        began = time.monotonic()
        node.start()
        L.until('it to seed', lambda n=node: n.row(shared['id'])['state'] == 'seeding')
        took.append(time.monotonic() - began)
    said = ' '.join(f'{t:.2f}' for t in took)
    L.say(f'# {size // MIB} MiB: from kill -9 to seeding again in {said} s')
    assert not LONG or max(took) < 2, said


if __name__ == '__main__':
    L.main(a_killed_download_goes_on_by_itself,
           a_killed_seed_soon_seeds_again,
           downloads_killed_again_and_again_lose_no_reported_piece,
           many_torrents_killed_at_once_lose_nothing,
           a_seeder_killed_again_and_again_seeds_on)
