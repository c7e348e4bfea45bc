#!/usr/bin/env python3
"""A disk that is full, and files that are changed underneath a running node."""
import os
import subprocess
import sys

import lab as L

MIB = 1 << 20


def own_mounts():
    """Begin again where we may mount; False where we may not."""
    if os.environ.get('SHOAL_OWN_MOUNTS'):
        return True
    os.environ['SHOAL_OWN_MOUNTS'] = '1'
    own = ['unshare', '--mount', *([] if os.geteuid() == 0 else ['--map-root-user'])]
    if subprocess.run([*own, 'mount', '-t', 'tmpfs', 'x', '/mnt'], capture_output=True,
                      check=False).returncode:
        return False
    os.execvp('unshare', [*own, sys.executable, *sys.argv])
    return True


def small_disk(lab, mib):
    folder = lab.folder('disk')
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={mib}m', 'small', folder], check=True)
    return folder


def grow(folder, mib):
    subprocess.run(['mount', '-o', f'remount,size={mib}m', folder], check=True)


def a_full_disk_is_said_outlives_kill_9_and_goes_on_by_itself(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'big.bin'), 12 * MIB)
    made = a.share(path)
    disk = small_disk(lab, 6)
    try:
        done = b.run('get', made['magnet'], '--peer', a.address, '-o', disk, check=False)
        assert done.returncode == 8 and 'space' in done.stderr, done
        row = b.row(made['id'])
        assert row['state'] == 'error' and 'space' in row['reason'], row
        b.kill()
        b.start()
        L.until('it to be full again', lambda: 'space' in b.row(made['id'])['reason'])
        grow(disk, 32)
        L.until('it to go on by itself', lambda: b.row(made['id'])['state'] == 'seeding', 120)
        L.same(path, os.path.join(disk, 'big.bin'))
        b.stop()
    finally:
        subprocess.run(['umount', '-l', disk], check=False)


def changed_underneath(lab, change):
    """What a seed says and does when its file is no more what it was."""
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f.bin'), 8 * MIB)
    made = a.share(path)
    with open(path, 'rb') as f:
        content = f.read()
    change(path)
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('the seed to notice', lambda: a.row(made['id'])['left'] > 0)
    assert a.row(made['id'])['state'] != 'seeding', a.row(made['id'])
    assert b.row(made['id'])['left'] > 0
    with open(path, 'wb') as f:
        f.write(content)
    a.run('file', 'verify', made['id'])
    L.until('the seed to have all again', lambda: a.row(made['id'])['left'] == 0)
    b.run('file', 'peer', made['id'], a.address)
    L.until('the other to have it', lambda: b.row(made['id'])['left'] == 0)
    L.same(path, os.path.join(out, 'f.bin'))


def a_seed_notices_that_its_file_is_shorter(lab):
    changed_underneath(lab, lambda path: os.truncate(path, MIB))


def a_seed_notices_that_its_file_is_gone(lab):
    changed_underneath(lab, os.unlink)


def changed_while_it_seeds(lab, change):
    """A peer has some of it when the file changes; whatever it takes afterwards is right."""
    a, b, c = lab.node('a'), lab.node('b'), lab.node('c')
    path = L.make_file(os.path.join(lab.folder('in'), 'f.bin'), 8 * MIB)
    made = a.share(path, '--piece-size', '64K')
    b.run('get', made['magnet'], '--peer', a.address, '-o', lab.folder('out'))
    b.run('file', 'pause', made['id'])
    change(path)
    # Slow enough that the seed opens the file anew before it has given all.
    a.run('file', 'limit', made['id'], '--up', '1M')
    c.run('get', made['magnet'], '--peer', a.address, '-o', lab.folder('out'), '--detach')
    row = L.until('the seed to notice', lambda: (r := a.row(made['id']))['left'] > 0 and r)
    assert 'f.bin was' in row['reason'] and 'by another program' in row['reason'], row
    L.until('the check', lambda: a.row(made['id'])['state'] == 'downloading')
    L.until('what is whole to cross', lambda: c.row(made['id'])['left'] == a.row(made['id'])['left'])
    assert 'bad' not in c.log() and 'ban' not in c.log(), c.log()
    b.run('file', 'resume', made['id'])
    a.run('file', 'peer', made['id'], b.address)  # who has it gives it back
    L.until('it to be mended', lambda: a.row(made['id'])['state'] == 'seeding')
    assert a.row(made['id'])['reason'] == '', a.row(made['id'])
    L.until('all of it', lambda: c.row(made['id'])['left'] == 0)


def scribble(path):
    with open(path, 'r+b') as f:
        f.seek(3 * MIB)
        f.write(b'another' * 20000)


def replace(path):
    L.make_file(path + '.new', 8 * MIB, seed=9)
    os.replace(path + '.new', path)


def a_seed_notices_bytes_that_change_in_place(lab):
    changed_while_it_seeds(lab, scribble)


def a_seed_notices_another_file_in_its_place(lab):
    changed_while_it_seeds(lab, replace)


def a_seed_mends_a_file_that_was_removed(lab):
    changed_while_it_seeds(lab, os.unlink)


def what_was_changed_while_it_did_not_run_is_hashed_again(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f.bin'), 4 * MIB)
    made = a.share(path)
    a.stop()
    with open(path, 'r+b') as f:
        f.seek(2 * MIB)
        f.write(b'another')
    a.start()
    L.until('it to be noticed', lambda: a.row(made['id'])['left'] > 0
            and a.row(made['id'])['state'] == 'downloading')
    b.run('get', made['magnet'], '--peer', a.address, '-o', lab.folder('out'), '--detach')
    L.until('what is whole to cross', lambda: b.row(made['id'])['left'] == a.row(made['id'])['left'])


if __name__ == '__main__':
    if not own_mounts():
        print('1..0 # SKIP nothing may be mounted here')
        sys.exit(0)
    L.main(a_full_disk_is_said_outlives_kill_9_and_goes_on_by_itself,
           a_seed_notices_that_its_file_is_shorter, a_seed_notices_that_its_file_is_gone,
           a_seed_notices_bytes_that_change_in_place, a_seed_notices_another_file_in_its_place,
           a_seed_mends_a_file_that_was_removed,
           what_was_changed_while_it_did_not_run_is_hashed_again)
