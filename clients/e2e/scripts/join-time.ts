// Measures the join: from pressing Join to the first remote frame on screen, in Chromium on loopback.
//
//   npm run join-time -- [--joins 20] [--json FILE]
//
// One participant publishes camera and microphone and stays. Then joins are made one after another, each in a fresh
// context: page opened by its link, preview awaited, Join pressed. The first two warm the browser up and do not count.
// Times come from the page's own clock; "server" is what the page waited for the server alone (see `stretches`).
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Bedside, bedsideBinary } from '../src/bedside.ts';
import { launchChromium, openChromiumTab } from '../src/chromium.ts';
import { cameraTile, joinByLink, untilAbsent } from '../src/consultation-page.ts';
import { seesMovingPicture } from '../src/media.ts';
import type { Mark } from '../src/probe.ts';
import { ask } from '../src/tab.ts';
import { pause, until } from '../src/until.ts';

const WARM_UP = 2;
const WHOLE = 'Join pressed to first remote frame on screen';

const { values } = parseArgs({
  options: { joins: { type: 'string', default: '20' }, json: { type: 'string' } },
});
const joins = Number(values.joins);
if (!Number.isInteger(joins) || joins < 1)
  throw new Error(`--joins wants a whole number, not ${values.joins}`);

/** One join taken apart; all in milliseconds. */
type Stretches = Record<string, number>;

const bedside = await Bedside.start({ logFilter: 'info' });
const browser = await launchChromium();
const measured: Stretches[] = [];
try {
  const doctor = await openChromiumTab(browser, 'doctor');
  await joinByLink(doctor, bedside.link({ room: 'stopwatch', identity: 'doctor' }));
  for (let number = 0; number < joins + WARM_UP; number += 1) {
    const identity = `patient-${number}`;
    const patient = await openChromiumTab(browser, identity);
    await joinByLink(patient, bedside.link({ room: 'stopwatch', identity }));
    await until({ what: 'the first remote frame', within: 10_000, every: 100 }, async () =>
      (await ask(patient, 'marks')).some((mark) => mark.name === 'first remote frame'),
    );
    await seesMovingPicture(patient, cameraTile('doctor'));
    const one = stretches(await ask(patient, 'marks'));
    if (number >= WARM_UP) measured.push(one);
    process.stderr.write(
      `join ${number + 1} of ${joins + WARM_UP}: ${Math.round(one[WHOLE] ?? Number.NaN)} ms\n`,
    );
    await patient.page.context().close();
    await untilAbsent(doctor, cameraTile(identity), 10_000);
    await pause(300);
  }
} finally {
  await browser.close();
  await bedside.stop();
}
report();

/** What the page's marks say. Sockets and connections are numbered in the order the page makes them. */
function stretches(marks: readonly Mark[]): Stretches {
  const at = (name: string): number => marks.find((mark) => mark.name === name)?.at ?? Number.NaN;
  // A client may be refused at /rtc/v1 and fall back to /rtc: the socket that opened is the one that counts.
  const socket =
    marks.find((mark) => /^socket \d+ open$/.test(mark.name))?.name.split(' ')[1] ?? '0';
  // The connection that carries the picture; the other one carries what this participant publishes.
  const carrier =
    marks
      .find((mark) => mark.name.startsWith('remote video track on '))
      ?.name.split(' ')
      .at(-1) ?? '';
  const pressed = at('first click on a button');
  const frame = at('first remote frame');
  return {
    [WHOLE]: frame - pressed,
    'page start to first remote frame (waits for the person included)': frame,
    'Join pressed to signal socket asked for': at(`socket ${socket} asked`) - pressed,
    'server: socket asked for to socket open':
      at(`socket ${socket} open`) - at(`socket ${socket} asked`),
    'server: socket open to join response':
      at(`socket ${socket} first message`) - at(`socket ${socket} open`),
    'join response to ICE checking (offer, answer, candidates)':
      at(`ice ${carrier} checking`) - at(`socket ${socket} first message`),
    'ICE checking to ICE connected': at(`ice ${carrier} connected`) - at(`ice ${carrier} checking`),
    'ICE connected to DTLS connected':
      at(`connection ${carrier} connected`) - at(`ice ${carrier} connected`),
    'DTLS connected to first remote frame (key frame, decoding, drawing)':
      frame - at(`connection ${carrier} connected`),
  };
}

function report(): void {
  const names = Object.keys(measured[0] ?? {});
  const rows = names.map((name) => {
    const sorted = measured.map((one) => one[name] ?? Number.NaN).toSorted((a, b) => a - b);
    return {
      name,
      p50: percentile(sorted, 50),
      p95: percentile(sorted, 95),
      min: sorted[0] ?? Number.NaN,
    };
  });
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`;
  const result = {
    joins: measured.length,
    machine,
    binary: bedsideBinary().split('/').slice(-2).join('/'),
    rows,
    measured,
  };
  console.log(
    `\n${measured.length} joins in Chromium on loopback (${machine}, ${result.binary}); milliseconds\n`,
  );
  console.log('| stretch | p50 | p95 | best |\n|---|---:|---:|---:|');
  for (const row of rows) {
    console.log(
      `| ${row.name} | ${row.p50.toFixed(0)} | ${row.p95.toFixed(0)} | ${row.min.toFixed(0)} |`,
    );
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

/** Nearest rank: the smallest value that at least `share` percent of the values do not exceed. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length) - 1)] ?? Number.NaN;
}
