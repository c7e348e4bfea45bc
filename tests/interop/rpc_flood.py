#!/usr/bin/env python3
"""Flood: the calls and fields of its server/services/Transmission, and what each brings about."""
import base64
import os

import lab as L
from rpc_client import Rpc, typed

# clientGatewayService.fetchTorrentList, types of types/TransmissionTorrentsMethods.ts.
LIST = {'hashString': str, 'downloadDir': str, 'name': str, 'comment': str, 'haveValid': int,
        'addedDate': int, 'dateCreated': int, 'doneDate': int, 'rateDownload': int,
        'rateUpload': int, 'downloadedEver': int, 'uploadedEver': int, 'eta': int,
        'isPrivate': bool, 'error': int, 'errorString': str, 'peersGettingFromUs': int,
        'peersSendingToUs': int, 'status': int, 'totalSize': int, 'sizeWhenDone': int,
        'trackers': list, 'labels': list, 'activityDate': int}
SESSION = {'dht-enabled': bool, 'peer-port': int, 'download-dir': str,
           'peer-port-random-on-start': bool, 'pex-enabled': bool, 'speed-limit-down': int,
           'speed-limit-down-enabled': bool, 'speed-limit-up': int,
           'speed-limit-up-enabled': bool, 'peer-limit-global': int,
           'peer-limit-per-torrent': int, 'seed-queue-enabled': bool, 'seed-queue-size': int}


def shared_tree(lab):
    a, b = lab.node('a'), lab.node('b')
    folder = os.path.join(lab.folder('in'), 'stuff')
    os.makedirs(folder)
    for name, size in (('a.bin', 300_000), ('b.bin', 400_000), ('c.bin', 500_000)):
        L.make_file(os.path.join(folder, name), size, seed=size)
    return a, b, folder, a.share(folder, '--tracker', 'http://127.0.0.1:1/announce')


def add(rpc, lab, shared, **more):
    out = lab.folder('out')
    with open(shared['torrent_file'], 'rb') as f:
        metainfo = base64.b64encode(f.read()).decode()
    # addTorrentsByFile
    answer = rpc.ask('torrent-add', metainfo=metainfo, **{'download-dir': out, **more})
    return answer['torrent-added']['hashString'], out


def the_list_has_what_flood_shows(lab):
    a, b, folder, shared = shared_tree(lab)
    rpc = Rpc(b)
    ident, out = add(rpc, lab, shared, paused=False)
    rpc.ask('torrent-set', ids=[ident], labels=['one', 'two'])
    b.run('file', 'peer', ident, a.address)
    row = L.until('the end', lambda: next(
        (t for t in rpc.torrents(LIST) if t['status'] == 6), None))
    typed(row, LIST)
    assert row['haveValid'] == row['totalSize'] == row['sizeWhenDone'] == 1_200_000, row
    assert row['downloadedEver'] >= 1_200_000 and row['labels'] == ['one', 'two'], row
    assert row['doneDate'] >= row['addedDate'] > 0 and row['activityDate'] > 0, row
    assert row['downloadDir'] == out and row['error'] == 0, row
    L.same(folder, os.path.join(out, 'stuff'))
    typed(row['trackers'][0], {'id': int, 'announce': str, 'scrape': str, 'tier': int})
    # getTorrentTrackers, getTorrentContents, getTorrentPeers
    stats = rpc.torrents(['trackerStats'], [ident])[0]['trackerStats'][0]
    typed(stats, {'announce': str, 'announceState': int, 'host': str, 'lastAnnounceSucceeded': bool,
                  'seederCount': int, 'leecherCount': int, 'nextAnnounceTime': int})
    contents = rpc.torrents(['files', 'fileStats'], [ident])[0]
    assert [f['name'] for f in contents['files']] == ['stuff/a.bin', 'stuff/b.bin', 'stuff/c.bin']
    assert all(f['bytesCompleted'] == f['length'] for f in contents['files']), contents
    assert [s['wanted'] for s in contents['fileStats']] == [True] * 3, contents
    assert isinstance(rpc.torrents(['peers'], [ident])[0]['peers'], list)


def what_is_done_to_torrents_happens(lab):
    a, b, folder, shared = shared_tree(lab)
    rpc = Rpc(b)
    ident, out = add(rpc, lab, shared, paused=True)
    # setTorrentContentsPriority sends both arguments at once.
    rpc.ask('torrent-set', ids=ident, **{'files-unwanted': [1], 'priority-normal': [1]})
    rpc.ask('torrent-set', ids=ident, **{'files-wanted': [2], 'priority-high': [2]})
    row = rpc.torrents(['wanted', 'priorities', 'fileStats', 'sizeWhenDone'], [ident])[0]
    assert row['wanted'] == [1, 0, 1] and row['priorities'] == [0, 0, 1], row
    assert row['sizeWhenDone'] == 800_000, row
    b.run('file', 'peer', ident, a.address)
    rpc.ask('torrent-start', ids=[ident])
    L.until('the wanted files', lambda: rpc.torrents(['status'], [ident])[0]['status'] == 6)
    L.same(os.path.join(folder, 'c.bin'), os.path.join(out, 'stuff', 'c.bin'))
    assert not os.path.exists(os.path.join(out, 'stuff', 'b.bin'))
    rpc.ask('torrent-set', ids=ident, **{'files-wanted': [1], 'priority-normal': [1]})
    L.until('the rest', lambda: rpc.torrents(['haveValid'], [ident])[0]['haveValid'] == 1_200_000)
    L.same(folder, os.path.join(out, 'stuff'))
    # setTorrentsPriority
    rpc.ask('torrent-set', ids=[ident], bandwidthPriority=1)
    assert rpc.torrents(['bandwidthPriority'], [ident])[0]['bandwidthPriority'] == 1
    # stopTorrents, checkTorrents, reannounceTorrents
    rpc.ask('torrent-stop', ids=[ident])
    assert rpc.torrents(['status'], [ident])[0]['status'] == 0
    rpc.ask('torrent-start', ids=[ident])
    rpc.ask('torrent-verify', ids=[ident])
    rpc.ask('torrent-reannounce', ids=[ident])
    L.until('the check', lambda: rpc.torrents(['status'], [ident])[0]['status'] == 6)
    # removeTorrents
    rpc.ask('torrent-remove', ids=[ident], **{'delete-local-data': False})
    assert rpc.torrents(['id']) == [] and os.path.exists(os.path.join(out, 'stuff', 'a.bin'))


def trackers_are_replaced_as_flood_does(lab):
    _, b, _, shared = shared_tree(lab)
    rpc = Rpc(b)
    ident, _ = add(rpc, lab, shared, paused=True)
    # setTorrentsTrackers: all removed by number, then the new ones added.
    old = rpc.torrents(['trackers'], [ident])[0]['trackers']
    rpc.ask('torrent-set', ids=ident, trackerRemove=[t['id'] for t in old])
    assert rpc.torrents(['trackers'], [ident])[0]['trackers'] == []
    new = ['http://127.0.0.1:2/announce', 'udp://127.0.0.1:3/announce']
    rpc.ask('torrent-set', ids=[ident], trackerAdd=new)
    b.stop()
    b.start()
    rpc = Rpc(b)
    row = rpc.torrents(['trackers', 'trackerList'], [ident])[0]
    assert [t['announce'] for t in row['trackers']] == new, row
    assert row['trackerList'] == '\n\n'.join(new) + '\n', row


def a_torrent_is_moved(lab):
    a, _, folder, shared = shared_tree(lab)
    rpc = Rpc(a)
    to = lab.folder('to')
    # moveTorrents
    rpc.ask('torrent-set-location', ids=[shared['id']], location=to, move=True)
    L.until('the move', lambda: os.path.exists(os.path.join(to, 'stuff', 'c.bin'))
            and rpc.torrents(['downloadDir', 'status'], [shared['id']])[0]
            == {'downloadDir': to, 'status': 6})
    assert not os.path.exists(folder)


def settings_are_told_and_kept(lab):
    node = lab.node('node', files__pex='on')
    rpc = Rpc(node)
    session = rpc.ask('session-get', fields=list(SESSION))
    typed(session, SESSION)
    assert len(session) == len(SESSION) and session['peer-port'] == node.port, session
    # setClientSettings
    rpc.ask('session-set', **{'speed-limit-up-enabled': True, 'speed-limit-up': 40,
                              'speed-limit-down-enabled': False, 'speed-limit-down': 0,
                              'seed-queue-enabled': True, 'seed-queue-size': 7})
    now = rpc.ask('session-get', fields=list(SESSION))
    assert now['speed-limit-up'] == 40 and now['speed-limit-up-enabled'], now
    assert not now['speed-limit-down-enabled'] and now['seed-queue-size'] == 7, now
    assert node.json('config', 'get', 'files.seed-queue')['value'] == '7'
    config = rpc.ask('session-get', fields=['config-dir'])
    assert os.path.isdir(os.path.join(config['config-dir'], 'torrents')), config
    stats = rpc.ask('session-stats')
    typed(stats, {'downloadSpeed': int, 'uploadSpeed': int, 'torrentCount': int})
    typed(stats['current-stats'], {'downloadedBytes': int, 'uploadedBytes': int})


def totals_outlive_a_restart(lab):
    a, b, _, shared = shared_tree(lab)
    rpc = Rpc(b)
    ident, _ = add(rpc, lab, shared, paused=False)
    b.run('file', 'peer', ident, a.address)
    L.until('the end', lambda: rpc.torrents(['status'], [ident])[0]['status'] == 6)
    before = rpc.ask('session-stats')['cumulative-stats']
    assert before['downloadedBytes'] >= 1_200_000 and before['sessionCount'] == 1, before
    b.stop()
    b.start()
    stats = Rpc(b).ask('session-stats')
    assert stats['cumulative-stats']['downloadedBytes'] >= before['downloadedBytes'], stats
    assert stats['cumulative-stats']['sessionCount'] == 2, stats
    assert stats['current-stats']['downloadedBytes'] == 0, stats


def only_what_changed_lately_is_told(lab):
    a = lab.node('a')
    rpc = Rpc(a)
    ids = [a.share(L.make_file(os.path.join(lab.folder('in'), f'f{i}'), 1000, seed=i))['id']
           for i in range(3)]
    rows = rpc.ask('torrent-get', ids='recently-active', fields=['id', 'hashString'])
    assert len(rows['torrents']) == 3 and rows['removed'] == [], rows
    gone = next(t['id'] for t in rows['torrents'] if t['hashString'] == ids[1])
    rpc.ask('torrent-remove', ids=[gone])
    rows = rpc.ask('torrent-get', ids='recently-active', fields=['id'], format='table')
    assert rows['removed'] == [gone] and rows['torrents'][0] == ['id'], rows


if __name__ == '__main__':
    L.main(the_list_has_what_flood_shows, what_is_done_to_torrents_happens,
           trackers_are_replaced_as_flood_does, a_torrent_is_moved, settings_are_told_and_kept,
           totals_outlive_a_restart, only_what_changed_lately_is_told)
