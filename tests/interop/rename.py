#!/usr/bin/env python3
"""Files of a torrent by other names: over Transmission's RPC in both dialects, by the command line,
while others fetch them by the names in the torrent, and through kill -9."""
import os
import random

import lab as L
from peers import Transmission
from rpc_client import Rpc

KILLS = int(os.environ.get('SHOAL_KILLS', '12'))


def shared_tree(lab, node):
    box = os.path.join(lab.folder('in'), 'Show.S01')
    os.makedirs(os.path.join(box, 'subs'))
    L.make_file(os.path.join(box, 'e01.mkv'), 900_000, seed=1)
    L.make_file(os.path.join(box, 'subs', 'e01.srt'), 70_000, seed=2)
    return box, node.share(box, '--piece-size', '32K')


def names(rpc):
    return [f['name'] for f in rpc.torrents(['files'])[0]['files']]


def both_dialects_rename_and_say_what(lab):
    a = lab.node('a')
    rpc = Rpc(a)
    box, shared = shared_tree(lab, a)
    said = rpc.ask('torrent-rename-path', ids=[shared['infohash_v1']], path='Show.S01/e01.mkv',
                   name='Episode 1.mkv')
    assert said == {'id': 1, 'path': 'Show.S01/e01.mkv', 'name': 'Episode 1.mkv'}, said
    said = rpc.call('torrent_rename_path', ids=[1], path='Show.S01', name='Show')
    assert said == {'id': 1, 'path': 'Show.S01', 'name': 'Show'}, said
    assert names(rpc) == ['Show/Episode 1.mkv', 'Show/subs/e01.srt'], names(rpc)
    assert rpc.torrents(['name'])[0]['name'] == 'Show'
    assert not os.path.exists(box)
    for path, name, words in (('Show/e01.mkv', 'x', 'not in this torrent'),
                              ('Show/subs', 'a/b', 'one part of a path'),
                              ('Show/subs', '..', 'one part of a path'),
                              ('Show/subs', 'nul', 'some machines cannot have'),
                              ('Show/subs', 'EPISODE 1.MKV', 'is there already')):
        answer = rpc.post({'method': 'torrent-rename-path',
                           'arguments': {'ids': [1], 'path': path, 'name': name}})
        assert words in answer['result'], answer
        answer = rpc.post({'jsonrpc': '2.0', 'id': 1, 'method': 'torrent_rename_path',
                           'params': {'ids': [1], 'path': path, 'name': name}})
        assert words in str(answer['error']), answer
    assert names(rpc) == ['Show/Episode 1.mkv', 'Show/subs/e01.srt'], names(rpc)


def others_fetch_it_by_the_names_in_the_torrent(lab):
    a = lab.node('a', files__encryption='off')
    box, shared = shared_tree(lab, a)
    a.run('file', 'rename', shared['id'], 'Show.S01/subs', 'captions')
    a.run('file', 'rename', shared['id'], 'Show.S01', 'mine')
    exported = os.path.join(lab.dir, 'exported.torrent')
    a.run('file', 'export', shared['id'], exported)
    with open(exported, 'rb') as x, open(shared['torrent_file'], 'rb') as y:
        assert x.read() == y.read()
    daemon = Transmission(lab)
    ident = daemon.add(torrent=exported)
    a.run('file', 'peer', shared['id'], f'127.0.0.1:{daemon.port}')
    L.until('the files', lambda: daemon.whole(ident))
    mine = os.path.join(os.path.dirname(box), 'mine')
    L.same(os.path.join(mine, 'e01.mkv'), os.path.join(daemon.downloads, 'Show.S01', 'e01.mkv'))
    L.same(os.path.join(mine, 'captions', 'e01.srt'),
           os.path.join(daemon.downloads, 'Show.S01', 'subs', 'e01.srt'))


def the_command_line_names_streams_and_removes(lab):
    a = lab.node('a')
    box, shared = shared_tree(lab, a)
    row = a.json('file', 'rename', shared['id'], 'Show.S01/e01.mkv', 'pilot.mkv')
    assert row['name'] == 'Show.S01', row
    files = a.json('file', 'show', shared['id'], '--files')['files']
    assert [f['path'] for f in files] == ['Show.S01/pilot.mkv', 'Show.S01/subs/e01.srt'], files
    assert a.json('file', 'stream', shared['id'], 'pilot.mkv')['file'] == 'Show.S01/pilot.mkv'
    try:
        a.run('file', 'rename', shared['id'], 'Show.S01/pilot.mkv', '../pilot.mkv')
        raise AssertionError('taken')
    except L.Refused as e:
        assert e.status == 1 and 'one part of a path' in e.err and 'next:' in e.err, e
    a.run('file', 'verify', shared['id'])
    L.until('the check', lambda: a.row(shared['id'])['state'] == 'seeding')
    a.run('file', 'rm', shared['id'], '--with-data', '--yes')
    L.until('the files to go', lambda: not os.path.exists(box))


def a_kill_leaves_the_one_name_or_the_other(lab):
    rng = random.Random(1)
    a = lab.node('a')
    box, shared = shared_tree(lab, a)
    folder, name, saw = os.path.dirname(box), 'Show.S01', set()
    for number in range(KILLS):
        other = f'take {number}'
        argv = [f'{L.BIN}/shoal', '--home', a.home, '--no-start', 'file', 'rename', shared['id'], name, other]
        asking = lab.spawn(argv, 'asking')
        try:
            L.until('a moment', lambda: asking.poll() is not None or rng.random() < 0.3, 60)
            told = asking.poll() == 0
            a.kill()
        finally:
            asking.wait()
        a.start()
        L.until('it to open', lambda: a.row(shared['id'])['state'] == 'seeding')
        now = a.row(shared['id'])['name']
        assert now == other or (now == name and not told), (now, name, other, told)
        saw.add(now == other)
        name = now
        assert sorted(os.listdir(folder)) == [name], os.listdir(folder)
    log = a.log()
    assert log.count('30 of 30 pieces are here') >= KILLS, log  # and nothing was hashed
    assert 'checking' not in log and 'changed' not in log, log


if __name__ == '__main__':
    L.main(both_dialects_rename_and_say_what, others_fetch_it_by_the_names_in_the_torrent,
           the_command_line_names_streams_and_removes, a_kill_leaves_the_one_name_or_the_other)
