/** Passkeys: the browser's answers as the JSON that the server reads. */
import { ApiProblem } from '@bedside/core';

export function passkeysAvailable(): boolean {
  return 'credentials' in navigator && 'PublicKeyCredential' in globalThis;
}

/** Lets a person use a passkey; what the server wanted of it comes in `options`. */
export async function askForPasskey(options: unknown): Promise<Record<string, never>> {
  return toJson(() => navigator.credentials.get({ publicKey: requestOptions(options) }));
}

export async function makePasskey(options: unknown): Promise<Record<string, never>> {
  return toJson(() => navigator.credentials.create({ publicKey: creationOptions(options) }));
}

async function toJson(ask: () => Promise<Credential | null>): Promise<Record<string, never>> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch {
    throw new ApiProblem({ kind: 'passkey', status: 0 });
  }
  if (!(credential instanceof PublicKeyCredential)) {
    throw new ApiProblem({ kind: 'passkey', status: 0 });
  }
  // The document describes a credential as an object without fields.
  return JSON.parse(JSON.stringify(inJson(credential)));
}

function inJson(credential: PublicKeyCredential): unknown {
  const { response } = credential;
  const common = {
    id: credential.id,
    rawId: base64Url(credential.rawId),
    type: credential.type,
    extensions: credential.getClientExtensionResults(),
  };
  if (response instanceof AuthenticatorAttestationResponse) {
    return {
      ...common,
      response: {
        attestationObject: base64Url(response.attestationObject),
        clientDataJSON: base64Url(response.clientDataJSON),
        transports: response.getTransports(),
      },
    };
  }
  if (response instanceof AuthenticatorAssertionResponse) {
    return {
      ...common,
      response: {
        authenticatorData: base64Url(response.authenticatorData),
        clientDataJSON: base64Url(response.clientDataJSON),
        signature: base64Url(response.signature),
        userHandle: response.userHandle === null ? null : base64Url(response.userHandle),
      },
    };
  }
  return common;
}

function requestOptions(options: unknown): PublicKeyCredentialRequestOptions {
  const given = publicKeyOf(options);
  return {
    challenge: bytes(given['challenge']),
    ...(typeof given['rpId'] === 'string' ? { rpId: given['rpId'] } : {}),
    ...(typeof given['timeout'] === 'number' ? { timeout: given['timeout'] } : {}),
    userVerification: 'required',
    allowCredentials: descriptors(given['allowCredentials']),
  };
}

function creationOptions(options: unknown): PublicKeyCredentialCreationOptions {
  const given = publicKeyOf(options);
  const user = read(given['user']);
  const rp = read(given['rp']);
  const parameters = Array.isArray(given['pubKeyCredParams']) ? given['pubKeyCredParams'] : [];
  return {
    challenge: bytes(given['challenge']),
    rp: { name: text(rp['name']), ...(rp['id'] === undefined ? {} : { id: text(rp['id']) }) },
    user: {
      id: bytes(user['id']),
      name: text(user['name']),
      displayName: text(user['displayName']),
    },
    pubKeyCredParams: parameters.map((one) => ({
      type: 'public-key',
      alg: Number(read(one)['alg']),
    })),
    excludeCredentials: descriptors(given['excludeCredentials']),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    attestation: 'none',
  };
}

function publicKeyOf(options: unknown): Record<string, unknown> {
  const outer = read(options);
  return outer['publicKey'] === undefined ? outer : read(outer['publicKey']);
}

function descriptors(list: unknown): PublicKeyCredentialDescriptor[] {
  return Array.isArray(list)
    ? list.map((one) => ({ type: 'public-key', id: bytes(read(one)['id']) }))
    : [];
}

function read(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new ApiProblem({ kind: 'passkey', status: 0 });
  }
  return Object.fromEntries(Object.entries(value));
}

function bytes(value: unknown): ArrayBuffer {
  const standard = text(value).replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(standard), (letter) => letter.codePointAt(0) ?? 0).buffer;
}

function text(value: unknown): string {
  if (typeof value !== 'string') {
    throw new ApiProblem({ kind: 'passkey', status: 0 });
  }
  return value;
}

function base64Url(buffer: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCodePoint(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
