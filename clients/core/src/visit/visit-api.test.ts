import { expect, it } from 'vitest';
import { VisitApi } from './visit-api.ts';

const VISIT = {
  id: 'cons_1',
  appointment: 'apt_1',
  room: 'cons_1',
  state: 'open',
  starts_at: '2026-11-27T09:00:00Z',
  ends_at: '2026-11-27T09:30:00Z',
  time_zone: 'Africa/Nairobi',
  clinic: { id: 'clin_1', name: 'Mwangaza Clinic', phone: null },
  practitioner: { id: 'prac_1', name: 'Dr. Amara Osei' },
  service: { name: 'Video visit' },
  message: null,
  me: { participant: 'par_1', role: 'patient', name: 'Ann', state: 'invited' },
  participants: [],
  revision: 3,
};

function apiThat(status: number, answer: unknown) {
  const asked: { url: string; init: RequestInit }[] = [];
  const api = new VisitApi({
    baseUrl: '',
    newKey: () => 'key',
    fetch: async (url, init) => {
      asked.push({ url, init });
      return new Response(JSON.stringify(answer), { status });
    },
  });
  return { api, asked };
}

it('is the same device again where no cookie is sent', async () => {
  const { api, asked } = apiThat(200, { session_token: 's', device_token: 'd', visit: VISIT });
  await api.exchange('secret');
  await api.exchange('secret');
  const devices = asked.map(({ init }) => new Headers(init.headers).get('Bedside-Device'));
  expect(devices).toEqual([null, 'd']);
});

it('comes in by a secret that is in no address, and speaks with the session afterwards', async () => {
  const { api, asked } = apiThat(200, { session_token: 's', expires_at: '', visit: VISIT });
  const session = await api.exchange('secret');
  expect(session.visit).toMatchObject({ me: { id: 'par_1', state: 'invited' }, revision: 3 });
  expect(asked[0]).toMatchObject({
    url: '/v1/join/exchange',
    init: { body: '{"secret":"secret"}' },
  });
  await api.exchange('again');
  expect(asked[1]?.init.headers).toMatchObject({ Authorization: 'Bearer s' });
});

it('a state that a newer server knows is taken for a harmless one', async () => {
  const me = { participant: 'par_1', role: 'patient', name: 'Ann', state: 'levitating' };
  const { api } = apiThat(200, { ...VISIT, state: 'frozen', me });
  expect(await api.read('cons_1')).toMatchObject({ state: 'open', me: { state: 'invited' } });
});

it('staff who only look after a visit need nobody to let them in', async () => {
  const me = { participant: null, role: 'staff', name: '', state: null };
  const { api } = apiThat(200, { ...VISIT, me });
  expect((await api.read('cons_1')).me).toMatchObject({ role: 'staff', state: 'admitted' });
});

it('half a visit is no visit', async () => {
  const { api } = apiThat(200, { ...VISIT, starts_at: undefined });
  await expect(api.read('cons_1')).rejects.toMatchObject({ kind: 'other' });
});

it('a link that does not work is told by its kind', async () => {
  const { api } = apiThat(401, { type: 'urn:bedside:problem:link-not-valid', title: 'no' });
  await expect(api.exchange('x')).rejects.toMatchObject({ kind: 'link-not-valid' });
});
