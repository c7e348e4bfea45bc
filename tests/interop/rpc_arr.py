#!/usr/bin/env python3
"""Sonarr, Radarr and their kin: the calls, fields and types of TransmissionProxy.cs and
TransmissionBase.cs, in their order, and what each is to bring about."""
import base64
import json
import os
import re
import urllib.error
import urllib.request

import lab as L
from rpc_client import Rpc, typed

# TransmissionProxy.GetTorrentStatus asks for these; TransmissionTorrent.cs gives the types.
FIELDS = {'id': int, 'hashString': str, 'name': str, 'downloadDir': str, 'totalSize': int,
          'leftUntilDone': int, 'isFinished': bool, 'eta': int, 'status': int,
          'secondsDownloading': int, 'secondsSeeding': int, 'errorString': str,
          'uploadedEver': int, 'downloadedEver': int, 'seedRatioLimit': float,
          'seedRatioMode': int, 'seedIdleLimit': int, 'seedIdleMode': int, 'fileCount': int,
          'file-count': int, 'labels': list}
STOPPED, SEEDING = 0, 6


def it_logs_in_as_sonarr_does(lab):
    node = lab.node('node')
    rpc = Rpc(node)
    # AuthenticateClient: a GET without a session id, whose answer must be 409 with one.
    request = urllib.request.Request(rpc.url, headers={'Authorization': rpc.headers['Authorization']})
    try:
        urllib.request.urlopen(request, timeout=30)
        raise AssertionError('not refused')
    except urllib.error.HTTPError as e:
        assert e.code == 409, e.code
        assert e.headers['X-Transmission-Session-Id'], e.headers
        assert e.headers['X-Transmission-Rpc-Version'] == '6.0.0', e.headers
    try:
        Rpc(node, password='wrong').ask('session-get')
        raise AssertionError('a wrong password was taken')
    except urllib.error.HTTPError as e:
        assert e.code == 401, e.code
    config = rpc.post({'method': 'session-get'})['arguments']
    typed(config, {'version': str, 'rpc-version': int, 'download-dir': str,
                   'incomplete-dir-enabled': bool, 'incomplete-dir': str, 'seedRatioLimit': float,
                   'seedRatioLimited': bool, 'idle-seeding-limit': int,
                   'idle-seeding-limit-enabled': bool})
    # Transmission.ValidateVersion: the first number of "(?<!\(|(\d|\.)+)(\d|\.)+(?!\)|(\d|\.)+)", 2.40.
    version = re.match(r'(\d+)\.(\d+)', config['version'])
    assert (int(version[1]), int(version[2])) >= (2, 40), config['version']
    assert os.path.isabs(config['download-dir'])


def a_host_that_is_not_ours_is_misdirected(lab):
    rpc = Rpc(lab.node('node'))
    rpc.headers['Host'] = 'evil.example:9091'
    try:
        rpc.ask('session-get')
        raise AssertionError('answered')
    except urllib.error.HTTPError as e:
        assert e.code == 421, e.code


def added(rpc, lab, path):
    with open(path, 'rb') as f:
        metainfo = base64.b64encode(f.read()).decode()
    out = lab.folder('out')
    answer = rpc.ask('torrent-add', metainfo=metainfo, paused=False, labels=['tv-sonarr'],
                     **{'download-dir': out})
    return answer['torrent-added'], out


def an_episode_is_grabbed_imported_and_removed(lab):
    a, b = lab.node('a'), lab.node('b')
    rpc = Rpc(b)
    path = L.make_tree(os.path.join(lab.folder('in'), 'Show.S01E01'), 20)
    shared = a.share(path)
    torrent, out = added(rpc, lab, shared['torrent_file'])
    assert torrent['hashString'] == shared['infohash_v1'], torrent
    ids = [torrent['hashString']]
    # SetTorrentSeedingConfiguration, MoveTorrentToTopInQueue: of each torrent that was added.
    rpc.ask('torrent-set', ids=ids, seedRatioLimit=0.0, seedRatioMode=1)
    rpc.ask('torrent-set', ids=ids, seedIdleLimit=30, seedIdleMode=1)
    rpc.ask('queue-move-top', ids=ids)
    row = rpc.torrents(FIELDS, ids)[0]
    typed(row, FIELDS)
    assert row['labels'] == ['tv-sonarr'] and row['downloadDir'] == out, row
    assert row['seedRatioLimit'] == 0 and row['seedRatioMode'] == 1, row
    assert row['seedIdleLimit'] == 30 and row['seedIdleMode'] == 1, row
    b.run('file', 'peer', shared['id'], a.address)
    # HasReachedSeedLimit: stopped, and its ratio is what was asked for.
    done = L.until('the end of seeding', lambda: next(
        (t for t in rpc.torrents(FIELDS) if t['status'] == STOPPED and t['isFinished']), None))
    assert done['leftUntilDone'] == 0 and done['fileCount'] == done['file-count'] == 20, done
    L.same(path, os.path.join(done['downloadDir'], done['name']))
    # MarkItemAsImported: the label of what was imported.
    rpc.ask('torrent-set', ids=ids, labels=['tv-sonarr', 'imported'])
    assert rpc.torrents(['labels'], ids)[0]['labels'] == ['tv-sonarr', 'imported']
    b.stop()
    b.start()
    rpc = Rpc(b)
    row = rpc.torrents(FIELDS, ids)[0]
    assert row['labels'] == ['tv-sonarr', 'imported'] and row['isFinished'], row
    assert row['seedIdleLimit'] == 30 and row['secondsDownloading'] >= 0, row
    rpc.ask('torrent-remove', ids=ids, **{'delete-local-data': True})
    assert rpc.torrents(FIELDS) == []
    L.until('the files to go', lambda: not os.path.exists(os.path.join(out, done['name'])))


def a_magnet_link_waits_in_the_category(lab):
    rpc = Rpc(lab.node('node'))
    out = lab.folder('out')
    link = 'magnet:?xt=urn:btih:' + 'ab' * 20 + '&dn=Some.Show'
    # AddTorrentFromUrl
    rpc.ask('torrent-add', filename=link, paused=True, **{'download-dir': out})
    row = rpc.torrents(FIELDS)[0]
    typed(row, FIELDS)
    assert row['status'] == STOPPED and row['totalSize'] == 0 and row['name'] == 'Some.Show', row
    again = rpc.ask('torrent-add', filename=link, paused=True, **{'download-dir': out})
    assert again['torrent-duplicate']['hashString'] == 'ab' * 20, again
    assert rpc.torrents(FIELDS, ['cd' * 20]) == []


def what_is_wrong_is_told_in_words(lab):
    rpc = Rpc(lab.node('node'))
    answer = rpc.post({'method': 'torrent-add', 'arguments': {'metainfo': 'bm90IGEgdG9ycmVudA=='}})
    assert answer['result'] != 'success' and answer['result'], answer
    answer = rpc.post({'method': 'torrent-fly', 'arguments': {}})
    assert answer['result'] == 'method name not recognized', answer


def the_second_dialect_says_the_same(lab):
    a = lab.node('a')
    rpc = Rpc(a)
    a.share(L.make_file(os.path.join(lab.folder('in'), 'x.bin'), 300_000))
    session = rpc.call('session_get', fields=['version', 'rpc_version_semver', 'download_dir'])
    assert session['rpc_version_semver'] == '6.0.0' and len(session) == 3, session
    row = rpc.call('torrent_get', fields=['id', 'name', 'percent_done', 'status', 'file_stats'])
    row = row['torrents'][0]
    assert row['name'] == 'x.bin' and row['percent_done'] == 1 and row['status'] == SEEDING, row
    assert row['file_stats'] == [{'bytes_completed': 300_000, 'wanted': True, 'priority': 0}], row
    assert rpc.post({'jsonrpc': '2.0', 'method': 'torrent_stop'}) is None
    two = rpc.post([{'jsonrpc': '2.0', 'id': 1, 'method': 'torrent_get',
                     'params': {'fields': ['status'], 'ids': [row['id']]}},
                    {'jsonrpc': '2.0', 'id': 2, 'method': 'no_such'}])
    assert two[0]['result']['torrents'] == [{'status': STOPPED}], two
    assert two[1]['error']['code'] == -32601, two
    assert json.dumps(two)


if __name__ == '__main__':
    L.main(it_logs_in_as_sonarr_does, a_host_that_is_not_ours_is_misdirected,
           an_episode_is_grabbed_imported_and_removed, a_magnet_link_waits_in_the_category,
           what_is_wrong_is_told_in_words, the_second_dialect_says_the_same)
