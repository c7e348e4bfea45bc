#!/usr/bin/env python3
"""The owner's rules, as a person meets them: block lists by URL, address filters, names, signatures."""
import http.server
import os
import signal
import threading

import lab as L


class Lists:
    """An HTTP server with one list, its tag, and what was asked."""

    def __init__(self, text):
        self.text, self.tag, self.status, self.asked = text, '"1"', 200, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.headers.get('If-None-Match'))
                same = self.headers.get('If-None-Match') == outer.tag
                self.send_response(304 if same and outer.status == 200 else outer.status)
                self.send_header('ETag', outer.tag)
                self.send_header('Content-Length', '0' if same else str(len(outer.text)))
                self.end_headers()
                if not same:
                    self.wfile.write(outer.text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}/list.txt'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def shared(lab, *flags, name='f.bin'):
    a = lab.node('a')
    path = L.make_file(os.path.join(lab.folder('in'), name), 300_000)
    return a, path, a.share(path, *flags)


def loaded(node):
    return node.json('file', 'blocklist')['lists'][0]['loaded']


def a_subscribed_list_blocks_is_kept_and_asked_with_its_tag(lab):
    a, _, made = shared(lab)
    lists = Lists(f'# a list\n{made["infohash_v1"]} why\n')
    b = lab.node('b', files__blocklist=lists.url)
    L.until('the list', lambda: loaded(b))
    done = b.run('get', made['magnet'], '--peer', a.address, check=False)
    assert done.returncode == 4 and 'line 2' in done.stderr and lists.url in done.stderr, done
    b.stop()
    b.start()  # the kept copy holds, and the server is asked whether it is still true
    L.until('the server to be asked again', lambda: lists.asked[-1] == '"1"')
    assert loaded(b)
    assert b.run('get', made['magnet'], check=False).returncode == 4
    b.stop()
    lists.status, lists.tag = 500, '"2"'
    b.start()
    L.until('the failure to be said', lambda: '500' in (b.json('file', 'blocklist')['lists'][0]['error'] or ''))
    assert b.run('get', made['magnet'], check=False).returncode == 4
    b.stop()
    lists.end()
    b.start()
    L.until('the kept copy', lambda: loaded(b))
    assert b.run('get', made['magnet'], check=False).returncode == 4


def a_changed_list_takes_the_place_of_the_kept_one(lab):
    a, path, made = shared(lab)
    lists = Lists(f'{made["infohash_v1"]}\n')
    b = lab.node('b', files__blocklist=lists.url)
    L.until('the list', lambda: loaded(b))
    assert b.run('get', made['magnet'], check=False).returncode == 4
    lists.text, lists.tag = '# empty now\n', '"2"'
    b.process.send_signal(signal.SIGHUP)
    L.until('the new list', lambda: b.json('file', 'blocklist')['lists'][0]['entries'] == 0)
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out)
    L.same(path, os.path.join(out, 'f.bin'))
    lists.end()


def ones_own_list_and_a_signer_by_command(lab):
    a, path, made = shared(lab, '--sign')
    peer = a.json('id')['peer_id']
    assert a.row(made['id'])['signers'][0] == {**a.row(made['id'])['signers'][0], 'peer_id': peer,
                                               'name': 'this node', 'valid': True}
    torrent = os.path.join(lab.folder('t'), 'f.torrent')
    a.run('file', 'export', made['id'], torrent)
    b = lab.node('b')
    b.run('file', 'block', f'signer:{peer}', '--note', 'no more')
    done = b.run('get', torrent, '--peer', a.address, check=False)
    assert done.returncode == 4 and 'signer:' in done.stderr, done
    assert b.json('file', 'blocklist')['own'][0]['note'] == 'no more'
    b.run('file', 'unblock', f'signer:{peer}')
    out = lab.folder('out')
    done = b.run('get', torrent, '--peer', a.address, '-o', out)
    assert f'signed by {peer}' in done.stderr, done.stderr
    L.same(path, os.path.join(out, 'f.bin'))
    assert '&xs=urn:btpk:' in made['magnet']  # the link names the key, and is a link like any other
    other = lab.folder('other')
    lab.node('c').run('get', made['magnet'], '--peer', a.address, '-o', other)
    L.same(path, os.path.join(other, 'f.bin'))


def an_address_filter_is_read_again_when_its_file_changes(lab):
    a, path, made = shared(lab)
    rules = os.path.join(lab.folder('rules'), 'p2p.txt')
    with open(rules, 'w', encoding='ascii') as f:
        f.write('here:127.0.0.0-127.255.255.255\n')
    b = lab.node('b', **{'files.ip-filter': rules})
    L.until('the filter', lambda: b.json('file', 'blocklist')['ip_filters'][0]['entries'] == 1)
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out, '--detach')
    L.until('an address to be turned away', lambda: b.json('file', 'blocklist')['filtered'] > 0)
    assert b.row(made['id'])['peers'] == 0
    with open(rules, 'w', encoding='ascii') as f:
        f.write('there:10.0.0.0-10.255.255.255\n')
    b.process.send_signal(signal.SIGHUP)
    L.until('the filter to change',
            lambda: b.run('file', 'peer', made['id'], a.address) and b.row(made['id'])['left'] == 0
            and b.row(made['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'f.bin'))


def a_filtered_web_seed_is_not_asked(lab):
    folder = lab.folder('www')
    path = L.make_file(os.path.join(folder, 'w.bin'), 200_000)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    a = lab.node('a')
    made = a.share(path, '--web-seed', f'http://127.0.0.1:{server.server_address[1]}/w.bin')
    torrent = os.path.join(lab.folder('t'), 'w.torrent')
    a.run('file', 'export', made['id'], torrent)
    rules = os.path.join(lab.folder('rules'), 'p2p.txt')
    with open(rules, 'w', encoding='ascii') as f:
        f.write('127.0.0.0/8\n')
    b = lab.node('b', **{'files.ip-filter': rules})
    L.until('the filter', lambda: b.json('file', 'blocklist')['ip_filters'][0]['entries'] == 1)
    b.run('get', torrent, '-o', lab.folder('out'), '--detach')
    L.until('it to be turned away', lambda: b.json('file', 'blocklist')['filtered'] > 0)
    assert not asked and b.row(made['id'])['left'] == 200_000, asked
    server.shutdown()
    server.server_close()


def denied_names_by_command(lab):
    a = lab.node('a')
    tree = lab.folder('in')
    L.make_file(os.path.join(tree, 'film.bin'), 300_000)
    L.make_file(os.path.join(tree, 'Setup.EXE'), 900, seed=2)
    made = a.share(tree)
    name = os.path.basename(tree)
    b = lab.node('b', **{'files.deny': '*.lnk *.exe'})
    out = lab.folder('out')
    b.run('get', made['magnet'], '--peer', a.address, '-o', out)
    L.same(os.path.join(tree, 'film.bin'), os.path.join(out, name, 'film.bin'))
    assert os.listdir(os.path.join(out, name)) == ['film.bin'], os.listdir(os.path.join(out, name))
    c = lab.node('c', **{'files.deny': '*.lnk *.exe', 'files.deny-action': 'refuse'})
    empty = lab.folder('empty')
    done = c.run('get', made['magnet'], '--peer', a.address, '-o', empty, check=False)
    assert done.returncode == 4 and '*.exe' in done.stderr and 'Setup.EXE' in done.stderr, done
    assert os.listdir(empty) == [], os.listdir(empty)


if __name__ == '__main__':
    L.main(a_subscribed_list_blocks_is_kept_and_asked_with_its_tag,
           a_changed_list_takes_the_place_of_the_kept_one, ones_own_list_and_a_signer_by_command,
           an_address_filter_is_read_again_when_its_file_changes, a_filtered_web_seed_is_not_asked,
           denied_names_by_command)
