#!/usr/bin/env python3
"""kill -9 at random moments of a download and of seeding: nothing that was reported as had is lost.

SHOAL_KILLS says how many (default 20; `./dev soak kill` takes 200); SHOAL_SEED which moments."""
import base64
import os
import random
import time

import lab as L

KILLS = int(os.environ.get('SHOAL_KILLS', '20'))
SEED = int(os.environ.get('SHOAL_SEED', str(random.randrange(1 << 30))))
SIZE = 24 << 20


def pieces(row):
    """The set of pieces that the node says it has."""
    bits = base64.b64decode(row['pieces']['bitfield'])
    return {i for i in range(row['pieces']['count']) if bits[i // 8] >> (7 - i % 8) & 1}


def seeder(lab, name):
    a = lab.node(name)
    path = L.make_file(os.path.join(lab.folder('in'), 'precious'), SIZE)
    return a, path, a.share(path, '--piece-size', '64K')


def look(node, ident):
    return pieces(node.json('file', 'show', ident, '--pieces'))


def a_download_killed_again_and_again_loses_no_reported_piece(lab):
    rng = random.Random(SEED)
    print(f'# SHOAL_SEED={SEED} SHOAL_KILLS={KILLS}', flush=True)
    a, path, shared = seeder(lab, 'a')
    # Slow enough that every kill meets a download under way.
    a.run('file', 'limit', shared['id'], '--up', str(SIZE // max(KILLS, 10)))
    b = lab.node('b')
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
    reported, killed, finished = set(), 0, 0
    while killed < KILLS:
        moment = time.monotonic() + rng.uniform(0.0, 0.6)
        while time.monotonic() < moment:  # what it says until the moment comes, it must keep
            row = b.json('file', 'show', shared['id'], '--pieces')
            if (row.get('pieces') or {}).get('bitfield'):
                reported |= pieces(row)
        b.kill()
        killed += 1
        b.start()
        L.until('the check to end', lambda: b.row(shared['id'])['state'] != 'checking')
        row = b.json('file', 'show', shared['id'], '--pieces')
        now = pieces(row) if (row.get('pieces') or {}).get('bitfield') else set()
        lost = reported - now
        assert not lost, f'kill {killed}: {len(lost)} pieces were reported and are gone: {sorted(lost)[:9]}'
        if row['state'] == 'seeding':  # begin anew with what is left of the kills
            finished += 1
            L.same(path, os.path.join(out, 'precious'))
            b.run('file', 'rm', shared['id'], '--with-data', '--yes')
            L.until('the removal', lambda: not os.path.exists(os.path.join(out, 'precious')))
            b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
            reported = set()
        else:
            b.run('file', 'peer', shared['id'], a.address)
    a.run('file', 'limit', shared['id'], '--up', 'off')
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'precious'))
    print(f'# {killed} kills, {finished + 1} downloads finished, 0 reported pieces lost', flush=True)


def a_seeder_killed_again_and_again_seeds_on(lab):
    rng = random.Random(SEED + 1)
    a, path, shared = seeder(lab, 'a')
    a.run('file', 'limit', shared['id'], '--up', '2M')
    b = lab.node('b')
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
    every = look(a, shared['id'])
    for kill in range(max(KILLS // 4, 3)):
        moment = time.monotonic() + rng.uniform(0.0, 0.4)
        while time.monotonic() < moment:
            b.row(shared['id'])
        a.kill()
        a.start()
        row = a.json('file', 'show', shared['id'], '--pieces')
        assert row['state'] == 'seeding' and pieces(row) == every, (kill, row['state'])
        b.run('file', 'peer', shared['id'], a.address)
    a.run('file', 'limit', shared['id'], '--up', 'off')
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'precious'))


def a_killed_download_goes_on_by_itself(lab):
    """No tracker: the address that was given by hand is remembered."""
    a, path, shared = seeder(lab, 'a')
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


if __name__ == '__main__':
    L.main(a_killed_download_goes_on_by_itself,
           a_download_killed_again_and_again_loses_no_reported_piece,
           a_seeder_killed_again_and_again_seeds_on)
