#!/usr/bin/env python3
"""Services of one node reached from another: HTTP through a forward, much both ways, half-closes,
who may and who may not, what comes back after a restart; and curl through a peer's exit, which
reaches what its owner allowed and nothing else."""
import hashlib
import http.server
import json
import os
import random
import socket
import socketserver
import struct
import subprocess
import threading

import lab as L

LAB = {'host.listen': '/ip4/127.0.0.1/tcp/0', 'host.lab': 'on', 'files.enabled': 'off'}


def node(lab, name, **more):
    n = lab.node(name, **{**LAB, **more})
    learn(n)
    return n


def learn(n):
    n.listen = n.json('status')['listen']
    n.id = n.json('status')['peer_id']


def two(lab, **more):
    """One that offers and one that uses, connected."""
    a, b = node(lab, 'ann', **more), node(lab, 'bob')
    b.run('net', 'dial', a.listen[0])
    return a, b


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass


def serve(lab, handler, server=socketserver.ThreadingTCPServer):
    """A TCP server on any port of loopback; returns the port."""
    server.allow_reuse_address = True
    s = server(('127.0.0.1', 0), handler)
    s.daemon_threads = True
    s.handle_error = lambda *_: None  # who is cut off is cut off
    threading.Thread(target=s.serve_forever, daemon=True).start()
    lab.ends.callback(s.server_close)
    lab.ends.callback(s.shutdown)
    return s.server_address[1]


def web(lab, **files):
    folder = lab.folder('web')
    for name, data in files.items():
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(data)
    return serve(lab, lambda *a: Files(*a, directory=folder))


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes, and ends when the other side has."""

    def handle(self):
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)
        self.request.shutdown(socket.SHUT_WR)


class Judge(socketserver.BaseRequestHandler):
    """Reads to the end, and only then says what it was."""

    def handle(self):
        h, n = hashlib.sha256(), 0
        while data := self.request.recv(1 << 16):
            h.update(data)
            n += len(data)
        self.request.sendall(f'{n} {h.hexdigest()}'.encode())


def curl(*words):
    return subprocess.run(['curl', '-sS', '--max-time', '60', *words], capture_output=True, check=False)


def read_all(s):
    parts = []
    while data := s.recv(1 << 16):
        parts.append(data)
    return b''.join(parts)


def is_cut(s):
    """It is reset, and does not end as if that had been all."""
    try:
        return s.recv(1) is None
    except ConnectionResetError:
        return True


def curl_through_a_forward(lab):
    a, b = two(lab)
    page = random.Random(1).randbytes(300_000)
    port = web(lab, page=page)
    offered = a.json('connect', 'expose', port, '--as', 'web', '--to', b.id)
    assert offered['at'] == f'127.0.0.1:{port}' and offered['to'] == [b.id], offered
    there = b.json('connect', 'forward', f'{a.id}/web', 0)
    got = curl(f'http://{there["at"]}/page')
    assert got.stdout == page, got.stderr
    kinds = [r['kind'] for r in a.json('connect', 'ls')], [r['kind'] for r in b.json('connect', 'ls')]
    assert kinds == (['service'], ['forward']), kinds
    L.until('it to be counted', lambda: a.json('connect', 'ls')[0]['served'] == 1)


def a_hundred_mebibytes_both_ways(lab):
    a, b = two(lab)
    a.run('connect', 'expose', serve(lab, Echo), '--as', 'echo', '--to', b.id)
    port = b.json('connect', 'forward', f'{a.id}/echo', 0)['port']
    block = random.Random(2).randbytes(1 << 20)
    sent, got = hashlib.sha256(), hashlib.sha256()
    with socket.create_connection(('127.0.0.1', port)) as s:
        def send():
            for i in range(100):
                part = block[i:] + block[:i]
                sent.update(part)
                s.sendall(part)
            s.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        total = 0
        while data := s.recv(1 << 16):
            got.update(data)
            total += len(data)
        sender.join()
    assert total == 100 << 20 and sent.digest() == got.digest(), total


def half_a_close_is_kept(lab):
    """The answer comes after the end of the question, and the other way round."""
    a, b = two(lab)
    a.run('connect', 'expose', serve(lab, Judge), '--as', 'judge', '--to', b.id)
    port = b.json('connect', 'forward', f'{a.id}/judge', 0)['port']
    data = random.Random(3).randbytes(3_000_000)
    with socket.create_connection(('127.0.0.1', port)) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s).decode() == f'{len(data)} {hashlib.sha256(data).hexdigest()}'


def what_breaks_off_is_no_end(lab):
    """A service that is reset in the middle resets who uses it."""
    a, b = two(lab)

    class Torn(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b'half')
            self.request.recv(1)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.request.close()
    a.run('connect', 'expose', serve(lab, Torn, PlainServer), '--as', 'torn', '--to', b.id)
    port = b.json('connect', 'forward', f'{a.id}/torn', 0)['port']
    with socket.create_connection(('127.0.0.1', port)) as s:
        assert s.recv(4) == b'half'
        s.sendall(b'x')
        assert is_cut(s)


class PlainServer(socketserver.ThreadingTCPServer):
    def shutdown_request(self, request):
        request.close()  # without the end that the library sends


def a_slow_reader_holds_up_the_sender(lab):
    """Nothing piles up in between: what is taken is bounded while nobody reads."""
    a, b = two(lab)
    ready, go = threading.Event(), threading.Event()

    class Slow(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            ready.set()
            go.wait(100)
            while self.request.recv(1 << 16):
                pass
    a.run('connect', 'expose', serve(lab, Slow), '--as', 'slow', '--to', b.id)
    port = b.json('connect', 'forward', f'{a.id}/slow', 0)['port']
    with socket.create_connection(('127.0.0.1', port)) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        ready.wait(60)
        s.settimeout(3)
        took = 0
        try:
            while took < 256 << 20:
                took += s.send(b'x' * 65536)
        except TimeoutError:
            pass
        go.set()
        assert took < 64 << 20, took


def who_is_not_trusted_is_a_card_for_the_owner(lab):
    a, b = two(lab)
    a.run('connect', 'expose', web(lab, page=b'hello'), '--as', 'web')
    there = b.json('connect', 'forward', f'{a.id}/web', 0)
    assert curl(f'http://{there["at"]}/page').returncode != 0
    state = L.until('words', lambda: (lambda r: r if 'not trusted' in r else None)(b.json('connect', 'ls')[0]['state']))
    assert 'owner' in state, state
    card, = a.json('connect', 'status')['requests']
    assert card['peer'] == b.id and card['what'] == 'web', card
    a.stop()  # it is still there after a restart
    a.start()
    learn(a)
    card, = a.json('connect', 'status')['requests']
    a.run(*card['next'].split()[1:], '--name', 'bob')
    assert a.json('connect', 'status')['requests'] == []
    assert a.json('peer', 'show', 'bob')['trust'] == 'trusted'
    b.run('net', 'dial', a.listen[0])
    assert curl(f'http://{there["at"]}/page').stdout == b'hello'
    a.run('peer', 'forget', 'bob')
    assert curl(f'http://{there["at"]}/page').returncode != 0


def a_service_for_others_is_not_there(lab):
    a, b = two(lab)
    c = node(lab, 'carl')
    a.run('peer', 'trust', b.id)
    a.run('connect', 'expose', web(lab, page=b'hello'), '--as', 'web', '--to', c.id)
    for name in ('web', 'nothing'):
        there = b.json('connect', 'forward', f'{a.id}/{name}', 0)
        assert curl(f'http://{there["at"]}/page').returncode != 0
        row = next(r for r in b.json('connect', 'ls') if r['service'] == name)
        assert 'no such service is offered to you' in row['state'], row
    assert a.json('connect', 'status')['requests'] == []


def the_blocked_are_hung_up_on(lab):
    a, b = two(lab)
    a.run('connect', 'expose', serve(lab, Echo), '--as', 'echo', '--to', b.id)
    port = b.json('connect', 'forward', f'{a.id}/echo', 0)['port']
    with socket.create_connection(('127.0.0.1', port)) as s:
        s.settimeout(60)  # not when the session has waited in vain for its connection
        s.sendall(b'one')
        assert s.recv(3) == b'one'
        a.run('peer', 'block', b.id)
        assert is_cut(s)
    L.until('them to be apart', lambda: not [p for p in a.json('peer', 'ls') if p['connected']])
    assert [p['trust'] for p in a.json('peer', 'ls')] == ['blocked']
    b.run('net', 'dial', a.listen[0], check=False)
    L.until('it to be hung up on', lambda: not [p for p in a.json('peer', 'ls') if p['connected']])
    with socket.create_connection(('127.0.0.1', port)) as s:
        assert s.recv(1) == b''


def all_comes_back_after_a_restart(lab):
    a, b = node(lab, 'ann'), node(lab, 'bob')
    a.settings['host.listen'] = a.listen[0].split('/p2p/')[0]
    b.run('net', 'dial', a.listen[0])
    a.run('connect', 'expose', web(lab, page=b'hello'), '--as', 'web', '--to', b.id)
    there = b.json('connect', 'forward', f'{a.id}/web', 0)
    assert curl(f'http://{there["at"]}/page').stdout == b'hello'
    a.stop()
    assert curl(f'http://{there["at"]}/page').returncode != 0
    state = b.json('connect', 'ls')[0]['state']
    assert 'ready' not in state, state
    b.kill()  # what was acknowledged survives that
    a.start()
    b.start()
    row, = b.json('connect', 'ls')
    assert row['at'] == there['at'] and row['service'] == 'web', row
    assert curl(f'http://{there["at"]}/page').stdout == b'hello'  # it is dialled anew
    b.run('connect', 'rm', row['id'])
    a.run('connect', 'rm', 'web')
    assert a.json('connect', 'ls') == b.json('connect', 'ls') == []
    assert curl(f'http://{there["at"]}/page').returncode != 0


def datagrams_through_a_forward(lab):
    """Two programs have a flow each; the answers come from where they asked."""
    a, b = two(lab)
    service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    service.bind(('127.0.0.1', 0))
    service.settimeout(60)
    lab.ends.callback(service.close)
    offered = a.json('connect', 'expose', f'{service.getsockname()[1]}/udp', '--as', 'dns', '--to', b.id)
    assert offered['protocol'] == 'udp' and offered['at'].endswith('/udp'), offered
    there = b.json('connect', 'forward', f'{a.id}/dns', '0/udp')
    assert there['id'] == f'{there["port"]}/udp' and there['protocol'] == 'udp', there
    seen = set()
    for size in (1, 512, 1400, 9000):
        for program in range(2):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(60)
                s.connect(('127.0.0.1', there['port']))
                s.send(bytes([program]) * size)
                data, where = service.recvfrom(65536)
                assert data == bytes([program]) * size and where[0] == '127.0.0.1'
                seen.add(where)
                service.sendto(data[::-1] + b'!', where)
                assert s.recv(65536) == data + b'!'
    assert len(seen) == 8, seen
    wrong = b.json('connect', 'forward', f'{a.id}/dns', 0)
    with socket.create_connection(('127.0.0.1', wrong['port'])) as s:
        assert s.recv(1) == b''
    state = next(r for r in b.json('connect', 'ls') if r['id'] == wrong['id'])['state']
    assert 'PORT/udp' in state, state
    b.run('connect', 'rm', there['id'])
    assert [r['id'] for r in b.json('connect', 'ls')] == [wrong['id']]


def what_is_asked_wrongly_is_answered_with_the_way_on(lab):
    """Each error names the thing, the value and what to do."""
    n = node(lab, 'ann')
    for words, said, following in (
            (('expose', '99999', '--as', 'web'), '"99999" is neither PORT (1 to 65535)', 'shoal connect expose'),
            (('expose', '80/sctp', '--as', 'web'), '"80/sctp"', 'shoal connect expose'),
            (('expose', '80', '--as', '9web'), '"9web" cannot be a service', 'shoal connect expose'),
            (('forward', 'web', '80'), '"web" is not PEER/NAME', 'shoal connect forward'),
            (('forward', 'ann/web', '80000'), '"80000" is neither PORT', 'shoal connect forward'),
            (('forward', 'nobody/web', '8000'), 'nobody', 'shoal peer'),
            (('exit', 'on', '--to', 'nobody'), 'nobody', 'shoal peer'),
            (('socks', '--listen', '0.0.0.0:1'), '0.0.0.0:1', 'loopback'),
            (('rm', 'web'), 'web is neither', 'shoal connect ls')):
        done = n.run('connect', *words, check=False)
        assert done.returncode in (2, 3), (words, done)
        assert said in done.stderr and following in done.stderr, (words, done.stderr)


def without_the_overlay_it_says_so(lab):
    n = lab.node('alone', **{'host.enabled': 'off', 'files.enabled': 'off'})
    done = n.run('connect', 'expose', 80, '--as', 'web', '--json', check=False)
    assert done.returncode == 7, done
    assert json.loads(done.stdout or done.stderr)['error']['code'] == 'connect.no_overlay', done
    assert n.json('connect', 'ls') == []


def exit_of(a, b, *flags):
    """Ann is an exit for Bob; the address of his proxy."""
    said = a.json('connect', 'exit', 'on', '--to', b.id, *flags)
    assert said['on'] and 'your address' in said['said'], said
    return b.json('connect', 'socks', '--via', a.id, '--listen', '127.0.0.1:0')['at']


def socks(at, url, *more):
    return curl('--socks5-hostname', at, *more, url)


def curl_through_a_peers_exit(lab):
    a, b = two(lab)
    page = random.Random(4).randbytes(300_000)
    port = web(lab, page=page)
    at = exit_of(a, b, '--allow', f'127.0.0.1/32:{port}', '--allow', f'[::1]/128:{port}')
    got = socks(at, f'http://127.0.0.1:{port}/page')
    assert got.stdout == page, got.stderr
    got = socks(at, f'http://localhost:{port}/page')  # the name is looked up there
    assert got.stdout == page, got.stderr
    got = curl('--proxytunnel', '--proxy', f'http://{at}', f'http://127.0.0.1:{port}/page')
    assert got.stdout == page, got.stderr
    lines = L.until('three lines', lambda: (lambda x: x if len(x) == 3 else None)(a.json('connect', 'log')))
    assert {line['host'] for line in lines} == {'127.0.0.1', 'localhost'}, lines
    assert all(line['verdict'] == 'done' and line['peer'] == b.id and line['port'] == port
               and line['down'] > 300_000 and 0 < line['up'] < 2000 for line in lines), lines
    user, = a.json('connect', 'status')['exit']['users']
    assert user['peer'] == b.id and user['left'] < (1 << 30) - 900_000, user


def what_is_not_allowed_is_refused(lab):
    a, b = two(lab)
    port = web(lab, page=b'hello')
    # A rule for the whole world opens no loopback.
    at = exit_of(a, b, '--allow', f'0.0.0.0/0:{port}')
    before = 0
    for host in (f'127.0.0.1:{port}', f'localhost:{port}', f'[::1]:{port}', f'[::ffff:127.0.0.1]:{port}',
                 f'2130706433:{port}', f'0x7f.1:{port}', f'0.0.0.0:{port}', '10.0.0.1', '169.254.169.254',
                 '192.168.1.1', '100.64.0.1', '224.0.0.1', '[fd00::1]', '[fe80::1]', '[64:ff9b::7f00:1]',
                 '192.0.2.1', '8.8.8.8:25', '8.8.8.8:6881', '8.8.8.8:81'):
        host = host if ':' in host.split(']')[-1] else host + ':80'
        got = raw_socks(at, host)
        assert got == 2, (host, got)  # RFC 1928: not allowed by ruleset
        before += 1
    assert socks(at, f'http://127.0.0.1:{port}/page').returncode == 97
    lines = a.json('connect', 'log')
    assert len(lines) == before + 1 and all(line['verdict'].startswith('refused: ') for line in lines), lines
    assert all(line['address'] == '' and line['down'] == 0 for line in lines), lines


def raw_socks(at, target):
    """The code of SOCKS' reply to a request by name."""
    host, port = target.rsplit(':', 1)
    host = host.strip('[]').encode()
    ip, at_port = at.rsplit(':', 1)
    with socket.create_connection((ip, int(at_port))) as s:
        s.settimeout(60)
        s.sendall(b'\5\1\0')
        assert s.recv(2) == b'\5\0'
        s.sendall(b'\5\1\0\3' + bytes([len(host)]) + host + int(port).to_bytes(2, 'big'))
        return s.recv(10)[1]


def an_exit_is_off_until_it_is_on_and_for_whom_it_is_named(lab):
    a, b = two(lab)
    c = node(lab, 'carl')
    c.run('net', 'dial', a.listen[0])
    port = web(lab, page=b'hello')
    a.run('peer', 'trust', b.id)
    a.run('peer', 'trust', c.id)
    at = b.json('connect', 'socks', '--via', a.id, '--listen', '127.0.0.1:0')['at']
    assert not a.json('connect', 'status')['exit']['on']
    assert socks(at, f'http://127.0.0.1:{port}/page').returncode == 97
    a.run('connect', 'exit', 'on', '--to', c.id, '--allow', f'127.0.0.1:{port}')
    assert raw_socks(at, f'127.0.0.1:{port}') == 2
    at = c.json('connect', 'socks', '--via', a.id, '--listen', '127.0.0.1:0')['at']
    assert socks(at, f'http://127.0.0.1:{port}/page').stdout == b'hello'
    a.settings['host.listen'] = a.listen[0].split('/p2p/')[0]
    a.stop()
    a.start()
    assert a.json('connect', 'status')['exit']['to'] == [c.id]
    assert socks(at, f'http://127.0.0.1:{port}/page').stdout == b'hello'
    done = c.run('connect', 'socks', '--listen', '0.0.0.0:0', check=False)
    assert done.returncode == 2 and 'loopback' in done.stderr, done


def the_kill_switch_closes_at_once(lab):
    a, b = two(lab)
    port = serve(lab, Echo)
    at = exit_of(a, b, '--allow', f'127.0.0.1:{port}')
    ip, at_port = at.rsplit(':', 1)
    with socket.create_connection((ip, int(at_port))) as s:
        s.settimeout(30)
        s.sendall(f'CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n'.encode())
        assert s.recv(4096).startswith(b'HTTP/1.1 200 ')
        s.sendall(b'one')
        assert s.recv(3) == b'one'
        assert a.json('connect', 'status')['exit']['connections'] == 1
        assert a.json('connect', 'exit', 'off') == {'on': False}
        assert is_cut(s)
    assert raw_socks(at, f'127.0.0.1:{port}') != 0
    line = a.json('connect', 'log')[0]
    assert line['verdict'] == 'cut' and line['up'] == line['down'] == 3, line


def a_peers_bytes_of_a_day_are_bounded(lab):
    a, b = two(lab, **{'connect.exit-daily': '1M'})
    port = web(lab, page=bytes(3 << 20))
    at = exit_of(a, b, '--allow', f'127.0.0.1:{port}', '--rate', '0')
    got = socks(at, f'http://127.0.0.1:{port}/page')
    assert got.returncode != 0 and len(got.stdout) <= 1 << 20, len(got.stdout)
    assert raw_socks(at, f'127.0.0.1:{port}') == 1
    a.stop()  # it is the same day after a restart
    a.start()
    assert a.json('connect', 'log')[0]['verdict'].startswith('failed: the bytes of today'), a.json('connect', 'log')
    learn(a)
    b.run('net', 'dial', a.listen[0])
    assert raw_socks(at, f'127.0.0.1:{port}') == 1


def all_peers_together_have_a_quota_too(lab):
    a, b = two(lab, **{'connect.exit-daily': '3M', 'connect.exit-daily-all': '1M'})
    c = node(lab, 'carl')
    c.run('net', 'dial', a.listen[0])
    port = web(lab, page=bytes(3 << 20))
    at = exit_of(a, b, '--to', c.id, '--allow', f'127.0.0.1:{port}', '--rate', '0')
    got = socks(at, f'http://127.0.0.1:{port}/page')
    assert got.returncode != 0 and len(got.stdout) <= 1 << 20, len(got.stdout)
    at = c.json('connect', 'socks', '--via', a.id, '--listen', '127.0.0.1:0')['at']
    assert raw_socks(at, f'127.0.0.1:{port}') == 1  # who has used nothing himself
    assert any('bytes of today' in r['state'] for r in c.json('connect', 'ls')), c.json('connect', 'ls')


if __name__ == '__main__':
    L.main(curl_through_a_forward, a_hundred_mebibytes_both_ways, half_a_close_is_kept, what_breaks_off_is_no_end,
           a_slow_reader_holds_up_the_sender, who_is_not_trusted_is_a_card_for_the_owner,
           a_service_for_others_is_not_there, the_blocked_are_hung_up_on, all_comes_back_after_a_restart,
           datagrams_through_a_forward, what_is_asked_wrongly_is_answered_with_the_way_on, without_the_overlay_it_says_so, curl_through_a_peers_exit, what_is_not_allowed_is_refused,
           an_exit_is_off_until_it_is_on_and_for_whom_it_is_named, the_kill_switch_closes_at_once,
           a_peers_bytes_of_a_day_are_bounded, all_peers_together_have_a_quota_too)
