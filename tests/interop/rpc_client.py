"""Transmission's RPC as a client speaks it: session id, Basic authentication, both dialects."""
import base64
import json
import os
import urllib.error
import urllib.request


def token_of(node, scope='write'):
    with open(os.path.join(node.home, 'data/api.token')) as f:
        for line in f:
            words = line.split()
            if words and words[0] == scope:
                return words[1]
    raise AssertionError(f'no {scope} token in api.token')


class Rpc:
    def __init__(self, node, user='shoal', password=None, path='/transmission/rpc'):
        word = base64.b64encode(f'{user}:{password or token_of(node)}'.encode()).decode()
        self.url = f'http://{node.http}{path}'
        self.headers = {'Authorization': f'Basic {word}', 'Content-Type': 'application/json'}
        self.dir = None

    def post(self, body):
        """A body to a parsed answer; asks again with the session id as clients do."""
        for _ in range(2):
            request = urllib.request.Request(self.url, json.dumps(body).encode(), self.headers)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as e:
                if e.code != 409:
                    raise
                self.headers['X-Transmission-Session-Id'] = e.headers['X-Transmission-Session-Id']
        raise AssertionError('409 for a second time')

    def ask(self, method, **arguments):
        """Legacy: the arguments of a success."""
        answer = self.post({'method': method, 'arguments': arguments})
        assert answer['result'] == 'success', answer
        return answer['arguments']

    def call(self, method, **params):
        """JSON-RPC 2.0: the result."""
        answer = self.post({'jsonrpc': '2.0', 'id': 1, 'method': method, 'params': params})
        assert 'result' in answer, answer
        return answer['result']

    def torrents(self, fields, ids=None):
        more = {} if ids is None else {'ids': ids}
        return self.ask('torrent-get', fields=list(fields), **more)['torrents']


def typed(row, fields):
    """Each field is there and of its type; fields: {name: type or tuple}."""
    for name, kind in fields.items():
        assert name in row, f'{name} is missing in {row}'
        kinds = kind if isinstance(kind, tuple) else (kind,)
        ok = type(row[name]) in kinds or (float in kinds and type(row[name]) is int)
        assert ok, f'{name} is {row[name]!r}, not of {kinds}'
