// What a browser's statistics say of one stream, as far as the tests ask.

/** One received stream, from `inbound-rtp`. */
export interface Inbound {
  readonly connection: number;
  readonly trackId: string;
  readonly kind: string;
  readonly ssrc: number;
  readonly codec: string;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly bytesReceived: number;
  readonly framesDecoded: number;
  readonly freezeCount: number;
  /** Seconds. */
  readonly totalFreezesDuration: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly totalAudioEnergy: number;
  readonly totalSamplesReceived: number;
  readonly concealedSamples: number;
  /** Of these, made up of nothing: in pauses. */
  readonly silentConcealedSamples: number;
}

/** One sent encoding, from `outbound-rtp`. */
export interface Outbound {
  readonly connection: number;
  readonly kind: string;
  readonly ssrc: number;
  readonly rid: string;
  readonly codec: string;
  readonly bytesSent: number;
  readonly framesEncoded: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
}
