#!/usr/bin/env python3
"""Two Shoal nodes: a file, a big file, a tree; by hand, by tracker, by magnet and by .torrent."""
import os
import subprocess

import lab as L
from peers import Opentracker


def a_file_crosses_by_magnet_and_a_peer_by_hand(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'hello world.bin'), 3_000_001)
    shared = a.share(path)
    assert shared['magnet'].startswith('magnet:?xt=urn:btih:' + shared['infohash_v1'])
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out)
    L.same(path, os.path.join(out, 'hello world.bin'))
    row = b.row(shared['id'])
    assert row['state'] == 'seeding' and row['left'] == 0, row


def the_plain_share_prints_one_magnet_line(lab):
    a = lab.node('a')
    path = L.make_file(os.path.join(lab.folder('in'), 'x'), 10)
    out = a.run('share', path).stdout
    assert out.startswith('magnet:?xt=urn:btih:') and out.count('\n') == 1, out
    again = a.run('share', path).stdout  # sharing the same thing twice is the same thing
    assert again == out, (out, again)


def a_tree_of_1000_files_crosses(lab):
    a, b = lab.node('a'), lab.node('b')
    tree = L.make_tree(os.path.join(lab.folder('in'), 'tree'), 1000)
    shared = a.share(tree)
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out)
    L.same(tree, os.path.join(out, 'tree'))


def one_gibibyte_crosses(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'big'), 1 << 30)
    shared = a.share(path)
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out)
    L.same(path, os.path.join(out, 'big'))


def opentracker_over_udp_is_enough(lab):
    through(lab, 'udp')


def sharing_again_adds_a_tracker_and_the_traffic_is_counted(lab):
    path, a = L.make_file(os.path.join(lab.folder('in'), 'f'), 300000), lab.node('a')
    a.share(path)
    again = a.share(path, '--tracker', 'http://127.0.0.1:9/announce')
    assert 'tr=http' in again['magnet'], again
    b = lab.node('b')
    b.json('get', again['magnet'], '-o', lab.folder('out'), '--peer', a.address)
    assert b.json('status')['traffic']['downloaded'] >= 300000
    assert a.json('status')['traffic']['uploaded'] >= 300000


def opentracker_over_http_is_enough(lab):
    through(lab, 'http')


def through(lab, kind):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 1_000_000)
    url = getattr(Opentracker(lab, L.infohash_of(lab, path)), kind)
    shared = a.share(path, '--tracker', url)
    assert 'tr=' in shared['magnet']
    L.until('the tracker to know the seeder', lambda: a.announced(shared['id']))
    out = lab.folder('out')
    b.run('get', shared['magnet'], '-o', out)
    L.same(path, os.path.join(out, 'f'))


def a_torrent_file_works_like_the_link(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 500_000)
    shared = a.share(path, '--piece-size', '64K', '--comment', 'a comment')
    torrent = os.path.join(lab.dir, 'f.torrent')
    a.run('file', 'export', shared['id'], torrent)
    with open(torrent, 'rb') as f, open(shared['torrent_file'], 'rb') as kept:
        assert f.read() == kept.read()
    out = lab.folder('out')
    b.run('file', 'get', torrent, '--peer', a.address, '-o', out)
    L.same(path, os.path.join(out, 'f'))


def a_peer_can_be_added_later(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 300_000)
    shared = a.share(path)
    out = lab.folder('out')
    b.run('get', shared['magnet'], '-o', out, '--detach')
    assert b.row(shared['id'])['state'] == 'metadata'
    b.run('file', 'peer', shared['id'], a.address)
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'f'))


def pause_stops_and_resume_goes_on(lab):
    a, b = lab.node('a', **{'limits.up': '256K'}), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 2_000_000)
    shared = a.share(path, '--piece-size', '64K')
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('some pieces', lambda: b.row(shared['id'])['done'] > 0)
    b.run('file', 'pause', shared['id'])
    paused = L.until('the pause', lambda: b.row(shared['id'])['state'] == 'paused' and b.row(shared['id']))
    assert paused['peers'] == 0 and paused['left'] > 0, paused
    b.stop()
    b.start()  # a pause is kept over a restart
    assert b.row(shared['id'])['state'] == 'paused'
    a.run('policy', 'set', 'up', 'off')
    b.run('file', 'resume', shared['id'])
    b.run('file', 'peer', shared['id'], a.address)
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'f'))


def rm_forgets_and_with_data_deletes(lab):
    a = lab.node('a')
    one = L.make_file(os.path.join(lab.folder('in'), 'one'), 1000)
    two = L.make_file(os.path.join(lab.folder('in'), 'two'), 1000, seed=2)
    first, second = a.share(one), a.share(two)
    a.run('file', 'rm', first['id'])
    a.run('file', 'rm', second['id'], '--with-data', '--yes')
    assert os.path.exists(one)
    L.until('the deletion', lambda: not os.path.exists(two))
    assert a.json('file', 'ls') == []


def the_rate_limit_holds_on_both_sides(lab):
    """Bytes that crossed, as the nodes count them, against the time that they say it took."""
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 4_000_000)
    shared = a.share(path, '--piece-size', '64K')
    a.run('file', 'limit', shared['id'], '--up', '500K')
    out = lab.folder('out')
    b.run('get', shared['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('the transfer to be under way', lambda: b.row(shared['id'])['done'] > 500_000)
    rate = a.row(shared['id'])['up_rate']
    assert rate < 1_000_000, rate
    a.run('file', 'limit', shared['id'], '--up', 'off')
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'f'))


def get_starts_the_daemon_when_none_runs(lab):
    """As a newcomer would: no daemon, default ports, two homes on one machine."""
    a = lab.node('a')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 100_000)
    shared = a.share(path)
    home, out = lab.folder('fresh'), lab.folder('out')
    shoal = [f'{L.BIN}/shoal', '--home', home]
    try:
        done = subprocess.run([*shoal, 'get', shared['magnet'], '--peer', a.address, '-o', out],
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert 'starting the daemon' in done.stderr
        L.same(path, os.path.join(out, 'f'))
    finally:
        subprocess.run([*shoal, 'down'], capture_output=True, timeout=60, check=False)


if __name__ == '__main__':
    L.main(a_file_crosses_by_magnet_and_a_peer_by_hand, the_plain_share_prints_one_magnet_line,
           a_tree_of_1000_files_crosses, opentracker_over_udp_is_enough,
           opentracker_over_http_is_enough,
           sharing_again_adds_a_tracker_and_the_traffic_is_counted, a_torrent_file_works_like_the_link,
           a_peer_can_be_added_later, pause_stops_and_resume_goes_on,
           rm_forgets_and_with_data_deletes, the_rate_limit_holds_on_both_sides,
           get_starts_the_daemon_when_none_runs, one_gibibyte_crosses)
