#!/usr/bin/env python3
"""The document engine beside the yjs of npm: the published cases in both formats, and sessions made up on the spot."""
import os
import random
import shutil
import subprocess

import lab as L
import js_peer

CANDIDATE = os.path.join(os.environ.get('SHOAL_BIN', 'build/dev'), 'tests', 'ydoc-candidate')
SESSIONS = int(os.environ.get('SHOAL_YDOC_SESSIONS', '600'))


def vectors():
    root = os.environ.get('SHOAL_VECTORS') or os.path.join(os.path.dirname(__file__), '..', '..', '..', 'shared', 'vectors')
    return os.path.abspath(os.path.join(root, 'docs'))


def node(*command, where):
    if not shutil.which('node') or not os.path.isdir(os.path.join(js_peer.PLACE, 'node_modules', 'yjs')):
        raise L.Skip('the yjs of npm is not installed')
    done = subprocess.run(['node', *command], cwd=where, capture_output=True, text=True, check=False)
    said = done.stdout.strip().splitlines()
    for line in said[-3:]:
        L.say(f'# {line}')
    assert done.returncode == 0, '\n'.join(said[:20]) + done.stderr[-2000:]


def script(name, source):
    if not os.path.isdir(js_peer.PLACE):
        raise L.Skip('the yjs of npm is not installed')
    js_peer.put(source, os.path.join(js_peer.PLACE, name))


def passes_the_published_cases_byte_for_byte(_lab):
    if not os.path.isfile(os.path.join(vectors(), 'check.mjs')):
        raise L.Skip('no vectors here (SHOAL_VECTORS)')
    script('ydoc_check.mjs', os.path.join(vectors(), 'check.mjs'))
    node('ydoc_check.mjs', '--cases', os.path.join(vectors(), 'cases'), '--exact', '--', CANDIDATE, where=js_peer.PLACE)


def agrees_with_yjs_on_sessions_made_up_now(_lab):
    script('ydoc_diff.mjs', os.path.join(js_peer.HERE, 'js', 'ydoc_diff.mjs'))
    seed = random.SystemRandom().randrange(1 << 30)
    L.say(f'# first seed {seed}')
    node('ydoc_diff.mjs', CANDIDATE, str(SESSIONS), str(seed), where=js_peer.PLACE)


if __name__ == '__main__':
    L.main(passes_the_published_cases_byte_for_byte, agrees_with_yjs_on_sessions_made_up_now)
