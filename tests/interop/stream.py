#!/usr/bin/env python3
"""Files over HTTP while they download: ranges, seeking, keys, hostile names."""
import http.client
import os
import urllib.parse

import lab as L
from peers import Libtorrent

SIZE = 12_000_000


def setup(lab, rate='2M'):
    a, b = lab.node('a'), lab.node('b')
    box = os.path.join(lab.folder('in'), 'box')
    os.makedirs(box)
    L.make_file(os.path.join(box, 'film.mkv'), SIZE)
    with open(os.path.join(box, 'evil";filename=x.html'), 'w', encoding='utf-8') as f:
        f.write('<script>alert(1)</script>')
    with open(os.path.join(box, 'ü %41#?&.svg'), 'w', encoding='utf-8') as f:
        f.write('<svg onload="alert(1)"/>')
    shared = a.share(box)
    a.run('file', 'limit', shared['id'], '--up', rate)
    b.run('get', shared['magnet'], '--peer', a.address, '-o', lab.folder('out'), '--detach')
    L.until('the metadata', lambda: b.row(shared['id'])['size'] > 0)
    return b, shared['id'], box


def ask(url, method='GET', path=None, **headers):
    u = urllib.parse.urlsplit(url)
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=120)
    c.request(method, path or f'{u.path}?{u.query}', headers={k.replace('_', '-'): v for k, v in headers.items()})
    return c.getresponse()


def read(url, **headers):
    r = ask(url, **headers)
    return r, r.read()


def it_plays_while_it_downloads(lab):
    b, ident, box = setup(lab)
    url = b.run('file', 'stream', ident).stdout.strip()
    with open(os.path.join(box, 'film.mkv'), 'rb') as f:
        film = f.read()
    r = ask(url)
    first = r.read(1000)
    assert r.status == 200 and first == film[:1000]
    assert b.row(ident)['left'] > SIZE / 2, 'the first byte came when it was nearly done'
    seek, middle = read(url, Range='bytes=8000000-8099999')
    assert seek.status == 206 and middle == film[8_000_000:8_100_000]
    assert seek.getheader('Content-Range') == f'bytes 8000000-8099999/{SIZE}'
    assert b.row(ident)['left'] > SIZE / 4, 'a seek waited for what is before it'
    assert first + r.read() == film
    L.until('all of it', lambda: b.row(ident)['state'] == 'seeding')
    assert read(url, Range='bytes=-5')[1] == film[-5:]
    assert read(url, Range='bytes=5-', If_Range=seek.getheader('ETag'))[0].status == 206
    assert read(url, Range='bytes=5-', If_Range='"other"')[0].status == 200
    assert read(url, Range=f'bytes={SIZE}-')[0].status == 416
    head = ask(url, 'HEAD')
    assert head.status == 200 and head.getheader('Content-Length') == str(SIZE) and head.read() == b''


def a_client_that_leaves_leaves_nothing(lab):
    b, ident, _ = setup(lab, rate='200K')
    url = b.run('file', 'stream', ident).stdout.strip()
    for _ in range(20):
        r = ask(url, Range='bytes=11000000-')
        r.close()
    L.until('it to go on', lambda: b.row(ident)['done'] > 0)
    b.run('file', 'rm', ident)
    assert read(url)[0].status == 404


def only_the_key_of_a_file_opens_it(lab):
    b, ident, _ = setup(lab, rate='50M')
    L.until('all of it', lambda: b.row(ident)['state'] == 'seeding')
    film = b.run('file', 'stream', ident).stdout.strip()
    evil = b.run('file', 'stream', ident, '*.html').stdout.strip()
    u, v = urllib.parse.urlsplit(film), urllib.parse.urlsplit(evil)
    assert read(film, path=u.path)[0].status == 401
    assert read(film, path=f'{u.path}?{v.query}')[0].status == 401
    assert read(film, Host='evil.example')[0].status == 421
    assert read(film, Origin='http://evil.example')[0].status == 403
    assert ask(film, 'POST').status in (405, 415)
    assert read(film, path=f'/files/{ident}/../../../etc/passwd?{u.query}')[0].status in (400, 401, 404)


def hostile_names_and_pages_are_harmless(lab):
    b, ident, _ = setup(lab, rate='50M')
    L.until('all of it', lambda: b.row(ident)['state'] == 'seeding')
    for what, text in (('*.html', b'<script>'), ('*.svg', b'<svg')):
        r, body = read(b.run('file', 'stream', ident, what).stdout.strip())
        assert r.status == 200 and body.startswith(text), (what, r.status)
        assert r.getheader('Content-Type') == 'application/octet-stream'
        assert r.getheader('Content-Disposition').startswith("attachment; filename*=UTF-8''")
        assert '"' not in r.getheader('Content-Disposition')
        assert r.getheader('Content-Security-Policy').startswith('sandbox;')
        assert 'allow-scripts' not in r.getheader('Content-Security-Policy')
        assert r.getheader('X-Content-Type-Options') == 'nosniff'
        assert r.getheader('Set-Cookie') is None


def from_libtorrent_too(lab):
    box = os.path.join(lab.folder('in'), 'film.mkv')
    L.make_file(box, SIZE)
    a = lab.node('a')
    shared = a.share(box)
    a.stop()
    lt = Libtorrent(lab, 'lt', upload_rate_limit=2_000_000)
    lt.do('add', what=shared['torrent_file'], folder=os.path.dirname(box), seed=True)
    b = lab.node('b')
    b.run('get', shared['magnet'], '--peer', f'127.0.0.1:{lt.port}', '-o', lab.folder('out'), '--detach')
    L.until('the metadata', lambda: b.row(shared['id'])['size'] > 0)
    url = b.run('file', 'stream', shared['id']).stdout.strip()
    with open(box, 'rb') as f:
        film = f.read()
    assert read(url, Range='bytes=6000000-6001999')[1] == film[6_000_000:6_002_000]
    assert read(url)[1] == film


if __name__ == '__main__':
    L.main(it_plays_while_it_downloads, a_client_that_leaves_leaves_nothing,
           only_the_key_of_a_file_opens_it, hostile_names_and_pages_are_harmless, from_libtorrent_too)
