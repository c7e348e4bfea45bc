#!/usr/bin/env python3
"""transmission-remote drives us as if we were transmission-daemon."""
import base64
import json
import os
import subprocess
import urllib.error
import urllib.request

import lab as L
from peers import need
from rpc_client import token_of


def remote(node, *words, token=None):
    argv = [need('transmission-remote'), node.http]
    if token:
        argv += ['-n', f'shoal:{token}']
    return subprocess.run(argv + list(words), capture_output=True, text=True, timeout=120, check=False)


def it_adds_lists_stops_starts_and_removes(lab):
    a, b = lab.node('a'), lab.node('b')
    path = L.make_file(os.path.join(lab.folder('in'), 'remote.bin'), 700_000)
    shared = a.share(path)
    token = token_of(b)
    out = lab.folder('out')
    added = remote(b, '-a', shared['torrent_file'], '-w', out, token=token)
    assert added.returncode == 0 and 'success' in added.stdout, added
    listed = remote(b, '-l', token=token)
    assert 'remote.bin' in listed.stdout, listed
    b.run('file', 'peer', shared['id'], a.address)
    L.until('the file', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'remote.bin'))
    assert '100%' in remote(b, '-l', token=token).stdout
    info = remote(b, '-t', '1', '-i', token=token).stdout
    assert shared['infohash_v1'] in info and 'remote.bin' in info, info
    assert 'success' in remote(b, '-t', '1', '--stop', token=token).stdout
    L.until('the stop', lambda: b.row(shared['id'])['state'] == 'paused')
    assert 'success' in remote(b, '-t', '1', '--start', token=token).stdout
    L.until('the start', lambda: b.row(shared['id'])['state'] == 'seeding')
    assert 'success' in remote(b, '-t', '1', '--remove', token=token).stdout
    L.until('the removal', lambda: b.json('file', 'ls') == [])
    assert os.path.exists(os.path.join(out, 'remote.bin'))


def a_magnet_link_is_taken(lab):
    a, b = lab.node('a'), lab.node('b')
    shared = a.share(L.make_file(os.path.join(lab.folder('in'), 'm'), 5000))
    done = remote(b, '-a', shared['magnet'], token=token_of(b))
    assert 'success' in done.stdout, done
    assert b.row(shared['id'])['state'] == 'metadata'


def without_the_token_it_is_refused(lab):
    b = lab.node('b')
    done = remote(b, '-l')
    assert 'Unauthorized' in done.stdout + done.stderr or '401' in done.stdout + done.stderr, done
    wrong = remote(b, '-l', token='0' * 64)
    assert '401' in wrong.stdout + wrong.stderr or 'Unauthorized' in wrong.stdout + wrong.stderr, wrong


def the_session_id_is_asked_for(lab):
    b = lab.node('b')
    basic = base64.b64encode(f'shoal:{token_of(b)}'.encode()).decode()
    request = urllib.request.Request(f'http://{b.http}/transmission/rpc',
                                     json.dumps({'method': 'session-get'}).encode(),
                                     {'Authorization': f'Basic {basic}'})
    try:
        urllib.request.urlopen(request, timeout=30)
        raise AssertionError('a request without a session id was answered')
    except urllib.error.HTTPError as e:
        assert e.code == 409, e.code
        request.add_header('X-Transmission-Session-Id', e.headers['X-Transmission-Session-Id'])
    answer = json.load(urllib.request.urlopen(request, timeout=30))
    assert answer['result'] == 'success', answer
    assert answer['arguments']['rpc-version'] >= 14, answer


if __name__ == '__main__':
    L.main(it_adds_lists_stops_starts_and_removes, a_magnet_link_is_taken,
           without_the_token_it_is_refused, the_session_id_is_asked_for)
