#!/usr/bin/env python3
"""Only some files of a torrent: by the command line, from other programs, later, after a kill; and
to another folder."""
import os
import shutil

import lab as L
from peers import Aria2, Libtorrent

FILES = {'a.mkv': 3_000_000, 'b.txt': 20_000, 'sub/c.mkv': 2_000_000, 'sub/d.exe': 30_000, 'e.txt': 5}


def make(lab):
    box = os.path.join(lab.folder('in'), 'box')
    for i, (name, size) in enumerate(FILES.items()):
        os.makedirs(os.path.dirname(os.path.join(box, name)), exist_ok=True)
        L.make_file(os.path.join(box, name), size, seed=i + 1)
    return box


def there(folder):
    return {os.path.relpath(os.path.join(d, f), folder) for d, _, names in os.walk(folder) for f in names}


def check(box, got, names):
    assert there(got) == set(names), there(got)
    for name in names:
        L.same(os.path.join(box, name), os.path.join(got, name))


def only_what_was_asked_for_is_fetched(lab):
    a, b = lab.node('a'), lab.node('b')
    box, out = make(lab), lab.folder('out')
    shared = a.share(box, '--piece-size', '64K')
    row = b.json('get', shared['magnet'], '--only', '*.mkv', '--peer', a.address, '-o', out, '--sequential')
    assert row['left'] == 0 and row['wanted'] == 5_000_000 and row['sequential'], row
    check(box, os.path.join(out, 'box'), ['a.mkv', 'sub/c.mkv'])
    files = {f['path']: f for f in b.json('file', 'show', shared['id'], '--files')['files']}
    assert files['box/b.txt']['priority'] == 'skip' and not files['box/b.txt']['wanted'], files
    b.run('file', 'set', shared['id'], '--normal', 'sub', '--high', '#4')
    L.until('the rest', lambda: b.row(shared['id'])['state'] == 'seeding'
            and os.path.exists(os.path.join(out, 'box/sub/d.exe')))
    b.kill()
    b.start()
    L.until('it again', lambda: b.row(shared['id'])['state'] == 'seeding')
    b.run('file', 'set', shared['id'], '--normal', '*')
    b.run('file', 'peer', shared['id'], a.address)
    L.until('all', lambda: there(os.path.join(out, 'box')) == set(FILES)
            and b.row(shared['id'])['left'] == 0)
    L.same(box, os.path.join(out, 'box'))


def a_pattern_for_nothing_is_refused(lab):
    a, b = lab.node('a'), lab.node('b')
    shared = a.share(make(lab))
    got = b.run('get', shared['torrent_file'], '--only', '*.iso', check=False)
    assert got.returncode == 3 and '*.iso' in got.stderr, (got.returncode, got.stderr)
    got = b.run('get', shared['magnet'], '--only', '*.iso', '--peer', a.address, '-o', lab.folder('out'),
                check=False)
    assert got.returncode == 1 and '*.iso' in got.stderr, (got.returncode, got.stderr)
    assert not there(os.path.join(lab.dir, 'out'))


def files_of_a_link_come_from_libtorrent(lab):
    box = make(lab)
    a = lab.node('a')
    shared = a.share(box, '--piece-size', '64K')
    lt = Libtorrent(lab, 'lt')
    lt.do('add', what=shared['torrent_file'], folder=os.path.dirname(box), seed=True)
    a.run('file', 'rm', shared['id'])
    b, out = lab.node('b'), lab.folder('out')
    b.run('get', shared['magnet'] + '&so=1-2', '--peer', f'127.0.0.1:{lt.port}', '-o', out)
    numbers = sorted(there(box))
    check(box, os.path.join(out, 'box'), [numbers[1], numbers[2]])


def some_files_come_from_aria2_and_go_to_it(lab):
    box = make(lab)
    a = lab.node('a')
    shared = a.share(box, '--piece-size', '64K')
    torrent = os.path.join(lab.dir, 'x.torrent')
    shutil.copy(shared['torrent_file'], torrent)
    a.run('file', 'rm', shared['id'])
    aria = Aria2(lab, 'aria2', os.path.dirname(box), torrent, seed=True)
    b, out = lab.node('b'), lab.folder('out')
    b.run('get', torrent, '--only', 'sub', '--peer', f'127.0.0.1:{aria.port}', '-o', out)
    check(box, os.path.join(out, 'box'), ['sub/c.mkv', 'sub/d.exe'])


def a_torrent_moves_and_is_seeded_from_there(lab):
    a, b = lab.node('a'), lab.node('b')
    box, out, new = make(lab), lab.folder('out'), lab.folder('new')
    shared = a.share(box)
    row = a.json('file', 'move', shared['id'], new)
    assert row['dir'] == new, row
    assert not os.path.exists(box)
    L.until('it to seed', lambda: a.row(shared['id'])['state'] == 'seeding')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out)
    L.same(os.path.join(new, 'box'), os.path.join(out, 'box'))


def a_watched_folder_is_fetched(lab):
    a, watched, out = lab.node('a'), lab.folder('watched'), lab.folder('out')
    shared = a.share(make(lab))
    b = lab.node('b', files__watch=watched, files__dir=out)
    shutil.copy(shared['torrent_file'], os.path.join(watched, 'x.torrent'))
    with open(os.path.join(watched, 'bad.torrent'), 'wb') as f:
        f.write(b'no torrent')
    L.until('the names', lambda: there(watched) == {'x.torrent.added', 'bad.torrent.invalid'})
    b.run('file', 'peer', shared['id'], a.address)
    L.until('it', lambda: b.row(shared['id'])['state'] == 'seeding')


if __name__ == '__main__':
    L.main(only_what_was_asked_for_is_fetched, a_pattern_for_nothing_is_refused,
           files_of_a_link_come_from_libtorrent, some_files_come_from_aria2_and_go_to_it,
           a_torrent_moves_and_is_seeded_from_there, a_watched_folder_is_fetched)
