// The methods of the node that the dashboard calls, with their routes.
//
// methods.ts is made from the node's own tables (`./dev web` refreshes it) and is only looked at by
// the type checker: a route that is not the node's does not compile, and what is not used here does
// not weigh on the first load.
import type { Methods, routes as all } from './methods';

type Route<K extends keyof Methods> = `${(typeof all)[K][0]} ${(typeof all)[K][1]}`;

export const routes = {
  'node.status': 'GET /status',
  'node.traffic': 'GET /traffic',
  'node.log': 'GET /log',
  'config.ls': 'GET /config',
  'config.get': 'GET /config/{key}',
  'config.set': 'PUT /config/{key}',
  'config.unset': 'DELETE /config/{key}',
  'policy.show': 'GET /policy',
  'policy.set': 'PUT /policy/limits/{what}',
  'net.dial': 'POST /net/dial',
  'net.stat': 'GET /net/stat',
  'peer.ls': 'GET /peers',
  'peer.ping': 'POST /peers/{id}/ping',
  'peer.trust': 'POST /peers/{id}/trust',
  'peer.forget': 'DELETE /peers/{id}/trust',
  'peer.block': 'POST /peers/{id}/block',
  'file.add': 'POST /files',
  'file.get': 'POST /files/get',
  'file.ls': 'GET /files',
  'file.show': 'GET /files/{id}',
  'file.pause': 'POST /files/{id}/pause',
  'file.resume': 'POST /files/{id}/resume',
  'file.verify': 'POST /files/{id}/verify',
  'file.reannounce': 'POST /files/{id}/reannounce',
  'file.rm': 'DELETE /files/{id}',
  'file.limit': 'POST /files/{id}/limit',
  'file.set': 'POST /files/{id}/set',
  'file.poll': 'POST /files/poll',
  'file.reach': 'GET /files/reach',
  'file.send': 'POST /files/send',
  'file.receive': 'POST /files/receive',
  'file.transfer-ls': 'GET /transfers',
  'file.transfer-accept': 'POST /transfers/{id}/accept',
  'file.transfer-cancel': 'POST /transfers/{id}/cancel',
  'connect.expose': 'POST /connect/services',
  'connect.forward': 'POST /connect/forwards',
  'connect.socks': 'POST /connect/socks',
  'connect.exit': 'PUT /connect/exit',
  'connect.ls': 'GET /connect',
  'connect.status': 'GET /connect/status',
  'connect.rm': 'DELETE /connect/entries',
  'doc.new': 'POST /docs',
  'doc.ls': 'GET /docs',
  'doc.show': 'GET /docs/{id}',
  'doc.rename': 'PUT /docs/{id}/title',
  'doc.rm': 'DELETE /docs/{id}',
  'doc.cat': 'GET /docs/{id}/text',
  'doc.history': 'GET /docs/{id}/history',
  'doc.restore': 'POST /docs/{id}/restore',
  'doc.share': 'POST /docs/{id}/share',
  'doc.join': 'POST /docs/join',
  'doc.unshare': 'DELETE /docs/{id}/members',
  'job.ls': 'GET /jobs',
  'job.show': 'GET /jobs/{id}',
  'job.cancel': 'POST /jobs/{id}/cancel',
} as const satisfies { [K in keyof Methods]?: Route<K> };

export type Method = keyof typeof routes;
