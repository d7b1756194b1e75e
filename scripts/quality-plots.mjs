// Draws what the stories of sim/tests/quality.rs saw: bitrate, layer, frames and freezes over time, one SVG a story.
//
//   QUALITY_CSV=$PWD/target/quality cargo test --workspace --test quality      (after mkdir -p target/quality)
//   node scripts/quality-plots.mjs target/quality docs/images                  [name ...]
//
// A CSV has the columns s,kbps,fps,layer,stood_ms and is called NAME-SEED.csv; the first seed of each name is drawn. The
// browser's own (artifacts/quality-NAME.csv of the end-to-end tests, layer = height) are drawn as well.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const [from, to, ...wanted] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error('usage: node scripts/quality-plots.mjs FOLDER-OF-CSV FOLDER-OF-SVG [name ...]');
  process.exit(2);
}

const WIDTH = 860;
const LEFT = 64;
const RIGHT = 16;
const PANEL = 110;
const GAP = 34;
/** The picture stands still: longer than getStats' limit at 15 frames a second. */
const FREEZE_MS = 300;

const seen = new Set();
for (const file of readdirSync(from)
  .filter((name) => name.endsWith('.csv'))
  .toSorted()) {
  const name = basename(file, '.csv')
    .replace(/^quality-/, 'browser-')
    .replace(/-\d+$/, '');
  if (seen.has(name) || (wanted.length > 0 && !wanted.includes(name))) continue;
  seen.add(name);
  writeFileSync(join(to, `quality-${name}.svg`), draw(name, read(join(from, file))));
}
console.log(`drawn: ${[...seen].join(', ')}`);

function read(path) {
  const [, ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [s, kbps, fps, layer, stood] = line.split(',');
    return {
      s: Number(s),
      kbps: Number(kbps),
      fps: Number(fps),
      layer: layer === '' ? undefined : Number(layer),
      stood: Number(stood),
    };
  });
}

function draw(name, samples) {
  const first = samples[0]?.s ?? 0;
  const last = samples.at(-1)?.s ?? 1;
  const x = (s) => LEFT + ((s - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const panels = [
    { title: 'received, kbit/s', of: (one) => one.kbps, colour: '#1f6f8b' },
    { title: 'frames a second', of: (one) => one.fps, colour: '#5a7d2a' },
    {
      title: name.startsWith('browser') ? 'height' : 'layer',
      of: (one) => one.layer,
      colour: '#8a4f9e',
      steps: true,
    },
  ];
  const height = 40 + panels.length * (PANEL + GAP);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" fill="#222">${name}: red is a picture that stands still</text>`,
  ];
  panels.forEach((panel, place) => {
    const top = 40 + place * (PANEL + GAP);
    const values = samples.map(panel.of).filter((value) => value !== undefined);
    const most = Math.max(1, ...values) * 1.08;
    const y = (value) => top + PANEL - (value / most) * PANEL;
    parts.push(
      ...frozen(samples, x, top),
      `<text x="${LEFT}" y="${top - 5}" fill="#444">${panel.title}</text>`,
      `<path d="M${LEFT} ${top}V${top + PANEL}H${WIDTH - RIGHT}" fill="none" stroke="#999"/>`,
      ...scale(most).map(
        (value) =>
          `<path d="M${LEFT} ${y(value).toFixed(1)}H${WIDTH - RIGHT}" stroke="#eee"/>` +
          `<text x="${LEFT - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" fill="#666">${value}</text>`,
      ),
      `<path d="${line(samples, panel, x, y)}" fill="none" stroke="${panel.colour}" stroke-width="1.5"/>`,
    );
  });
  const bottom = 40 + panels.length * (PANEL + GAP) - GAP + 14;
  for (let s = Math.ceil(first / 10) * 10; s <= last; s += 10)
    parts.push(
      `<text x="${x(s).toFixed(1)}" y="${bottom}" text-anchor="middle" fill="#666">${s} s</text>`,
    );
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

/** Bands where the picture stood still; a sample tells how long it had by its end. */
function frozen(samples, x, top) {
  return samples
    .filter((one) => one.stood > FREEZE_MS)
    .map((one) => {
      const begin = Math.max(samples[0].s, one.s - one.stood / 1000);
      const width = x(one.s) - x(begin);
      return { begin, width };
    })
    .filter(
      (band, place, all) =>
        all[place + 1] === undefined || all[place + 1].begin > band.begin + 0.05,
    )
    .map(
      ({ begin, width }) =>
        `<rect x="${x(begin).toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${PANEL}" fill="#d33" opacity="0.16"/>`,
    );
}

function line(samples, panel, x, y) {
  let path = '';
  let isOpen = false;
  for (const one of samples) {
    const value = panel.of(one);
    if (value === undefined) {
      isOpen = false;
      continue;
    }
    const [h, v] = [x(one.s).toFixed(1), y(value).toFixed(1)];
    if (!isOpen) path += `M${h} ${v}`;
    else path += panel.steps ? `H${h}V${v}` : `L${h} ${v}`;
    isOpen = true;
  }
  return path;
}

/** Two to five round numbers up to `most`. */
function scale(most) {
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw),
  );
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, place) => place * step);
}
