#!/usr/bin/env python3
"""The node's own pages in a real browser: Debian's Chromium, driven by tests/web/*.mjs.

The scripts see nodes only as a person does, through the browser; what has to be done to a node from
outside (a start, a stop, a command) they ask of this end, a line of JSON each way."""
import json
import os
import shutil
import sqlite3
import subprocess
import time

import lab as L

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, '..', 'web')
PLACE = os.path.join(HERE, '..', '..', 'build', 'web-tests')  # ./dev installs the packages there
INIT_S = 5
PICTURES = os.path.join(PLACE, 'pictures')  # what doc/img/ is chosen from


def chromium():
    return shutil.which('chromium') or shutil.which('chromium-browser')


def is_there():
    """Else skip: all of this is a part that the node itself does without."""
    if not shutil.which('node') or not os.path.isdir(os.path.join(PLACE, 'node_modules')):
        raise L.Skip('Node.js or Playwright is not installed')
    if not chromium():
        raise L.Skip('Chromium is not installed')


class Stage:
    """Nodes by name, and the scripts that look at them."""

    def __init__(self, lab, **nodes):
        is_there()
        self.lab, self.nodes = lab, nodes

    def do(self, asked):
        node = self.nodes.get(asked.get('node'))
        match asked['do']:
            case 'shoal':
                return node.run(*asked['words']).stdout.strip()
            case 'open':
                return node.run('open').stdout.strip()
            case 'page':  # what `shoal open` starts a browser with
                answer = subprocess.run(['curl', '-sS', '-X', 'POST', '-H', 'Content-Type: application/json', '-d', '{}', '--unix-socket',
                                         os.path.join(node.home, 'run/api.sock'), 'http://x/api/v1/login?page=1'],
                                        capture_output=True, check=True).stdout
                return json.loads(answer)['page']
            case 'stop':
                return node.stop()
            case 'start':
                return node.start()
        raise AssertionError(f'nobody knows how to {asked["do"]}')

    def answer(self, line):
        try:
            return {'ok': self.do(json.loads(line))}
        except Exception as why:  # whatever it was, the script says where it asked
            return {'error': str(why)}

    def run(self, script, **given):
        for name in os.listdir(SCRIPTS):
            if name.endswith('.mjs'):
                shutil.copy(os.path.join(SCRIPTS, name), PLACE)
        nodes = {name: {'http': node.http, 'link': node.settings.get('api.auth') != 'off', 'home': node.home}
                 for name, node in self.nodes.items()}
        given = {'nodes': nodes, 'chromium': chromium(), 'pictures': PICTURES, **given}
        log = os.path.join(self.lab.dir, f'{script}.log')
        with open(log, 'wb') as err, subprocess.Popen(['node', f'{script}.mjs', json.dumps(given)], cwd=PLACE, text=True,
                                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err) as p:
            for line in p.stdout:
                p.stdin.write(json.dumps(self.answer(line)) + '\n')
                p.stdin.flush()
        with open(log, encoding='utf-8', errors='replace') as f:
            for line in f:
                L.say(f'# {line.rstrip()}')
        assert p.returncode == 0, f'{script}.mjs found fault'


def fill(node, count):
    """So many torrents in the node's list, as if it had run for years."""
    node.stop()
    words = ('Debian', 'Lecture', 'Archive', 'Recording', 'Survey', 'Field notes')
    with sqlite3.connect(os.path.join(node.home, 'data', 'files.db')) as db:
        db.executemany(
            'INSERT INTO torrent (infohash, magnet, dir, paused, up_limit, down_limit, added_us, uploaded, downloaded)'
            ' VALUES (?, ?, ?, 1, 0, 0, ?, ?, ?)',
            ((bytes([i >> 8, i & 255]) + bytes(18),
              f'magnet:?xt=urn:btih:{i:04x}{0:036x}&dn={words[i % len(words)]}%20number%20{i}', node.home,
              (1700000000 + 977 * i) * 10**6, i * 70001 % 10**9, i * 90001 % 10**9)
             for i in range(1, count + 1)))
    db.close()
    node.start()


def ten_thousand_torrents_are_a_smooth_list(lab):
    is_there()
    ann = lab.node('ann', **{'api.auth': 'off', 'files.dht': 'off'})
    fill(ann, 10000)
    Stage(lab, ann=ann).run('files', many=10000)


def every_page_is_for_everybody(lab):
    is_there()
    ann = lab.node('ann', **{'files.dht': 'off'})
    ann.share(L.make_file(os.path.join(ann.home, 'Holiday, the second week.mp4'), 3 << 20))
    Stage(lab, ann=ann).run('pages')


def every_dialog_and_the_editor_too(lab):
    is_there()
    ann = lab.node('ann', **{'files.dht': 'off', 'host.lab': 'on', 'host.listen': f'/ip4/127.0.0.1/tcp/{L.free_port()}'})
    ann.run('init', '--name', 'ann')
    ann.share(L.make_file(os.path.join(ann.home, 'Holiday, the fourth week.mp4'), 1 << 20))
    ann.run('doc', 'new', 'Minutes')
    Stage(lab, ann=ann).run('everybody')


def the_first_five_minutes(lab):
    """From `shoal init` on; what the pages promise of time is in newcomer.mjs."""
    is_there()
    ann, ben = (lab.node(name, **{'files.dht': 'off'}) for name in ('ann', 'ben'))
    begun = time.monotonic()
    ann.run('init', '--name', 'ann')
    took = time.monotonic() - begun
    assert took < INIT_S, f'shoal init took {took:.1f} s'
    file = L.make_file(os.path.join(ann.home, 'Holiday, the first week.mp4'), 24 << 20)
    Stage(lab, ann=ann, ben=ben).run('newcomer', file=file, peer=ann.address)


def a_browser_stays_signed_in_when_the_node_is_restarted(lab):
    is_there()
    ann = lab.node('ann', **{'files.dht': 'off', 'host.enabled': 'off', 'api.http': f'127.0.0.1:{L.free_port()}'})
    ann.share(L.make_file(os.path.join(ann.home, 'Holiday, the third week.mp4'), 1 << 20))
    Stage(lab, ann=ann).run('restart')


def a_private_network_is_made_on_the_page(lab):
    """And where it cannot be, the page says why: ben's machine has no /dev/net/tun."""
    is_there()
    if os.geteuid() != 0 or not os.path.exists('/dev/net/tun') or not shutil.which('unshare'):
        raise L.Skip('interfaces can be made by root alone, with /dev/net/tun')
    lab_only = {'files.enabled': 'off', 'host.lab': 'on'}
    hidden = ('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh')
    ann = lab.node('ann', **lab_only, **{'host.listen': f'/ip4/127.0.0.1/tcp/{L.free_port()}'})
    ben = lab.node('ben', under=hidden, **lab_only, **{'host.listen': f'/ip4/127.0.0.1/tcp/{L.free_port()}'})
    ann.run('net', 'dial', next(a for a in ben.json('status')['listen'] if '/tcp/' in a))
    for one, other in ((ann, ben), (ben, ann)):
        one.run('peer', 'trust', other.json('id')['peer_id'])
    Stage(lab, ann=ann, ben=ben).run('network')


def two_write_and_one_is_offline_meanwhile(lab):
    """Each at the page of a node of their own."""
    is_there()
    nodes = {}
    for name in ('ann', 'ben'):
        port = L.free_port()
        nodes[name] = lab.node(name, **{'files.enabled': 'off', 'host.lab': 'on', 'api.http': f'127.0.0.1:{L.free_port()}',
                                        'host.listen': f'/ip4/127.0.0.1/tcp/{port}'})
        nodes[name].run('init', '--name', name)
    Stage(lab, **nodes).run('documents')


L.main(every_page_is_for_everybody, every_dialog_and_the_editor_too, the_first_five_minutes, ten_thousand_torrents_are_a_smooth_list,
       a_private_network_is_made_on_the_page, a_browser_stays_signed_in_when_the_node_is_restarted, two_write_and_one_is_offline_meanwhile,
       apart=False)  # with loopback alone a browser takes itself for offline
