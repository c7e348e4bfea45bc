// Who is at a document: a name and a colour, as their editors tell.
export interface Person {
  client: number;
  name: string;
  color: string;
}

/** Eight that are told apart, and on which a name can be read. */
const COLOURS = ['#b4232f', '#a84300', '#7a5b00', '#2c6e1f', '#00706b', '#0b62b0', '#6a3fc4', '#a1238f'];
const NAME_MAX = 40;

/** The same for the same peer on every machine. */
export function colourFor(id: string): string {
  let sum = 0;
  for (let i = 0; i < id.length; i++) sum = (Math.imul(sum, 31) + id.charCodeAt(i)) >>> 0;
  return COLOURS[sum % COLOURS.length]!;
}

/** What somebody else sent goes into a style only when it is a plain colour. */
export function colourOf(color: string, opacity = ''): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? color + opacity : `#5b6675${opacity}`;
}

/** Black or white, whichever can be read on it (WCAG's relative luminance, simplified). */
export function inkOn(color: string): string {
  const n = parseInt(color.slice(1), 16);
  const light = [n >> 16, (n >> 8) & 255, n & 255].map((c) => (c / 255) ** 2.2) as [number, number, number];
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.18 ? '#000' : '#fff';
}

export function personOf(state: unknown, client: number): Person {
  const user = (state as { user?: { name?: unknown; color?: unknown } } | null)?.user;
  const name = typeof user?.name === 'string' ? user.name.trim().slice(0, NAME_MAX) : '';
  return { client, name: name || '?', color: colourOf(typeof user?.color === 'string' ? user.color : '') };
}
