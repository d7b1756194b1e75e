// A certificate for this machine that nobody vouches for, and how to make Chromium trust it and nothing else.
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Chromium's argument that accepts certificates with this key. */
  readonly chromiumArgument: string;
  remove(): void;
}

/** Made with openssl, for localhost and 127.0.0.1. */
export function makeCertificate(): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'bedside-certificate-'));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const wish = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', keyFile, '-out', certFile];
  const parameters = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', [...parameters, ...wish, ...files], { stdio: 'ignore' });
  const key = new X509Certificate(readFileSync(certFile)).publicKey;
  const hash = createHash('sha256').update(key.export({ type: 'spki', format: 'der' }));
  return {
    certFile,
    keyFile,
    chromiumArgument: `--ignore-certificate-errors-spki-list=${hash.digest('base64')}`,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
