/** The calls of a visit: by an account's cookie, or by the session that a link gave. */
import { ApiProblem, problemFrom } from '../api/problem.ts';
import { fields, list, oneOf, readVisit, text, textOrNull } from './read-visit.ts';
import type { CheckReport, ParticipantState, Visit, VisitRole } from './visit.ts';

export interface JoinSession {
  readonly token: string;
  readonly visit: Visit;
}

export interface VisitToken {
  readonly token: string;
  readonly admitted: boolean;
}

/** Somebody who is expected, waits, or is in. */
export interface WaitingLine {
  readonly visit: string | null;
  readonly appointment: string;
  readonly participant: string | null;
  readonly patientName: string;
  readonly state: ParticipantState;
  readonly waitingSince: string | null;
  readonly startsAt: string;
  readonly lateByS: number;
}

export interface JoinLink {
  readonly url: string;
  readonly participant: string | null;
}

export interface VisitApiSettings {
  readonly baseUrl: string;
  readonly newKey: () => string;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** The terms that a person agrees to before a visit, as the page words them. */
export const TERMS_VERSION = '1';

export class VisitApi {
  /** A join session's token; without one the browser's cookie speaks. */
  token: string | null = null;
  /** What a join link knows this device by where its cookie is not sent: in another site's page. */
  device: string | null = null;

  constructor(private readonly settings: VisitApiSettings) {}

  /** `device`: what an earlier exchange of this link on this device has left in `device`. */
  async exchange(secret: string, device: string | null = null): Promise<JoinSession> {
    this.device = device ?? this.device;
    const answer = fields(await this.#ask('POST', '/v1/join/exchange', { secret }));
    this.token = text(answer['session_token']);
    this.device = textOrNull(answer['device_token']) ?? this.device;
    return { token: this.token, visit: readVisit(answer['visit']) };
  }

  async recover(contact: string): Promise<void> {
    await this.#ask('POST', '/v1/join/recover', { contact });
  }

  async ofAppointment(appointment: string): Promise<Visit> {
    return readVisit(await this.#ask('GET', `/v1/appointments/${appointment}/consultation`));
  }

  async read(visit: string): Promise<Visit> {
    return readVisit(await this.#ask('GET', `/v1/consultations/${visit}`));
  }

  async checkIn(visit: string, report: CheckReport, browser: string): Promise<Visit> {
    const body = { ...report, browser: browser.slice(0, 200), terms_version: TERMS_VERSION };
    return readVisit(await this.#ask('POST', `/v1/consultations/${visit}/check-in`, body));
  }

  async getToken(visit: string): Promise<VisitToken> {
    const answer = fields(await this.#ask('POST', `/v1/consultations/${visit}/token`));
    return { token: text(answer['token']), admitted: answer['admitted'] === true };
  }

  async door(visit: string, person: string, act: 'admit' | 'hold' | 'remove'): Promise<Visit> {
    const path = `/v1/consultations/${visit}/participants/${person}/${act}`;
    return readVisit(await this.#ask('POST', path));
  }

  async tell(visit: string, message: string | null): Promise<Visit> {
    const body = { text: message };
    return readVisit(await this.#ask('POST', `/v1/consultations/${visit}/message`, body));
  }

  /** Lets it take longer; what comes after it in the calendar waits. */
  async extend(visit: string, minutes: number): Promise<Visit> {
    return readVisit(await this.#ask('POST', `/v1/consultations/${visit}/extend`, { minutes }));
  }

  async end(visit: string): Promise<Visit> {
    return readVisit(await this.#ask('POST', `/v1/consultations/${visit}/end`));
  }

  async invite(appointment: string, role: VisitRole, name: string): Promise<JoinLink> {
    const path = `/v1/appointments/${appointment}/join-links`;
    const body = role === 'patient' && name === '' ? { role } : { role, name };
    const answer = fields(await this.#ask('POST', path, body));
    return { url: text(answer['url']), participant: textOrNull(answer['participant']) };
  }

  async waitingRoom(): Promise<readonly WaitingLine[]> {
    const answer = fields(await this.#ask('GET', '/v1/waiting-room?limit=200'));
    return list(answer['items']).map(readLine);
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const { baseUrl, newKey } = this.settings;
    const send = this.settings.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
    let response: Response;
    try {
      response = await send(baseUrl + path, {
        method,
        headers: {
          ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
          ...(this.device === null ? {} : { 'Bedside-Device': this.device }),
          ...(method === 'POST' ? { 'Idempotency-Key': newKey() } : {}),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        cache: 'no-store',
      });
    } catch {
      throw new ApiProblem({ kind: 'offline', status: 0 });
    }
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) {
      throw problemFrom(response.status, answer);
    }
    return answer;
  }
}

function readLine(value: unknown): WaitingLine {
  const line = fields(value);
  const late = line['late_by_s'];
  return {
    visit: textOrNull(line['id']),
    appointment: text(line['appointment']),
    participant: textOrNull(line['participant']),
    patientName: textOrNull(line['patient_name']) ?? '',
    state: oneOf(
      ['waiting', 'admitted', 'connected', 'disconnected', 'left', 'removed', 'denied', 'invited'],
      line['state'],
      'invited',
    ),
    waitingSince: textOrNull(line['waiting_since']),
    startsAt: text(line['starts_at']),
    lateByS: typeof late === 'number' ? late : 0,
  };
}
