// Safaricom's Daraja, as far as a prompt on a telephone goes: what is asked for is kept, and the payer answers when told to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listeningPort } from './listening-port.ts';

interface Push {
  readonly id: string;
  readonly telephone: string;
  readonly amount: number;
  readonly hook: string;
  /** `null` while the prompt is on the telephone; Daraja's code afterwards, `0` for paid. */
  result: string | null;
}

export class FakeMpesa {
  readonly pushes: Push[] = [];

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(): Promise<FakeMpesa> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const fake = new FakeMpesa(server, listeningPort(server));
    server.on('request', (request, response) => void fake.#answer(request, response));
    return fake;
  }

  /** How `bedside` is told of it. */
  get wish(): readonly string[] {
    return [
      '--public-url',
      'http://localhost:{port}',
      '--mpesa-url',
      `http://127.0.0.1:${this.port}`,
      '--mpesa-shortcode',
      '174379',
      '--mpesa-consumer-key',
      'key',
      '--mpesa-consumer-secret',
      'secret',
      '--mpesa-passkey',
      'passkey',
    ];
  }

  /** The payer enters their PIN (`0`) or does not (`1032`); Daraja calls back. */
  async payerAnswers(result: '0' | '1032', httpPort: number): Promise<void> {
    const push = this.pushes.at(-1);
    if (push === undefined) throw new Error('no prompt is on the telephone');
    push.result = result;
    const item = [
      { Name: 'Amount', Value: push.amount },
      { Name: 'MpesaReceiptNumber', Value: `RCP${this.pushes.length}XYZ` },
    ];
    const callback = {
      CheckoutRequestID: push.id,
      ResultCode: Number(result),
      ResultDesc: 'told',
      ...(result === '0' ? { CallbackMetadata: { Item: item } } : {}),
    };
    // The hook names the clinic's public address; here it is on this machine.
    const hook = new URL(push.hook);
    const answer = await fetch(`http://127.0.0.1:${httpPort}${hook.pathname}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Body: { stkCallback: callback } }),
    });
    if (!answer.ok) throw new Error(`the callback was answered ${answer.status}`);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0];
    const body = await bodyOf(request);
    const say = (status: number, answer: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    };
    switch (path) {
      case '/oauth/v1/generate':
        say(200, { access_token: 'token', expires_in: '3599' });
        return;
      case '/mpesa/stkpush/v1/processrequest': {
        const id = `ws_CO_${this.pushes.length + 1}`;
        this.pushes.push({
          id,
          telephone: String(body['PhoneNumber']),
          amount: Number(body['Amount']),
          hook: String(body['CallBackURL']),
          result: null,
        });
        say(200, { ResponseCode: '0', CheckoutRequestID: id, MerchantRequestID: id });
        return;
      }
      case '/mpesa/stkpushquery/v1/query': {
        const push = this.pushes.find(({ id }) => id === body['CheckoutRequestID']);
        if (push?.result == null) {
          say(500, { errorCode: '500.001.1001', errorMessage: 'being processed' });
        } else {
          say(200, { ResponseCode: '0', ResultCode: push.result, CheckoutRequestID: push.id });
        }
        return;
      }
      default:
        say(404, { errorCode: '404.001.03' });
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const part of request) text += String(part);
  if (text === '') return {};
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
