// A link as a QR code, for the phone of whoever sits beside.  Loaded when one is shown.
import { useEffect, useRef } from 'preact/hooks';
import './qr.css';

export function Qr({ text, label }: { text: string; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let over = false;
    void import('lean-qr/nano').then(({ generate }) => {
      if (over || !canvas.current) return;
      // Black on white in both themes: many cameras read no other.
      generate(text).toCanvas(canvas.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255] });
    });
    return () => {
      over = true;
    };
  }, [text]);
  return <canvas ref={canvas} class="qr" role="img" aria-label={label} />;
}
