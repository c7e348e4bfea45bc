"""Programs of npm's in a process of their own: its libp2p, driven through js/peer.mjs, and others.

    js = JsPeer(lab, 'js', security=['tls'], **{'with': ['ping', 'kad']})
    js.do('dial', address=node.listen[0])"""
import json
import os
import shutil
import subprocess

import lab as L

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = os.path.join(HERE, '..', '..', 'build', 'js')  # ./dev installs the packages there


class JsProcess:
    def __init__(self, lab, script, name='js', under=()):
        """under: as lab.Node's."""
        if not shutil.which('node') or not os.path.isdir(os.path.join(PLACE, 'node_modules')):
            raise L.Skip('the packages of npm are not installed')
        if node_version() < 20:
            raise L.Skip('the packages of npm want Node.js 20 or later')
        for one in os.listdir(os.path.join(HERE, 'js')):
            if one.endswith('.mjs'):
                put(os.path.join(HERE, 'js', one), os.path.join(PLACE, one))
        self.name = name
        with open(os.path.join(lab.dir, f'{name}.log'), 'ab') as log:
            self.process = subprocess.Popen([*under, 'node', script], cwd=PLACE, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        lab.ends.callback(self.end)

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def begin(self, verb, **more):
        """Until end_of() it does that, and nothing else is asked of it."""
        self.process.stdin.write(json.dumps({'do': verb, **more}) + '\n')
        self.process.stdin.flush()

    def ask(self, verb, **more):
        """What it answers, errors included."""
        self.begin(verb, **more)
        return json.loads(self.process.stdout.readline())

    def do(self, verb, **more):
        self.begin(verb, **more)
        return self.end_of(verb)

    def end_of(self, verb):
        answer = json.loads(self.process.stdout.readline())
        if 'error' in answer:
            raise AssertionError(f'{self.name}, {verb}: {answer["error"]}')
        return answer['ok']


class JsPeer(JsProcess):
    def __init__(self, lab, name='js', under=(), **how):
        super().__init__(lab, 'peer.mjs', name, under)
        said = self.do('start', **how)
        self.id, self.listen, self.quic = said['id'], said['listen'], said['quic']
        self.autonat2 = said['autonat2']


def node_version():
    said = subprocess.run(['node', '--version'], capture_output=True, text=True, check=True).stdout
    return int(said.lstrip('v').split('.')[0])


def put(source, target):
    """Tests may run at the same moment."""
    shutil.copyfile(source, f'{target}.{os.getpid()}')
    os.replace(f'{target}.{os.getpid()}', target)
