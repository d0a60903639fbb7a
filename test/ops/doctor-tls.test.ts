/** `doctor` and certificates: the server's own files, and what the public address presents. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, writeFileSync } from 'node:fs'
import tls from 'node:tls'
import { checkCertificate } from '../../src/ops/doctor/certificate.ts'
import type { Finding } from '../../src/ops/doctor/finding.ts'
import { parseTarget } from '../../src/ops/doctor/target.ts'
import {
  type TestServer,
  startTestServer,
  temporaryFolder,
  testConfig as config,
} from '../support/server.ts'
import {
  type Proxy,
  diagnose,
  lines,
  listen,
  makeCertificates,
  only,
  startProxy,
} from './doctor-proxies.ts'

const folder = temporaryFolder()
const made = makeCertificates(folder.path)
if (!made) console.warn('doctor-tls: skipped, because openssl is not installed or too different')
const testTls = test.skipIf(made === undefined)
const certificates = made!

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})

afterAll(async () => {
  await server.end()
  folder.remove()
})

/** What `doctor` says about a proxy with TLS in front of a good server. */
async function diagnoseTls(
  certificate: string,
  { key = 'leaf.key', host = 'localhost', trusted = true } = {},
): Promise<Finding[]> {
  const cert = certificates.read(certificate)
  const proxy: Proxy = await startProxy({
    to: server.port,
    tls: { cert, key: certificates.read(key), ALPNProtocols: ['http/1.1'] },
  })
  const options = trusted ? { authorities: certificates.read('ca.pem') } : {}
  const found = await diagnose(`https://${host}:${proxy.port}`, options)
  proxy.stop()
  return found
}

describe('the certificate of the public address', () => {
  testTls('a good one: the whole way works over wss', async () => {
    const found = await diagnoseTls('leaf.pem')
    expect(lines(found, 'tls')).toEqual(['ok: the certificate is valid for localhost'])
    expect(only(found, 'messages').verdict).toBe('ok')
    expect(only(found, 'origin').message).toContain('https://localhost:')
  })

  testTls('for an address in place of a name', async () => {
    const found = await diagnoseTls('leaf.pem', { host: '127.0.0.1' })
    expect(lines(found, 'tls')).toEqual(['ok: the certificate is valid for 127.0.0.1'])
  })

  testTls('expired, and the rest is checked all the same', async () => {
    const found = await diagnoseTls('expired.pem')
    expect(only(found, 'tls').message).toMatch(/^the certificate expired on \d{4}-\d\d-\d\d$/)
    expect(only(found, 'tls').verdict).toBe('wrong')
    expect(only(found, 'upgrade').verdict).toBe('ok')
  })

  testTls('about to expire', async () => {
    const finding = only(await diagnoseTls('soon.pem'), 'tls')
    expect(finding.verdict).toBe('warning')
    expect(finding.message).toContain('expires in 4 days')
  })

  testTls('for another name', async () => {
    const finding = only(await diagnoseTls('other.pem'), 'tls')
    expect(finding.message).toStartWith('the certificate is for other.test')
    expect(finding.message).toEndWith('not for localhost')
  })

  testTls('self-signed', async () => {
    const found = lines(await diagnoseTls('own.pem', { key: 'own.key' }), 'tls').join('\n')
    expect(found).toContain('wrong: the certificate is self-signed')
  })

  testTls('without the certificate of its issuer', async () => {
    const finding = only(await diagnoseTls('leaf.pem', { trusted: false }), 'tls')
    expect(finding.message).toContain('the chain is incomplete')
    expect(finding.message).toContain('Test CA')
    expect(finding.fix?.[0]).toContain('fullchain.pem')
  })

  testTls('from an authority that nobody knows', async () => {
    const finding = only(await diagnoseTls('chain.pem', { trusted: false }), 'tls')
    expect(finding.message).toContain('an unknown authority (CN=Test CA)')
  })

  testTls('a server that offers HTTP/2 only', async () => {
    const http2 = tls.createServer({
      cert: certificates.read('leaf.pem'),
      key: certificates.read('leaf.key'),
      ALPNProtocols: ['h2'],
    })
    const port = await listen(http2)
    const found = await diagnose(`wss://localhost:${port}`)
    expect(only(found, 'tls').message).toContain('HTTP/2 only')
    expect(only(found, 'public url').message).toContain('no TLS')
    http2.close()
  })

  test('reports a port that speaks plain HTTP', async () => {
    const found = await diagnose(`https://127.0.0.1:${server.port}`)
    expect(only(found, 'tls').message).toBe(`port ${server.port} speaks plain http, not TLS`)
  })
})

describe('the certificate files of the server', () => {
  /** Findings about files of the folder, for the public address `https://localhost`. */
  async function examineFiles(
    cert: string,
    key: string,
    url = 'https://my.test',
  ): Promise<Finding[]> {
    const settings = config({
      'tls-cert': certificates.path(cert),
      'tls-key': certificates.path(key),
    })
    const found: Finding[] = []
    for await (const finding of checkCertificate(settings, parseTarget(url), Date.now())) {
      found.push(finding)
    }
    return found
  }
  const verdicts = (found: readonly Finding[]) =>
    found.map((f) => `${f.verdict}: ${f.message}`).join('\n')

  test('are not examined if none is set', async () => {
    const found = []
    for await (const finding of checkCertificate(config({}), undefined, Date.now()))
      found.push(finding)
    expect(found.map((finding) => finding.verdict)).toEqual(['skipped'])
  })

  testTls('a chain that fits its key', async () => {
    chmodSync(certificates.path('leaf.key'), 0o600)
    const found = await examineFiles('chain.pem', 'leaf.key', 'https://localhost')
    expect(verdicts(found)).toMatch(/^ok: fits its key and is valid until \d{4}-\d\d-\d\d$/)
  })

  testTls('every fault is named', async () => {
    chmodSync(certificates.path('leaf.key'), 0o644)
    const broken = verdicts(await examineFiles('expired.pem', 'ca.key'))
    expect(broken).toContain('wrong: the key does not belong to the certificate')
    expect(broken).toContain('wrong: the certificate expired on')
    expect(broken).toContain('not for my.test')
    expect(broken).toContain('warning: the file holds no certificate of the issuer')
    expect(verdicts(await examineFiles('leaf.pem', 'leaf.key'))).toContain('can read the key')
    expect(verdicts(await examineFiles('own.pem', 'own.key'))).toContain('self-signed')
  })

  testTls('the certificates of the chain are in the wrong order', async () => {
    writeFileSync(
      certificates.path('odd.pem'),
      certificates.read('leaf.pem') + certificates.read('own.pem'),
    )
    expect(verdicts(await examineFiles('odd.pem', 'leaf.key'))).toContain('did not issue the first')
  })

  testTls('files that are missing or hold something else', async () => {
    const found = verdicts(await examineFiles('leaf.key', 'nowhere.key'))
    expect(found).toContain('leaf.key holds no PEM certificate')
    expect(found).toContain('nowhere.key cannot be read (ENOENT)')
    expect(verdicts(await examineFiles('leaf.pem', 'leaf.pem'))).toContain(
      'holds no PEM private key',
    )
  })

  testTls('a key behind a passphrase', async () => {
    writeFileSync(certificates.path('locked.key'), '-----BEGIN ENCRYPTED PRIVATE KEY-----\n')
    expect(verdicts(await examineFiles('leaf.pem', 'locked.key'))).toContain('passphrase')
  })
})
