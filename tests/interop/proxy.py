#!/usr/bin/env python3
"""node.proxy: everything through a SOCKS5 proxy (Debian's dante), or nothing.  The proxy leaves by an
address of its own, so that whoever is reached sees who came."""
import os
import signal

import lab as L
from peers import Opentracker, need

PROXY_IP = '127.0.0.9'


class Dante:
    """danted with a user's name and password from the system: without either here."""

    def __init__(self, lab):
        self.port = L.free_port()
        self.lab = lab
        self.conf = os.path.join(lab.dir, 'danted.conf')
        with open(self.conf, 'w') as f:
            f.write(f'''logoutput: stderr
internal: 127.0.0.1 port = {self.port}
external: {PROXY_IP}
clientmethod: none
socksmethod: none
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect udpassociate udpreply bindreply }}
''')
        self.start()
        self.url = f'socks5://127.0.0.1:{self.port}'

    def start(self):
        self.process = self.lab.spawn([need('danted'), '-f', self.conf], 'danted')
        L.until('danted to run', lambda: 'running' in self.lab.log_of('danted'))

    def stop(self):
        """With the processes that it has made, which go on without it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def seen_from(node, ident):
    """The addresses of those who came to it."""
    return {p['addr'].rsplit(':', 1)[0] for p in node.row(ident)['peer_list'] if p['incoming']}


def by_tracker(lab, which, name):
    """A link with a tracker and nothing else; all of it through the proxy."""
    path = L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), 3_000_000)
    tracker = Opentracker(lab, L.infohash_of(lab, path))
    dante = Dante(lab)
    a = lab.node('a')
    url = getattr(tracker, which).replace('127.0.0.1', name)
    shared = a.share(path, '--tracker', getattr(tracker, which))
    L.until('the announce', lambda: a.announced(shared['id']))
    a.run('file', 'limit', shared['id'], '--up', '1M')  # so that the peer is seen
    b = lab.node('b', files__listen='0.0.0.0:0', node__proxy=dante.url)
    out = lab.folder('out')
    link = f'magnet:?xt=urn:btih:{shared["infohash_v1"]}&tr={url}'
    b.run('get', link, '-o', out, '--detach')
    came = L.until('somebody to come', lambda: seen_from(a, shared['id']))
    assert came == {PROXY_IP}, came
    L.until('all of it', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'payload.bin'))
    assert b.announced(shared['id'])


def a_link_with_an_http_tracker_goes_through_the_proxy(lab):
    by_tracker(lab, 'http', '127.0.0.1')


def a_link_with_a_udp_tracker_goes_through_the_proxy(lab):
    by_tracker(lab, 'udp', '127.0.0.1')


def names_are_looked_up_by_the_proxy(lab):
    by_tracker(lab, 'udp', 'localhost')


def when_the_proxy_is_gone_nothing_goes_directly(lab):
    path = L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), 3_000_000)
    dante = Dante(lab)
    a = lab.node('a')
    shared = a.share(path)
    b = lab.node('b', files__listen='0.0.0.0:0', node__proxy=dante.url, log__level='debug')
    dante.stop()
    out = lab.folder('out')
    b.run('get', shared['magnet'], '-o', out, '--detach', '--peer', a.address)
    L.until('it to have tried', lambda: f'proxy 127.0.0.1:{dante.port}' in b.log())
    assert not a.row(shared['id'])['peer_list'], a.row(shared['id'])['peer_list']
    dante.start()
    b.run('file', 'peer', shared['id'], a.address)
    L.until('all of it', lambda: b.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'payload.bin'))


if __name__ == '__main__':
    L.main(a_link_with_an_http_tracker_goes_through_the_proxy,
           a_link_with_a_udp_tracker_goes_through_the_proxy, names_are_looked_up_by_the_proxy,
           when_the_proxy_is_gone_nothing_goes_directly)
