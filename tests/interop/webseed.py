#!/usr/bin/env python3
"""Downloads from HTTP servers alone: one that is good, over TLS too, and those that redirect, lie, ignore
ranges, lack a file, refuse for a while, never end or stop sending."""
import http.server
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.parse

import lab as L

SIZE = 3_000_001


class Server(http.server.ThreadingHTTPServer):
    """The files below a folder, with ranges; `manner` says how it misbehaves."""
    daemon_threads = True

    def __init__(self, lab, folder, manner='good', tls=None, address='127.0.0.1',
                 handler=None):
        super().__init__((address, 0), handler or Handler)
        self.folder, self.manner, self.asked, self.served = folder, manner, 0, 0
        self.lock, self.connections = threading.Lock(), set()
        scheme = 'http'
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = 'https'
        self.url = f'{scheme}://{address}:{self.server_address[1]}/'
        self.stopping = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        lab.ends.callback(self.end)

    def end(self):
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is none


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, status, body=b'', **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        s = self.server
        with s.lock:
            s.asked += 1
            s.connections.add(self.client_address)
            asked = s.asked
        if s.manner.startswith('redirect:'):
            return self.answer(302, Location=s.manner[9:] + self.path.lstrip('/'))
        if s.manner == 'loop':
            return self.answer(302, Location=self.path)
        if s.manner == 'busy' and asked <= 2:
            return self.answer(503, b'later', Retry_After='1')
        path = os.path.join(s.folder, urllib.parse.unquote(self.path).lstrip('/'))
        if not os.path.isfile(path):
            return self.answer(404, b'nothing')
        with open(path, 'rb') as f:
            body = f.read()
        if s.manner == 'lies':
            body = bytes(len(body))
        wanted = re.fullmatch(r'bytes=(\d+)-(\d+)', self.headers.get('Range', ''))
        if not wanted or s.manner == 'no ranges':
            with s.lock:
                s.served += 1
            return self.answer(200, body)
        first, last = int(wanted[1]), int(wanted[2])
        part = body[first:last + 1]
        if s.manner == 'endless':
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {first}-{last}/{len(body)}')
            self.end_headers()
            self.wfile.write(part)
            while not s.stopping.is_set():
                self.wfile.write(bytes(65536))
            return None
        if s.manner == 'stops' and asked == 1:
            self.send_response(206)
            self.send_header('Content-Range', f'bytes {first}-{last}/{len(body)}')
            self.send_header('Content-Length', str(len(part)))
            self.end_headers()
            self.wfile.write(part[:20000])
            self.wfile.flush()
            s.stopping.wait(60)
            return None
        with s.lock:
            s.served += len(part)
        return self.answer(206, part, Content_Range=f'bytes {first}-{last}/{len(body)}')


class Script(Handler):
    """BEP 17: pieces by their numbers, and parts of them."""
    def do_GET(self):
        s = self.server
        with s.lock:
            s.asked += 1
        if s.manner == 'busy' and s.asked <= 2:
            return self.answer(503, b'1')
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, encoding='latin-1'))
        if query.get('who') != 'me' or query['info_hash'].encode('latin-1').hex() != s.infohash:
            return self.answer(404, b'nothing')
        with open(os.path.join(s.folder, 'my payload'), 'rb') as f:
            f.seek(int(query['piece']) * s.piece_len)
            piece = f.read(s.piece_len)
        if s.manner == 'lies':
            piece = bytes(len(piece))
        if 'ranges' in query:
            ranges = [tuple(map(int, r.split('-'))) for r in query['ranges'].split(',')]
            piece = b''.join(piece[first:last + 1] for first, last in ranges)
        s.served += len(piece)
        return self.answer(200, piece)


def with_scripts(torrent, urls, out):
    """The .torrent with `httpseeds` before its `info`, as the order of keys demands."""
    with open(torrent, 'rb') as f:
        body = f.read()
    at = body.index(b'4:info')
    listed = b''.join(b'%d:%s' % (len(u), u.encode()) for u in urls)
    with open(out, 'wb') as f:
        f.write(body[:at] + b'9:httpseedsl' + listed + b'e' + body[at:])


def made(lab, *flags, tree=False):
    """(folder, its content's path, the torrent) of something that nobody shares any more."""
    folder = lab.folder('in')
    path = os.path.join(folder, 'my payload')
    if tree:
        L.make_tree(path, 40)
    else:
        L.make_file(path, SIZE)
    maker = lab.node('maker')
    shared = maker.share(path, *flags)
    maker.stop()
    return folder, path, shared


def torrent_with(lab, path, *urls, flags=()):
    maker = lab.node('with-seeds')
    try:
        shared = maker.share(path, *(w for url in urls for w in ('--web-seed', url)), *flags)
    except L.Refused as no:
        if 'there is no option' in str(no):
            raise L.Skip('such torrents are not made yet')
        raise
    maker.stop()
    return shared


def fetch(lab, path, what, name='b', **settings):
    node = lab.node(name, **settings)
    out = lab.folder('out')
    node.run('get', what, '-o', out)
    L.same(path, os.path.join(out, os.path.basename(path)))
    return node


def seeds_of(node, ident):
    return node.row(ident)['web_seeds']


def from_one_server(lab, *flags, tree=False):
    folder, path, _ = made(lab, tree=tree)
    server = Server(lab, folder)
    shared = torrent_with(lab, path, server.url, flags=flags)
    fetch(lab, path, shared['torrent_file'])
    return server


def a_file_comes_from_a_server_alone(lab):
    server = from_one_server(lab)
    assert server.served == SIZE, server.served  # nothing twice
    assert len(server.connections) <= 3, server.connections  # they are kept


def a_folder_comes_from_a_server_alone(lab):
    from_one_server(lab, tree=True)


def a_v2_folder_comes_from_a_server_alone(lab):
    from_one_server(lab, '--v2', tree=True)


def a_hybrid_folder_comes_from_a_server_alone(lab):
    from_one_server(lab, '--hybrid', tree=True)


def a_link_names_a_web_seed(lab):
    """The metadata comes from a peer that gives nothing else; then it is gone."""
    folder, path, shared = made(lab)
    server = Server(lab, folder)
    a = lab.node('a')
    a.share(path)
    a.run('file', 'limit', shared['id'], '--up', '1')
    b = lab.node('b')
    out = lab.folder('out')
    link = f'magnet:?xt=urn:btih:{shared["infohash_v1"]}&ws={urllib.parse.quote(server.url, "")}'
    b.run('get', link, '--peer', a.address, '-o', out)
    L.same(path, os.path.join(out, 'my payload'))
    assert server.served >= SIZE * 9 // 10, server.served
    assert urllib.parse.quote(server.url, '') in b.row(shared['id'])['magnet']


def over_tls(lab):
    folder, path, _ = made(lab)
    pki = lab.folder('pki')
    cert, key = os.path.join(pki, 'cert.pem'), os.path.join(pki, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out',
                    cert, '-subj', '/CN=lab', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'],
                   check=True, capture_output=True)
    server = Server(lab, folder, tls=(cert, key))
    shared = torrent_with(lab, path, server.url)
    doubtful = lab.node('doubtful')
    doubtful.run('get', shared['torrent_file'], '-o', lab.folder('no'), '--detach')
    L.until('it to see that nobody vouches for the server',
            lambda: 'certificate' in seeds_of(doubtful, shared['id'])[0]['error'].lower())
    assert server.served == 0
    system = '/etc/ssl/certs/ca-certificates.crt'
    trusting = ['unshare', '--mount', *([] if os.geteuid() == 0 else ['--map-root-user']), 'sh', '-c',
                f'mount --bind "{cert}" {system} && exec "$@"', 'sh']
    if subprocess.run([*trusting, 'true'], capture_output=True, check=False).returncode:
        raise L.Skip('no mount namespaces here')
    fetch(lab, path, shared['torrent_file'], under=trusting)


def a_redirect_is_followed(lab):
    folder, path, _ = made(lab)
    server = Server(lab, folder)
    first = Server(lab, folder, 'redirect:' + server.url)
    fetch(lab, path, torrent_with(lab, path, first.url)['torrent_file'])


def a_liar_is_banned_and_the_honest_one_gives_all(lab):
    folder, path, _ = made(lab)
    liar, honest = Server(lab, folder, 'lies'), Server(lab, folder)
    shared = torrent_with(lab, path, liar.url, honest.url)
    b = fetch(lab, path, shared['torrent_file'])
    states = {s['url']: s['state'] for s in seeds_of(b, shared['id'])}
    assert states[liar.url] == 'banned' and states[honest.url] != 'banned', states


def a_server_that_ignores_ranges_is_left_for_another(lab):
    folder, path, _ = made(lab)
    plain, good = Server(lab, folder, 'no ranges'), Server(lab, folder)
    fetch(lab, path, torrent_with(lab, path, plain.url, good.url)['torrent_file'])
    assert plain.asked <= 2, plain.asked


def small_files_come_from_a_server_without_ranges(lab):
    """Whole files from their beginning are what it gives anyway."""
    folder = lab.folder('in')
    path = os.path.join(folder, 'small')
    L.make_file(path, 15000)
    server = Server(lab, folder, 'no ranges')
    fetch(lab, path, torrent_with(lab, path, server.url)['torrent_file'])


def a_server_that_has_half_of_the_files_gives_half(lab):
    folder, path, _ = made(lab, tree=True)
    half = lab.folder('half')
    subprocess.run(['cp', '-r', path, half], check=True)
    for top, _, names in os.walk(half):
        for name in names[::2]:
            os.unlink(os.path.join(top, name))
    some, all_ = Server(lab, half), Server(lab, folder)
    fetch(lab, path, torrent_with(lab, path, some.url, all_.url)['torrent_file'])


def a_busy_server_is_asked_again_when_it_says(lab):
    folder, path, _ = made(lab)
    fetch(lab, path, torrent_with(lab, path, Server(lab, folder, 'busy').url)['torrent_file'])


def a_body_without_end_ends(lab):
    folder, path, _ = made(lab)
    fetch(lab, path, torrent_with(lab, path, Server(lab, folder, 'endless').url)['torrent_file'])


def a_server_that_stops_sending_is_tried_again(lab):
    folder, path, _ = made(lab)
    server = Server(lab, folder, 'stops')
    fetch(lab, path, torrent_with(lab, path, server.url)['torrent_file'])


def redirects_without_end_are_an_error(lab):
    folder, path, _ = made(lab)
    server = Server(lab, folder, 'loop')
    shared = torrent_with(lab, path, server.url)
    b = lab.node('b')
    b.run('get', shared['torrent_file'], '-o', lab.folder('out'), '--detach')
    L.until('the words', lambda: 'redirects' in seeds_of(b, shared['id'])[0]['error'])
    assert server.asked <= 2 * 6, server.asked


def a_limit_holds_for_servers_too(lab):
    folder, path, _ = made(lab)
    server = Server(lab, folder)
    shared = torrent_with(lab, path, server.url)
    began = time.monotonic()
    fetch(lab, path, shared['torrent_file'], **{'limits.down': '500K'})
    assert time.monotonic() - began > 3, 'too fast'  # 6 s less a second's burst


def from_scripts(lab, *manners):
    """A node that has got it all from scripts that behave so, those, and the torrent."""
    if not PUBLIC:  # at home nobody is asked with a query
        raise L.Skip('no network of our own can be made here')
    folder, path, shared = made(lab)
    scripts = [Server(lab, folder, m, address=PUBLIC, handler=Script) for m in manners]
    torrent = os.path.join(lab.dir, 'scripts.torrent')
    maker = lab.node('exporter')
    shared = maker.share(path)
    maker.run('file', 'export', shared['id'], torrent + '.plain')
    for s in scripts:
        s.infohash, s.piece_len = shared['infohash_v1'], maker.row(shared['id'])['pieces']['size']
    maker.stop()
    with_scripts(torrent + '.plain', [f'{s.url}seed.php?who=me' for s in scripts], torrent)
    node = fetch(lab, path, torrent, files__listen=f'{PUBLIC}:0', files__dht='off')
    again = os.path.join(lab.dir, 'again.torrent')
    node.run('file', 'export', shared['id'], again)
    with open(again, 'rb') as f:
        assert b'9:httpseedsl' in f.read()
    return node, scripts, shared


def a_script_gives_pieces(lab):
    _, (script,), _ = from_scripts(lab, 'good')
    assert script.served == SIZE


def a_script_says_when_to_come_again(lab):
    _, (script,), _ = from_scripts(lab, 'busy')
    assert script.served == SIZE


def a_script_that_lies_is_banned(lab):
    node, (liar, _), shared = from_scripts(lab, 'lies', 'good')
    states = {s['url']: s['state'] for s in seeds_of(node, shared['id'])}
    assert liar.served == 0 or states[f'{liar.url}seed.php?who=me'] == 'banned', states


if __name__ == '__main__':
    L.own_network()
    PUBLIC = '81.1.1.1' if os.environ.get('SHOAL_OWN_NETWORK') == '1' and subprocess.run(
        ['ip', 'address', 'add', '81.1.1.1/32', 'dev', 'lo'], check=False).returncode == 0 else None
    L.main(a_script_gives_pieces, a_script_says_when_to_come_again, a_script_that_lies_is_banned,
           a_file_comes_from_a_server_alone, a_folder_comes_from_a_server_alone,
           a_v2_folder_comes_from_a_server_alone, a_hybrid_folder_comes_from_a_server_alone,
           a_link_names_a_web_seed, over_tls, a_redirect_is_followed,
           a_liar_is_banned_and_the_honest_one_gives_all,
           a_server_that_ignores_ranges_is_left_for_another,
           small_files_come_from_a_server_without_ranges,
           a_server_that_has_half_of_the_files_gives_half, a_busy_server_is_asked_again_when_it_says,
           a_body_without_end_ends, a_server_that_stops_sending_is_tried_again,
           redirects_without_end_are_an_error, a_limit_holds_for_servers_too)
