/** Pictures that the map needs, drawn on the spot: no sprite is fetched. */
import { iconPath, type IconName } from '../panels/icons';

const RATIO = 2;
const SIZE = 24;

export interface Picture {
  data: ImageData;
  pixelRatio: number;
}

const INK = { light: '#13201b', dark: '#ecf3ef' } as const;
const PAPER = { light: '#ffffff', dark: '#1b2622' } as const;

function pen(size: number): CanvasRenderingContext2D | null {
  const canvas = document.createElement('canvas');
  canvas.width = size * RATIO;
  canvas.height = size * RATIO;
  const context = canvas.getContext('2d');
  context?.scale(RATIO, RATIO);
  return context;
}

function taken(context: CanvasRenderingContext2D): Picture {
  return { data: context.getImageData(0, 0, context.canvas.width, context.canvas.height), pixelRatio: RATIO };
}

/** Diagonal lines: grey for the unknown, violet for evacuation. */
function hatch(colour: string, width: number): Picture | null {
  const size = 10;
  const context = pen(size);
  if (!context) return null;
  context.strokeStyle = colour;
  context.lineWidth = width;
  for (const shift of [-size, 0, size]) {
    context.beginPath();
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
    context.stroke();
  }
  return taken(context);
}

/** A glyph in a square: outlined when it works, filled when not, dashed and grey when unknown. */
function badge(glyph: IconName, state: string, edge: string, theme: 'light' | 'dark'): Picture | null {
  const context = pen(SIZE);
  if (!context) return null;
  const ink = INK[theme];
  const paper = PAPER[theme];
  const isDown = state === 'down';
  context.beginPath();
  context.roundRect(1.5, 1.5, SIZE - 3, SIZE - 3, 5);
  context.fillStyle = isDown ? ink : paper;
  context.fill();
  context.strokeStyle = ink;
  context.lineWidth = 1.5;
  if (edge === 'dotted') context.setLineDash([1.5, 2.5]);
  context.stroke();
  context.setLineDash([]);
  context.save();
  context.translate(5, 5);
  context.scale((SIZE - 10) / 24, (SIZE - 10) / 24);
  context.strokeStyle = isDown ? paper : ink;
  context.globalAlpha = state === 'unknown' ? 0.45 : 1;
  context.lineWidth = 2.6;
  context.lineJoin = 'round';
  context.stroke(new Path2D(iconPath(glyph)));
  context.restore();
  if (isDown) {
    context.strokeStyle = paper;
    context.lineWidth = 1.6;
    context.beginPath();
    context.moveTo(4, SIZE - 4);
    context.lineTo(SIZE - 4, 4);
    context.stroke();
  }
  return taken(context);
}

/** The picture behind a name such as `icon/medical/down/solid/light`, `unknown` or `flag`. */
export function picture(name: string): Picture | null {
  if (name === 'unknown') return hatch('#84918b', 1.4);
  if (name === 'flag') return hatch('#8a3ccc', 2.6);
  const [kind, glyph = '', state = '', edge = '', theme = 'light'] = name.split('/');
  if (kind !== 'icon') return null;
  return badge(glyph as IconName, state, edge, theme === 'dark' ? 'dark' : 'light');
}
