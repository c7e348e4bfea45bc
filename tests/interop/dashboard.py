#!/usr/bin/env python3
"""The dashboard as a browser gets it: served by the node alone, and what is packaged is what the sources build."""
import gzip
import json
import os
import re
import subprocess
import urllib.parse

import lab as L

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')


def curl(*words, **more):
    return subprocess.run(['curl', '-sS', '--max-time', '30', *words], capture_output=True, check=True, **more).stdout


def get(node, path, *words):
    """Status, headers by lower-case name, body as it came."""
    whole = curl('-i', *words, f'http://{node.http}{path}')
    head, _, body = whole.partition(b'\r\n\r\n')
    first, *lines = head.decode().split('\r\n')
    headers = {k.lower(): v for k, _, v in (line.partition(': ') for line in lines)}
    return int(first.split()[1]), headers, body


def all_of_it_comes_from_the_node_and_is_kept_by_its_hash(lab):
    node = lab.node()
    status, headers, page = get(node, '/ui/files?q=x')
    assert status == 200 and headers['content-type'] == 'text/html; charset=utf-8', headers
    assert "default-src 'self'" in headers['content-security-policy'] and 'unsafe' not in str(headers)
    assert get(node, '/')[2] == page
    todo, seen = set(re.findall(r'(?:src|href)="(/[^"]+)"', page.decode())), set()
    assert len(todo) >= 3, page
    while todo:
        path = todo.pop()
        seen.add(path)
        status, headers, body = get(node, path, '-H', 'Accept-Encoding: gzip')
        assert status == 200 and headers['content-encoding'] == 'gzip', (path, status, headers)
        assert 'immutable' in headers['cache-control'] and headers['x-content-type-options'] == 'nosniff'
        text = gzip.decompress(body).decode()
        if path.endswith('.js'):
            todo |= {f'/assets/{n}' for n in re.findall(r'["`\'](?:\./|assets/)([\w.-]+\.(?:js|css))["`\']', text)} - seen
        status, _, body = get(node, path, '-H', f'If-None-Match: {headers["etag"]}')
        assert status == 304 and body == b'', (path, status)
        assert get(node, path, '-H', 'Accept-Encoding: identity')[0] == 406
    with open(os.path.join(TOP, 'web/packaged/manifest.json'), encoding='utf-8') as f:
        assert seen | {'/'} == {row['path'] for row in json.load(f)}, 'some of what is packaged is never asked for'


def only_the_nodes_own_name_is_answered(lab):
    node = lab.node()
    port = node.http.rpartition(':')[2]
    for path in ('/', '/ui/home', '/assets/none.js'):
        assert get(node, path, '-H', f'Host: evil.example:{port}')[0] == 421
        assert get(node, path, '-H', 'Origin: http://evil.example')[0] == 403
    assert get(node, '/ui/home', '-X', 'POST', '-H', 'Content-Type: application/json')[0] == 405
    status, headers, body = get(node, '/', '-I')
    assert status == 200 and int(headers['content-length']) > 0 and body == b''


def a_link_signs_in_once_and_says_so_in_words_when_it_is_used(lab):
    node = lab.node()
    assert get(node, '/api/v1/status')[0] == 401
    link = urllib.parse.urlsplit(node.run('open').stdout.strip())
    path = f'{link.path}?{link.query}'
    status, headers, _ = get(node, path)
    assert status == 303 and headers['location'] == '/', (status, headers)
    cookie = headers['set-cookie'].split(';')[0]
    assert get(node, '/api/v1/status', '-H', f'Cookie: {cookie}')[0] == 200
    status, headers, body = get(node, path, '-H', 'Accept: text/html')
    assert status == 401 and headers['content-type'].startswith('text/html') and b'<title>Shoal' in body
    assert get(node, path)[1]['content-type'] == 'application/problem+json'


def nobody_else_sees_the_link_that_a_browser_is_started_with(lab):
    node = lab.node()
    folder = lab.folder('bin')
    with open(os.path.join(folder, 'xdg-open'), 'w', encoding='utf-8') as f:
        f.write(f'#!/bin/sh\necho "$@" >{folder}/argv\n')
    os.chmod(f.name, 0o755)
    ours, theirs = os.openpty()
    subprocess.run([f'{L.BIN}/shoal', '--home', node.home, '--no-start', 'open'], stdin=subprocess.DEVNULL, stdout=theirs,
                   stderr=subprocess.DEVNULL, check=True,
                   env={**os.environ, 'DISPLAY': ':0', 'PATH': f'{folder}:{os.environ["PATH"]}'})
    os.close(theirs)
    os.close(ours)
    with open(os.path.join(folder, 'argv'), encoding='utf-8') as f:
        path = f.read().strip()
    assert path.startswith('/') and path.endswith('/open.html'), path
    assert os.stat(path).st_mode & 0o777 == 0o600 and os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700
    with open(path, encoding='utf-8') as f:
        link = urllib.parse.urlsplit(re.search(r'url=(http://[^"]+)"', f.read()).group(1))
    assert get(node, f'{link.path}?{link.query}')[0] == 303
    assert not os.path.exists(path)
    node.run('open')  # prints it, and leaves no page
    assert not os.path.exists(path)


def the_event_stream_begins_with_the_status_and_a_day_of_traffic_is_there(lab):
    node = lab.node(api__auth='off')
    first = subprocess.run(['curl', '-sS', '-N', '--max-time', '2', f'http://{node.http}/api/v1/events'],
                           capture_output=True, check=False).stdout.decode()
    snapshot = json.loads(re.search(r'^event: snapshot\nid: \S+\ndata: (.*)$', first, re.M).group(1))
    assert snapshot['status']['peer_id'] and snapshot['status']['disk']['free'] > 0, snapshot
    day = json.loads(get(node, '/api/v1/traffic')[2])
    assert day['step_s'] == 300 and len(day['up']) == len(day['down']) in (1, 2), day


def a_day_of_traffic_outlives_the_run(lab):
    ann, ben = lab.node('ann', files__dht='off'), lab.node('ben', files__dht='off')
    shared = ann.share(L.make_file(os.path.join(ann.home, 'some.bin'), 1 << 20))
    ben.run('get', shared['magnet'], '--peer', ann.address, '-o', lab.folder('out'))

    def down():
        answer = subprocess.run(['curl', '-sS', '--unix-socket', os.path.join(ben.home, 'run/api.sock'),
                                 'http://x/api/v1/traffic'], capture_output=True, check=True).stdout
        return sum(json.loads(answer)['down'])

    before = L.until('the bytes are counted', lambda: down() >= 1 << 20 and down())
    ben.stop()
    ben.start()
    assert down() >= before, (down(), before)
    ben.stop()
    with open(os.path.join(ben.home, 'data/traffic.json'), 'r+', encoding='utf-8') as f:
        f.truncate(9)
    ben.start()
    assert down() < before
    assert "the day's traffic begins anew" in ben.log()


def what_is_packaged_is_what_the_sources_build_and_weighs_what_it_may(lab):
    tool = os.path.join(TOP, 'tools/web')
    done = subprocess.run([tool, '--budget'], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    try:
        version = subprocess.run(['node', '--version'], capture_output=True, text=True, check=True).stdout
        subprocess.run(['npm', '--version'], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as why:
        raise L.Skip('Node.js is not here: the budget holds, the build is not compared') from why
    if int(version[1:].split('.')[0]) < 20:
        raise L.Skip(f'Node.js {version.strip()} is too old for the build; the budget holds')
    done = subprocess.run([tool, '--check'], capture_output=True, text=True, check=False)
    if 'npm ci' in done.stderr:
        raise L.Skip('the packages of npm cannot be had; the budget holds')
    assert done.returncode == 0, done.stderr


if __name__ == '__main__':
    L.main(all_of_it_comes_from_the_node_and_is_kept_by_its_hash,
           only_the_nodes_own_name_is_answered,
           a_link_signs_in_once_and_says_so_in_words_when_it_is_used,
           nobody_else_sees_the_link_that_a_browser_is_started_with,
           the_event_stream_begins_with_the_status_and_a_day_of_traffic_is_there,
           a_day_of_traffic_outlives_the_run,
           what_is_packaged_is_what_the_sources_build_and_weighs_what_it_may, apart=False)  # npm fetches
