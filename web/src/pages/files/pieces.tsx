// Which pieces are here, as one bar: each dot of it stands for many pieces, darker for more of them.
import { useEffect, useRef } from 'preact/hooks';
import { t } from './texts';

export interface Pieces {
  count: number;
  have: number;
  bitfield?: string | null; // base64, the first piece in the highest bit
}

const DOTS = 320;

/** For each dot the part of its pieces that is here; pure. */
export function shares(pieces: Pieces, dots: number): Float32Array {
  const bits = atob(pieces.bitfield ?? '');
  const out = new Float32Array(dots);
  for (let dot = 0; dot < dots; dot++) {
    const from = Math.floor((dot * pieces.count) / dots);
    const to = Math.max(from + 1, Math.floor(((dot + 1) * pieces.count) / dots));
    let here = 0;
    for (let i = from; i < to; i++) here += (bits.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1;
    out[dot] = here / (to - from);
  }
  return out;
}

export function PiecesBar({ pieces }: { pieces: Pieces }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pen = canvas.current?.getContext('2d');
    if (!pen) return;
    pen.clearRect(0, 0, DOTS, 1);
    pen.fillStyle = getComputedStyle(canvas.current!).color;
    shares(pieces, DOTS).forEach((share, dot) => {
      pen.globalAlpha = share;
      pen.fillRect(dot, 0, 1, 1);
    });
  }, [pieces.bitfield, pieces.count]);
  const words = t('one.pieces', { have: pieces.have, n: pieces.count });
  return (
    <figure class="pieces">
      <canvas ref={canvas} width={DOTS} height={1} role="img" aria-label={words} />
      <figcaption>{words}</figcaption>
    </figure>
  );
}
