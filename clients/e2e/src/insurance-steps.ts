// Around an insured visit: what the clinic has set up, a visit that was held, and an insurer's file.
import type { ChromiumTab } from './tab.ts';
import { until } from './until.ts';

/** A kind of visit that an insurer pays for, of the demo doctor's. */
export async function insuredService(doctor: ChromiumTab) {
  return doctor.evaluate(async () => {
    const me = await (await fetch('/v1/me')).json();
    const services = await (await fetch(`/v1/services?clinic=${me.clinic_id}`)).json();
    const { id, rev, ...terms } = services.items[0];
    const body = {
      ...terms,
      name: 'Insured visit',
      pay: 'insurance',
      on_demand: false,
      duration_min: 10,
      minimum_notice_min: 0,
      price: { minor: 250_000, currency: 'KES' },
    };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch('/v1/services', {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const made: { id: string } = await answer.json();
    const own: { practitioner_id?: string }[] = me.memberships;
    const practitioner = own.find((one) => one.practitioner_id != null)?.practitioner_id ?? '';
    return { service: made.id, practitioner, replaced: `${id}/${rev}` };
  }, undefined);
}

/** Placed by the clinic in some minutes, and held at once; its claim is there afterwards. */
export async function heldVisit(
  doctor: ChromiumTab,
  service: string,
  practitioner: string,
  minutes: number,
): Promise<string> {
  const visit = await doctor.evaluate(
    async (wish: { service: string; practitioner: string; minutes: number }) => {
      const patients = await (await fetch('/v1/patients?name=Otieno')).json();
      const start = new Date(Math.ceil(Date.now() / 60_000 + wish.minutes) * 60_000);
      const send = async (path: string, body: unknown, rev?: number) => {
        const answer = await fetch(path, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'Idempotency-Key': crypto.randomUUID(),
            ...(rev === undefined ? {} : { 'If-Match': `"${rev}"` }),
          },
          body: JSON.stringify(body),
        });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
      };
      const { service: kind, practitioner: doctorsId } = wish;
      let one = await send('/v1/appointments/override', {
        service: kind,
        practitioner: doctorsId,
        patient: patients.items[0].id,
        start: start.toISOString(),
        reason: 'between two others',
      });
      for (const step of ['check-in', 'start', 'finish']) {
        one = await send(`/v1/appointments/${one.id}/${step}`, {}, one.rev);
      }
      return String(one.id);
    },
    { service, practitioner, minutes },
  );
  await until({ what: 'the visit is claimed', within: 20_000 }, () =>
    doctor.evaluate(async (id: string) => {
      const found = await (await fetch(`/v1/insurance-claims?appointment=${id}`)).json();
      return found.items.length === 1;
    }, visit),
  );
  return visit;
}

/** What a file for an insurer needs of the clinic. */
export async function clinicsPapers(doctor: ChromiumTab): Promise<void> {
  const told = await doctor.evaluate(async () => {
    const put = async (path: string, change: (body: Record<string, unknown>) => object) => {
      const answer = await fetch(path);
      const { rev, id, ...body } = await answer.json();
      const kept = await fetch(path, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'If-Match': `"${rev}"` },
        body: JSON.stringify(change(body)),
      });
      return `${id ?? path}: ${kept.status} ${kept.ok ? '' : await kept.text()}`;
    };
    const me = await (await fetch('/v1/me')).json();
    return [
      await put('/v1/billing', (body) => ({
        ...body,
        seller: 'Mwangaza Ltd',
        tax_number: 'P051234567X',
      })),
      await put(`/v1/clinics/${me.clinic_id}`, ({ name, time_zone }) => ({
        name,
        time_zone,
        phone: '+254 700 000000',
      })),
    ];
  }, undefined);
  if (!told.every((line) => line.includes(': 200 '))) throw new Error(told.join('\n'));
}

/** What an insurer says of these claims: control, status, charge, paid, adjustments. */
export function remittance(
  trace: string,
  paid: string,
  claims: readonly (readonly [string, string, string, string, string])[],
): string {
  const told = claims.map(
    ([control, status, charge, amount, adjustments]) =>
      `CLP*${control}*${status}*${charge}*${amount}**12*777~${adjustments}`,
  );
  const body = `BPR*I*${paid}*C*ACH~TRN*1*${trace}*1999999999~CUR*PR*KES~LX*1~${told.join('')}`;
  const count = body.split('~').length - 1 + 2;
  return (
    'ISA*00*          *00*          *ZZ*SHA-01         *ZZ*1234567893     *260310*0900*^*00501*000000007*0*P*:~' +
    `GS*HP*SHA-01*1234567893*20260310*0900*7*X*005010X221A1~ST*835*0001~${body}SE*${count}*0001~GE*1*7~IEA*1*000000007~`
  );
}
