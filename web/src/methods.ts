// Made from the method tables; do not edit.
export interface Methods {
  "node.status": {};
  "node.traffic": {};
  "node.id": {};
  "node.paths": {};
  "node.stop": {};
  "config.ls": {};
  "config.get": { key: string };
  "config.set": { key: string; value: string };
  "config.unset": { key: string };
  "config.check": {};
  "policy.show": {};
  "policy.set": { what: "up" | "down" | "storage"; value: string };
  "policy.schedule-add": { when: string; limit: string };
  "policy.schedule-rm": { at: number };
  "node.log": { level?: "debug" | "info" | "warn" | "error"; after?: number };
  "net.dial": { address: string };
  "net.put": { key: string; value: string; table?: "both" | "ipfs" | "shoal" };
  "net.get": { key: string; table?: "both" | "ipfs" | "shoal" };
  "net.provide": { cid: string; table?: "both" | "ipfs" | "shoal" };
  "net.kept": {};
  "net.withdraw": { key: string };
  "net.find": { cid: string; table?: "both" | "ipfs" | "shoal" };
  "net.lookup": { id: string; table?: "both" | "ipfs" | "shoal" };
  "net.publish": { topic: string; data: string; base64?: boolean };
  "net.subscribe": { topic: string };
  "net.unsubscribe": { topic: string };
  "net.stat": {};
  "peer.ls": {};
  "peer.show": { id: string };
  "peer.ping": { id: string };
  "peer.trust": { id: string; name?: string };
  "peer.block": { id: string };
  "peer.forget": { id: string };
  "file.add": { path: string; tracker?: (string)[]; web_seed?: (string)[]; v1?: boolean; hybrid?: boolean; v2?: boolean; private?: boolean; piece_size?: number; comment?: string; sign?: boolean };
  "file.get": { link?: string; torrent?: string; dir?: string; peer?: (string)[]; paused?: boolean; only?: (string)[]; skip?: (string)[]; sequential?: boolean; ends_first?: boolean };
  "dht.get": { target: string; salt?: string };
  "dht.put": { text: string };
  "file.ls": { state?: "metadata" | "checking" | "downloading" | "seeding" | "queued" | "paused" | "error" };
  "file.show": { id: string; peers?: boolean; trackers?: boolean; files?: boolean; pieces?: boolean };
  "file.pause": { id: string };
  "file.resume": { id: string; now?: boolean };
  "file.verify": { id: string };
  "file.reannounce": { id: string };
  "file.rm": { id: string; with_data?: boolean };
  "file.peer": { id: string; addr: string };
  "file.limit": { id: string; up?: number; down?: number; ratio?: string; idle?: string; peers?: number; weight?: "low" | "normal" | "high"; group?: string; free_of_node?: boolean };
  "file.set": { id: string; only?: (string)[]; skip?: (string)[]; low?: (string)[]; normal?: (string)[]; high?: (string)[]; sequential?: "on" | "off"; ends_first?: "on" | "off"; super_seed?: "on" | "off" };
  "file.stream": { id: string; file?: string };
  "file.tracker": { id: string; add?: (string)[]; rm?: (string)[]; list?: string };
  "file.move": { id: string; dir: string; moved?: boolean };
  "file.rename": { id: string; path: string; name: string };
  "file.label": { id: string; label?: (string)[] };
  "file.queue": { id: string; to?: "top" | "up" | "down" | "bottom"; at?: number };
  "file.send": { path: string };
  "file.receive": { code: string; to?: string; from?: string; accept?: boolean };
  "file.transfer-ls": {};
  "file.transfer-show": { id: string };
  "file.transfer-accept": { id: string };
  "file.transfer-cancel": { id: string };
  "file.group-ls": {};
  "file.group-set": { name: string; up?: number; down?: number; free_of_node?: boolean };
  "file.stats": {};
  "file.poll": { fields?: (string)[]; ids?: (string)[]; numbers?: (number)[]; lately?: boolean; limit?: number; cursor?: number };
  "file.export": { id: string };
  "file.block": { what: string; note?: string };
  "file.unblock": { what: string };
  "file.blocklist": {};
  "file.reach": {};
  "file.release": { id: string };
  "connect.expose": { port: string; as: string; to?: (string)[] };
  "connect.forward": { service: string; port: string };
  "connect.socks": { via?: string; listen?: string };
  "connect.exit": { state: "on" | "off"; to?: (string)[]; allow?: (string)[]; rate?: number; days?: number };
  "connect.network": { state: "on" | "off"; to?: (string)[] };
  "connect.network-allow": { peer: string; port: (string)[] };
  "connect.network-deny": { peer: string; port?: (string)[] };
  "connect.log": { limit?: number };
  "connect.ls": {};
  "connect.status": {};
  "connect.rm": { id: string };
  "doc.new": { title: string };
  "doc.ls": {};
  "doc.show": { id: string };
  "doc.cat": { id: string; revision?: number; base?: boolean };
  "doc.append": { id: string; text: string; no_newline?: boolean };
  "doc.edit": { id: string; text: string; base?: string };
  "doc.rename": { id: string; title: string };
  "doc.history": { id: string };
  "doc.restore": { id: string; revision?: number };
  "doc.export": { id: string; revision?: number; format?: "md" | "html" | "txt" };
  "doc.follow": { id: string; file?: string; stop?: boolean };
  "doc.share": { id: string; with?: string; read_only?: boolean };
  "doc.join": { link: string };
  "doc.members": { id: string };
  "doc.unshare": { id: string; peer?: string; links?: boolean };
  "doc.rm": { id: string };
  "job.ls": {};
  "job.show": { id: string };
  "job.cancel": { id: string };
  "method.ls": {};
}

export const routes = {
  "node.status": ["GET", "/status"],
  "node.traffic": ["GET", "/traffic"],
  "node.id": ["GET", "/id"],
  "node.paths": ["GET", "/paths"],
  "node.stop": ["POST", "/stop"],
  "config.ls": ["GET", "/config"],
  "config.get": ["GET", "/config/{key}"],
  "config.set": ["PUT", "/config/{key}"],
  "config.unset": ["DELETE", "/config/{key}"],
  "config.check": ["POST", "/config/check"],
  "policy.show": ["GET", "/policy"],
  "policy.set": ["PUT", "/policy/limits/{what}"],
  "policy.schedule-add": ["POST", "/policy/schedule"],
  "policy.schedule-rm": ["DELETE", "/policy/schedule/{at}"],
  "node.log": ["GET", "/log"],
  "net.dial": ["POST", "/net/dial"],
  "net.put": ["POST", "/net/put"],
  "net.get": ["GET", "/net/values/{key}"],
  "net.provide": ["POST", "/net/provide"],
  "net.kept": ["GET", "/net/kept"],
  "net.withdraw": ["DELETE", "/net/kept/{key}"],
  "net.find": ["GET", "/net/providers/{cid}"],
  "net.lookup": ["GET", "/net/lookup/{id}"],
  "net.publish": ["POST", "/net/publish"],
  "net.subscribe": ["POST", "/net/subscribe"],
  "net.unsubscribe": ["POST", "/net/unsubscribe"],
  "net.stat": ["GET", "/net/stat"],
  "peer.ls": ["GET", "/peers"],
  "peer.show": ["GET", "/peers/{id}"],
  "peer.ping": ["POST", "/peers/{id}/ping"],
  "peer.trust": ["POST", "/peers/{id}/trust"],
  "peer.block": ["POST", "/peers/{id}/block"],
  "peer.forget": ["DELETE", "/peers/{id}/trust"],
  "file.add": ["POST", "/files"],
  "file.get": ["POST", "/files/get"],
  "dht.get": ["GET", "/dht/{target}"],
  "dht.put": ["POST", "/dht"],
  "file.ls": ["GET", "/files"],
  "file.show": ["GET", "/files/{id}"],
  "file.pause": ["POST", "/files/{id}/pause"],
  "file.resume": ["POST", "/files/{id}/resume"],
  "file.verify": ["POST", "/files/{id}/verify"],
  "file.reannounce": ["POST", "/files/{id}/reannounce"],
  "file.rm": ["DELETE", "/files/{id}"],
  "file.peer": ["POST", "/files/{id}/peers"],
  "file.limit": ["POST", "/files/{id}/limit"],
  "file.set": ["POST", "/files/{id}/set"],
  "file.stream": ["POST", "/files/{id}/stream"],
  "file.tracker": ["PUT", "/files/{id}/trackers"],
  "file.move": ["POST", "/files/{id}/move"],
  "file.rename": ["POST", "/files/{id}/rename"],
  "file.label": ["PUT", "/files/{id}/labels"],
  "file.queue": ["POST", "/files/{id}/queue"],
  "file.send": ["POST", "/files/send"],
  "file.receive": ["POST", "/files/receive"],
  "file.transfer-ls": ["GET", "/transfers"],
  "file.transfer-show": ["GET", "/transfers/{id}"],
  "file.transfer-accept": ["POST", "/transfers/{id}/accept"],
  "file.transfer-cancel": ["POST", "/transfers/{id}/cancel"],
  "file.group-ls": ["GET", "/file-groups"],
  "file.group-set": ["PUT", "/file-groups/{name}"],
  "file.stats": ["GET", "/file-stats"],
  "file.poll": ["POST", "/files/poll"],
  "file.export": ["GET", "/files/{id}/torrent"],
  "file.block": ["POST", "/files/blocklist"],
  "file.unblock": ["DELETE", "/files/blocklist/{what}"],
  "file.blocklist": ["GET", "/files/blocklist"],
  "file.reach": ["GET", "/files/reach"],
  "file.release": ["POST", "/files/{id}/release"],
  "connect.expose": ["POST", "/connect/services"],
  "connect.forward": ["POST", "/connect/forwards"],
  "connect.socks": ["POST", "/connect/socks"],
  "connect.exit": ["PUT", "/connect/exit"],
  "connect.network": ["PUT", "/connect/network"],
  "connect.network-allow": ["PUT", "/connect/network/allow"],
  "connect.network-deny": ["PUT", "/connect/network/deny"],
  "connect.log": ["GET", "/connect/log"],
  "connect.ls": ["GET", "/connect"],
  "connect.status": ["GET", "/connect/status"],
  "connect.rm": ["DELETE", "/connect/entries"],
  "doc.new": ["POST", "/docs"],
  "doc.ls": ["GET", "/docs"],
  "doc.show": ["GET", "/docs/{id}"],
  "doc.cat": ["GET", "/docs/{id}/text"],
  "doc.append": ["POST", "/docs/{id}/append"],
  "doc.edit": ["PUT", "/docs/{id}/text"],
  "doc.rename": ["PUT", "/docs/{id}/title"],
  "doc.history": ["GET", "/docs/{id}/history"],
  "doc.restore": ["POST", "/docs/{id}/restore"],
  "doc.export": ["GET", "/docs/{id}/export"],
  "doc.follow": ["POST", "/docs/{id}/follow"],
  "doc.share": ["POST", "/docs/{id}/share"],
  "doc.join": ["POST", "/docs/join"],
  "doc.members": ["GET", "/docs/{id}/members"],
  "doc.unshare": ["DELETE", "/docs/{id}/members"],
  "doc.rm": ["DELETE", "/docs/{id}"],
  "job.ls": ["GET", "/jobs"],
  "job.show": ["GET", "/jobs/{id}"],
  "job.cancel": ["POST", "/jobs/{id}/cancel"],
  "method.ls": ["GET", "/methods"],
} as const satisfies Record<keyof Methods, readonly [string, string]>;
