// Which way media takes; and a page that may use nothing but TURN, over one transport: for tests of what a closed network leaves.
import type { Tab } from './tab.ts';

/** Which of the server's TURN addresses the page may use. */
export type Transport = 'udp' | 'tcp' | 'tls';

/** The pair that a connection uses, from `getStats`. */
export interface SelectedPair {
  readonly local: string;
  readonly relayProtocol: string;
  readonly remote: string;
  /** Of the remote candidate: what arrives at the server, behind TURN if it is relayed. */
  readonly protocol: string;
}

/** From now on the page's peer connections relay everything, through servers of this transport. */
export async function relayOnly(tab: Tab, transport: Transport): Promise<void> {
  await tab.evaluate((only: Transport) => {
    const Native = window.RTCPeerConnection;
    const wanted = { udp: /^turn:.*=udp$/, tcp: /^turn:.*=tcp$/, tls: /^turns:/ }[only];
    const through = (given: RTCConfiguration = {}): RTCConfiguration => ({
      ...given,
      iceTransportPolicy: 'relay',
      iceServers: (given.iceServers ?? []).map(({ urls, username, credential }) => ({
        urls: [urls].flat().filter((url) => wanted.test(url)),
        username: username ?? '',
        credential: credential ?? '',
      })),
    });
    window.RTCPeerConnection = class extends Native {
      constructor(given?: RTCConfiguration) {
        super(through(given));
      }
      override setConfiguration(given?: RTCConfiguration): void {
        super.setConfiguration(through(given));
      }
    };
  }, transport);
}

/** The selected pairs of all peer connections of the page's room. */
export function selectedPairs(tab: Tab): Promise<SelectedPair[]> {
  return tab.evaluate(async () => {
    const { engine } = window.room;
    const reports = await Promise.all([
      engine.pcManager?.publisher.getStats(),
      engine.pcManager?.subscriber?.getStats(),
    ]);
    return reports.flatMap((report) => {
      const all = [...(report?.values() ?? [])];
      const of = (id: unknown) => all.find((one) => one.id === id);
      return all
        .filter((one) => one.type === 'transport' && one.selectedCandidatePairId !== undefined)
        .map((one) => of(one.selectedCandidatePairId))
        .filter((pair) => pair?.state === 'succeeded')
        .map((pair) => {
          const [local, remote] = [of(pair.localCandidateId), of(pair.remoteCandidateId)];
          return {
            local: String(local?.candidateType),
            relayProtocol: String(local?.relayProtocol),
            remote: String(remote?.candidateType),
            protocol: String(remote?.protocol),
          };
        });
    });
  }, undefined);
}
