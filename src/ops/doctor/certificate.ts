/** The server's own certificate and key (`--tls-cert`, `--tls-key`): readable, a pair, current, complete. */
import { type KeyObject, X509Certificate, createPrivateKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Config } from '../../config.ts'
import { shellWord } from '../../text/shell.ts'
import { type Finding, errorText, reporter } from './finding.ts'
import { type Target, isLoopback } from './target.ts'
import { dateFault, isoDay, nameFault } from './tls.ts'

const report = reporter('certificate')

export async function* checkCertificate(
  config: Config,
  target: Target | undefined,
  now: number,
): AsyncGenerator<Finding> {
  const { tlsCert, tlsKey } = config
  if (tlsCert === undefined || tlsKey === undefined) {
    yield report.skipped('none is set: Latchkey serves plain http, and a proxy must add TLS')
    return
  }
  const chain = await readChain(tlsCert)
  const key = await readKey(tlsKey)
  if (!Array.isArray(chain)) yield chain
  if (isFinding(key)) yield key
  const [leaf, ...others] = Array.isArray(chain) ? chain : []
  if (leaf === undefined) return
  const findings = [
    isFinding(key) ? undefined : keyFault(leaf, key),
    dateFault(report, leaf, now),
    target === undefined || isLoopback(target.host) ? undefined : nameFault(report, leaf, target),
    chainFault(leaf, others),
    await modeFault(tlsKey),
  ].filter((found) => found !== undefined)
  if (findings.length === 0 && !isFinding(key)) {
    yield report.ok(`fits its key and is valid until ${isoDay(Date.parse(leaf.validTo))}`)
  }
  yield* findings
}

function isFinding(value: KeyObject | Finding): value is Finding {
  return 'verdict' in value
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates of the file, the server's own first; or what is wrong with the file. */
async function readChain(path: string): Promise<X509Certificate[] | Finding> {
  try {
    const blocks = (await readFile(path, 'utf8')).match(PEM)
    if (!blocks)
      return report.wrong(`${path} holds no PEM certificate`, ['--tls-cert fullchain.pem'])
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    return unreadable(path, error)
  }
}

async function readKey(path: string): Promise<KeyObject | Finding> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    return unreadable(path, error)
  }
  if (/ENCRYPTED/.test(text)) {
    return report.wrong(
      `the key in ${path} is protected by a passphrase, which a server cannot type`,
      [`openssl pkey -in ${shellWord(path)} -out ${shellWord(`${path}.plain`)}`],
    )
  }
  try {
    return createPrivateKey(text)
  } catch {
    return report.wrong(`${path} holds no PEM private key`, ['--tls-key privkey.pem'])
  }
}

function unreadable(path: string, error: unknown): Finding {
  return report.wrong(`${path} cannot be read (${errorText(error)})`, [
    `sudo chown ${process.getuid?.() ?? 'USER'} ${shellWord(path)}   # or a copy of it that the renewal hook makes`,
  ])
}

function keyFault(leaf: X509Certificate, key: KeyObject): Finding | undefined {
  return leaf.checkPrivateKey(key)
    ? undefined
    : report.wrong('the key does not belong to the certificate', [
        'take both from the same folder: --tls-cert fullchain.pem --tls-key privkey.pem',
      ])
}

/** Browsers may have the missing link in their cache, programs do not: it works for some, which is worse. */
function chainFault(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
): Finding | undefined {
  if (leaf.issuer === leaf.subject) {
    return report.warning('the certificate is self-signed: browsers refuse wss:// without asking', [
      'certbot certonly, then --tls-cert fullchain.pem --tls-key privkey.pem',
    ])
  }
  const [next] = others
  if (!next) {
    return report.warning(
      `the file holds no certificate of the issuer (${leaf.issuer.replaceAll('\n', ', ')}): some clients will refuse it`,
      ['--tls-cert fullchain.pem   # not cert.pem'],
    )
  }
  return leaf.checkIssued(next)
    ? undefined
    : report.wrong('the second certificate in the file did not issue the first', [
        'cat own.pem intermediate.pem > fullchain.pem',
      ])
}

async function modeFault(path: string): Promise<Finding | undefined> {
  if (process.platform === 'win32') return undefined
  const mode = (await stat(path).catch(() => undefined))?.mode ?? 0
  return (mode & 0o007) === 0
    ? undefined
    : report.warning(`any user of this machine can read the key in ${path}`, [
        `chmod 600 ${shellWord(path)}`,
      ])
}
