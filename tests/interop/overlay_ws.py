#!/usr/bin/env python3
"""The overlay over WebSockets with the libp2p of npm: dialled both ways, much both ways, and over TLS where
the certificate counts."""
import os
import subprocess

import lab as L
from js_peer import JsPeer
from overlay import LAB, node, peer

WS = {'host.listen': '/ip4/127.0.0.1/tcp/0/ws'}
LISTEN = ['/ip4/127.0.0.1/tcp/0/ws']


def it_dials_us(lab):
    n, js = node(lab, **WS), JsPeer(lab)
    assert '/ws/p2p/' in n.listen[0], n.listen
    assert js.do('dial', address=n.listen[0])['id'] == n.id
    js.do('ping', id=n.id)
    known = L.until('it to know us', lambda: (lambda k: k if k['protocols'] else None)(js.do('known', id=n.id)))
    assert n.listen[0].split('/p2p/')[0] in known['addresses'], known
    js.do('close', id=n.id)
    L.until('it to be gone', lambda: not peer(n, js.id))


def we_dial_it(lab):
    n, js = node(lab), JsPeer(lab, listen=LISTEN)
    assert n.json('net', 'dial', js.listen[0])['id'] == js.id
    assert n.json('peer', 'ping', js.id)['rtt_ms'] > 0
    assert js.do('connections')[0]['address'].endswith('/ws/p2p/' + n.id), js.do('connections')
    assert js.do('echo', id=n.id, bytes=100_000)['same']


def much_both_ways_with_a_slow_reader(lab):
    n, js = node(lab, **WS), JsPeer(lab)
    js.do('dial', address=n.listen[0])
    assert js.do('echo', id=n.id, bytes=30 << 20, slow_ms=1)['same']


def much_the_other_way(lab):
    n, js = node(lab), JsPeer(lab, listen=LISTEN)
    n.json('net', 'dial', js.listen[0])
    assert js.do('echo', id=n.id, bytes=30 << 20)['same']


def two_of_ours_meet(lab):
    a, b = node(lab, 'a', **WS), node(lab, 'b', **WS)
    assert a.json('net', 'dial', b.listen[0])['id'] == b.id
    assert a.json('peer', 'ping', b.id)['rtt_ms'] > 0


def certificate(lab, name):
    """One that vouches for itself, for this name; its file, and what the npm one wants."""
    folder = lab.folder('cert')
    key, cert = os.path.join(folder, 'key.pem'), os.path.join(folder, 'cert.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                    '-days', '2', '-subj', '/CN=test', '-addext', f'subjectAltName={name}',
                    '-keyout', key, '-out', cert], check=True, capture_output=True)
    with open(key) as k, open(cert) as c:
        return cert, {'key': k.read(), 'cert': c.read()}


def trusting(lab, cert, name='shoal'):
    """A node on a machine whose trust store is this."""
    return lab.node(name, under=['env', f'SSL_CERT_FILE={cert}'], **LAB)


def over_tls_the_certificate_counts(lab):
    cert, wss = certificate(lab, 'IP:127.0.0.1')
    js = JsPeer(lab, listen=['/ip4/127.0.0.1/tcp/0/tls/ws'], wss=wss)
    at = next(a for a in js.listen if '/ws' in a)
    n, stranger = trusting(lab, cert), node(lab, 'stranger')
    assert n.json('net', 'dial', at)['id'] == js.id
    assert js.do('echo', id=n.json('status')['peer_id'], bytes=100_000)['same']
    done = stranger.run('net', 'dial', at, check=False)
    assert done.returncode != 0 and 'certificate' in done.stderr, done.stderr


def over_tls_it_is_for_the_name(lab):
    cert, wss = certificate(lab, 'DNS:shoal.example')
    js = JsPeer(lab, listen=['/ip4/127.0.0.1/tcp/0/tls/ws'], wss=wss)
    at = next(a for a in js.listen if '/ws' in a)
    n = trusting(lab, cert)
    done = n.run('net', 'dial', at, check=False)
    assert done.returncode != 0 and 'certificate' in done.stderr, done.stderr
    assert n.json('net', 'dial', at.replace('/tls/ws', '/tls/sni/shoal.example/ws'))['id'] == js.id


class Authority:
    """One that vouches for others; at: its certificate."""

    def __init__(self, lab):
        self.folder = lab.folder('authority')
        self.at, self.key = os.path.join(self.folder, 'ca.pem'), os.path.join(self.folder, 'ca.key')
        openssl('req', '-x509', *NEW_KEY, '-days', '2', '-subj', '/CN=test authority', '-keyout', self.key, '-out', self.at)

    def vouch(self, cert, key, name):
        """Files for this name, each in its place at once."""
        asked, names, made = (os.path.join(self.folder, f) for f in ('asked', 'names', 'made'))
        with open(names, 'w') as f:
            f.write(f'subjectAltName={name}\n')
        openssl('req', *NEW_KEY, '-subj', '/CN=test', '-keyout', f'{key}.new', '-out', asked)
        openssl('x509', '-req', '-in', asked, '-CA', self.at, '-CAkey', self.key, '-CAcreateserial', '-days', '2',
                '-extfile', names, '-out', made)
        os.replace(f'{key}.new', key)
        os.replace(made, cert)


NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']


def openssl(*words):
    subprocess.run(['openssl', *words], check=True, capture_output=True)


def certified(lab, authority, name, **more):
    """A node that listens over TLS; its files, and how it is reached."""
    folder = lab.folder('files')
    cert, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    authority.vouch(cert, key, name)
    n = node(lab, **{'host.listen': '/ip4/127.0.0.1/tcp/0/tls/ws', 'host.tls-cert': cert, 'host.tls-key': key, **more})
    return n, cert, key


def believing(lab, authority, name='js'):
    return JsPeer(lab, name, under=['env', f'NODE_EXTRA_CA_CERTS={authority.at}'])


def it_dials_us_over_tls(lab):
    authority = Authority(lab)
    n, _, _ = certified(lab, authority, 'IP:127.0.0.1,DNS:localhost',
                        **{'host.announce': '/dns4/localhost/tcp/443/tls/ws'})
    assert '/tls/ws/p2p/' in n.listen[0], n.listen
    js, stranger = believing(lab, authority), JsPeer(lab, 'stranger')
    assert js.do('dial', address=n.listen[0])['id'] == n.id
    assert js.do('echo', id=n.id, bytes=3 << 20)['same']
    known = L.until('it to know us', lambda: (lambda k: k if k['protocols'] else None)(js.do('known', id=n.id)))
    assert '/dns4/localhost/tcp/443/tls/ws' in known['addresses'], known
    assert 'error' in stranger.ask('dial', address=n.listen[0])
    js.do('close', id=n.id)
    L.until('it to be gone', lambda: not peer(n, js.id))
    port = n.listen[0].split('/tcp/')[1].split('/')[0]
    assert js.do('dial', address=f'/dns4/localhost/tcp/{port}/tls/ws/p2p/{n.id}')['id'] == n.id
    ours = trusting(lab, authority.at, 'ours')
    assert ours.json('net', 'dial', n.listen[0])['id'] == n.id


def a_renewed_certificate_is_in_force_without_a_restart(lab):
    old, new = Authority(lab), Authority(lab)
    n, cert, key = certified(lab, old, 'IP:127.0.0.1')
    js = believing(lab, new)
    assert 'error' in js.ask('dial', address=n.listen[0])
    new.vouch(cert, key, 'IP:127.0.0.1')
    L.until('the new one', lambda: 'ok' in js.ask('dial', address=n.listen[0]))


def without_a_good_certificate_it_says_why(lab):
    for more, words in (({}, 'host.tls-cert and host.tls-key'),
                        ({'host.tls-cert': '/nowhere.pem'}, 'host.tls-key is not set'),
                        ({'host.tls-cert': '/nowhere.pem', 'host.tls-key': '/nowhere.key'}, '/nowhere.pem')):
        try:
            node(lab, **{'host.listen': '/ip4/127.0.0.1/tcp/0/tls/ws', **more})
        except AssertionError as why:
            assert words in str(why), why
        else:
            raise AssertionError(f'it runs with {more}')


if __name__ == '__main__':
    L.main(it_dials_us, we_dial_it, much_both_ways_with_a_slow_reader, much_the_other_way, two_of_ours_meet,
           over_tls_the_certificate_counts, over_tls_it_is_for_the_name, it_dials_us_over_tls,
           a_renewed_certificate_is_in_force_without_a_restart, without_a_good_certificate_it_says_why)
