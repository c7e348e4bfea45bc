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


if __name__ == '__main__':
    L.main(it_dials_us, we_dial_it, much_both_ways_with_a_slow_reader, much_the_other_way, two_of_ours_meet,
           over_tls_the_certificate_counts, over_tls_it_is_for_the_name)
