// What did somebody paste or type into the box?  Pure.
import type { PageName } from '../pages';

export type Intent =
  | { kind: 'get'; link: string }
  | { kind: 'receive'; code: string }
  | { kind: 'dial'; address: string }
  | { kind: 'page'; page: PageName }
  | { kind: 'setting'; words: string }
  | { kind: 'find'; words: string };

const HEX = /^([0-9a-f]{40}|[0-9a-f]{64}|1220[0-9a-f]{64})$/i; // infohashes: v1, v2, v2 as a multihash
const BASE32 = /^[a-z2-7]{32}$/i;
const CODE = /^\d{1,4}-[a-z]+(-[a-z]+)+$/i; // "4-tulip-anchor"
const ADDRESS = /^\/(ip4|ip6|dns[46]?|dnsaddr)\/.+/;

/** What it may mean, the likeliest first; empty for an empty text. */
export function understand(text: string, names: Partial<Record<PageName, string>> = {}): Intent[] {
  const words = text.trim();
  if (!words) return [];
  if (/^magnet:\?/i.test(words) || /^https?:\/\/\S+\.torrent(\?\S*)?$/i.test(words)) return [{ kind: 'get', link: words }];
  if (HEX.test(words) || BASE32.test(words)) return [{ kind: 'get', link: words }];
  if (CODE.test(words)) return [{ kind: 'receive', code: words.toLowerCase() }];
  if (ADDRESS.test(words)) return [{ kind: 'dial', address: words }];
  const low = words.toLowerCase();
  const pages = (Object.entries(names) as [PageName, string][])
    .filter(([, name]) => name.toLowerCase().startsWith(low))
    .map(([page]): Intent => ({ kind: 'page', page }));
  const setting: Intent = { kind: 'setting', words };
  const find: Intent = { kind: 'find', words };
  return [...pages, ...(/^[a-z]+\.[a-z-]*$/.test(low) ? [setting, find] : [find, setting])];
}
