// A film that costs an encoder what a person before a moving background does: Chromium's own pattern is nearly free, and a
// call with it never needs its bandwidth.
import { closeSync, openSync, writeSync } from 'node:fs';

/** Frames of the loop. */
const FRAMES = 30;

/** Writes a loop of raw YUV4MPEG2 that pans over noise of several sizes: every block moves, none repeats. */
export function filmCostly(path: string, width = 960, height = 540, fps = 15): void {
  const ground = noise(width + FRAMES * 8, height + FRAMES * 4);
  const file = openSync(path, 'w');
  writeSync(file, `YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
  const luma = Buffer.alloc(width * height);
  const chroma = Buffer.alloc((width / 2) * (height / 2), 128);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    // There and back, so that the loop has no jump.
    const step = frame < FRAMES / 2 ? frame : FRAMES - frame;
    for (let row = 0; row < height; row += 1) {
      const from = (row + 4 * step) * ground.width + 8 * step;
      ground.pixels.copy(luma, row * width, from, from + width);
    }
    chroma.fill(108 + step, 0, chroma.length / 2);
    writeSync(file, 'FRAME\n');
    for (const plane of [luma, chroma, chroma]) writeSync(file, plane);
  }
  closeSync(file);
}

/** Soft spots of 4 to 32 pixels. */
function noise(width: number, height: number): { width: number; pixels: Buffer } {
  const pixels = Buffer.alloc(width * height);
  const octaves = [32, 16, 8, 4].map((size) => {
    const columns = Math.ceil(width / size) + 2;
    const values = new Float32Array(columns * (Math.ceil(height / size) + 2));
    let state = size;
    for (let at = 0; at < values.length; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      values[at] = state / 4_294_967_296;
    }
    return { size, columns, values };
  });
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (const { size, columns, values } of octaves) {
        const at = Math.floor(y / size) * columns + Math.floor(x / size);
        const right = (x % size) / size;
        sum += (values[at] ?? 0) * (1 - right) + (values[at + 1] ?? 0) * right;
      }
      pixels[y * width + x] = 16 + (sum / octaves.length) * 219;
    }
  }
  return { width, pixels };
}
