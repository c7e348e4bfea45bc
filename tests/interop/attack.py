#!/usr/bin/env python3
"""A web page, another user and a thief try the API of a running node; each is refused."""
import http.client
import json
import os
import socket

import lab as L
from rpc import token_of


def ask(node, method='GET', path='/api/v1/status', headers=None, body=None, host=None):
    """One request over TCP with exactly these headers; returns status and headers."""
    name, port = node.http.rsplit(':', 1)
    c = http.client.HTTPConnection(name, int(port), timeout=30)
    c.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    c.putheader('Host', node.http if host is None else host)
    for k, v in (headers or {}).items():
        c.putheader(k, v)
    if body is not None:
        c.putheader('Content-Length', str(len(body)))
    c.endheaders()
    if body is not None:
        c.send(body.encode())
    answer = c.getresponse()
    text = answer.read().decode(errors='replace')
    c.close()
    return answer.status, dict(answer.getheaders()), text


def bearer(node, scope='write'):
    return {'Authorization': f'Bearer {token_of(node, scope)}'}


JSON = {'Content-Type': 'application/json'}


def the_right_token_is_let_in(lab):
    a = lab.node('a')
    status, headers, text = ask(a, headers=bearer(a, 'read'))
    assert status == 200 and json.loads(text)['peer_id'], (status, text)
    assert "default-src 'self'" in headers['Content-Security-Policy']
    assert 'Access-Control-Allow-Origin' not in headers


def a_missing_or_wrong_token_is_401(lab):
    a = lab.node('a')
    assert ask(a)[0] == 401
    assert ask(a, headers={'Authorization': 'Bearer ' + '0' * 64})[0] == 401


def a_foreign_host_is_421(lab):
    """DNS rebinding: the browser sends the attacker's name."""
    a = lab.node('a')
    port = a.http.rsplit(':', 1)[1]
    for host in ('evil.example', f'evil.example:{port}', '0.0.0.0:' + port, '', '127.0.0.1:1',
                 f'localhost.evil.example:{port}'):
        status = ask(a, headers=bearer(a), host=host)[0]
        assert status == 421, (host, status)
    assert ask(a, headers=bearer(a), host=f'localhost:{port}')[0] == 200


def a_foreign_origin_is_403(lab):
    a = lab.node('a')
    for origin in ('http://evil.example', 'null', 'http://127.0.0.1:1'):
        status = ask(a, 'POST', '/api/v1/stop', {**bearer(a), **JSON, 'Origin': origin}, '{}')[0]
        assert status == 403, (origin, status)
    assert a.process.poll() is None


def a_cross_site_form_is_415(lab):
    """What a page can send without asking: form types, with no header of its own."""
    a = lab.node('a')
    for kind in ('application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'):
        status = ask(a, 'POST', '/api/v1/stop', {**bearer(a), 'Content-Type': kind}, '{}')[0]
        assert status == 415, (kind, status)
    assert ask(a, 'POST', '/api/v1/stop', bearer(a), '{}')[0] == 415


def a_read_token_changes_nothing(lab):
    a = lab.node('a')
    status = ask(a, 'POST', '/api/v1/stop', {**bearer(a, 'read'), **JSON}, '{}')[0]
    assert status == 403, status
    assert ask(a, 'PUT', '/api/v1/config/limits.up', {**bearer(a, 'read'), **JSON},
               '{"value": "1"}')[0] == 403


def guessing_slows_down(lab):
    a = lab.node('a')
    seen = [ask(a, headers={'Authorization': f'Bearer {i:064x}'})[0] for i in range(8)]
    assert seen[:4] == [401] * 4 and 429 in seen, seen


def healthz_says_ok_and_no_more(lab):
    a = lab.node('a')
    status, _, text = ask(a, path='/healthz')
    assert (status, text.strip()) == (200, 'ok'), (status, text)
    assert ask(a, path='/metrics')[0] == 401
    assert 'shoal_' in ask(a, path='/metrics', headers=bearer(a, 'read'))[2]


def a_preflight_gets_no_permission(lab):
    a = lab.node('a')
    _, headers, _ = ask(a, 'OPTIONS', '/api/v1/stop', {
        'Origin': 'http://evil.example', 'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Private-Network': 'true'})
    assert not [h for h in headers if h.lower().startswith('access-control-')], headers


def garbage_and_slowness_do_not_stop_the_others(lab):
    a = lab.node('a')
    name, port = a.http.rsplit(':', 1)
    held = []
    for i in range(50):
        s = socket.create_connection((name, int(port)), timeout=30)
        s.sendall([b'GET / HT', b'\x00\xff' * 500, b'POST /api/v1/stop HTTP/1.1\r\nHost:'][i % 3])
        held.append(s)
    assert ask(a, headers=bearer(a))[0] == 200
    assert ask(a, headers={**bearer(a), 'X-Long': 'x' * 200_000})[0] in (400, 413, 431)
    assert a.process.poll() is None
    for s in held:
        s.close()


def the_socket_and_the_tokens_are_for_the_owner(lab):
    a = lab.node('a')
    for path in ('run/api.sock', 'data/api.token', 'data/identity'):
        mode = os.stat(os.path.join(a.home, path)).st_mode & 0o777
        assert mode == 0o600, (path, oct(mode))
    for path in ('run', 'data'):
        assert os.stat(os.path.join(a.home, path)).st_mode & 0o077 == 0, path


def auth_off_wants_a_home_and_loopback(lab):
    import subprocess
    a = lab.node('a', **{'api.auth': 'off'})
    assert ask(a)[0] == 200
    assert ask(a, host='evil.example')[0] == 421
    assert 'api.auth' in a.log()
    done = subprocess.run([f'{L.BIN}/shoald', '--home', lab.folder('x'), '--foreground', '--set',
                           'api.auth=off', '--set', 'api.http=0.0.0.0:0', '--set',
                           'files.listen=127.0.0.1:0'], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 4 and 'loopback' in done.stderr, done


if __name__ == '__main__':
    L.main(the_right_token_is_let_in, a_missing_or_wrong_token_is_401, a_foreign_host_is_421,
           a_foreign_origin_is_403, a_cross_site_form_is_415, a_read_token_changes_nothing,
           guessing_slows_down, healthz_says_ok_and_no_more, a_preflight_gets_no_permission,
           garbage_and_slowness_do_not_stop_the_others, the_socket_and_the_tokens_are_for_the_owner,
           auth_off_wants_a_home_and_loopback)
