/**
 * Base64url (RFC 4648 §5) to text, without the DOM: the same code runs in browsers, in Node and in
 * React Native. Returns `null` for anything that is not base64url of valid UTF-8.
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function textFromBase64Url(encoded: string): string | null {
  const bytes = bytesFromBase64Url(encoded);
  if (bytes === null) {
    return null;
  }
  const percentEncoded = bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  try {
    return decodeURIComponent(percentEncoded);
  } catch {
    return null;
  }
}

function bytesFromBase64Url(encoded: string): number[] | null {
  const digits = encoded.replace(/=+$/, '');
  if (digits.length % 4 === 1) {
    return null;
  }
  const bytes: number[] = [];
  let bits = 0;
  let bitCount = 0;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) {
      return null;
    }
    bits = (bits << 6) | value;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes.push((bits >> bitCount) & 0xff);
      bits &= (1 << bitCount) - 1;
    }
  }
  return bytes;
}
