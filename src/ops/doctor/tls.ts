/** The TLS handshake at the public address: every fault of the certificate by its own name. */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { TLSSocket } from 'node:tls'
import { shellWord } from '../../text/shell.ts'
import { type Finding, type Reporter, reporter } from './finding.ts'
import type { Probe } from './probe.ts'
import { type Target, isLoopback } from './target.ts'
import { type Trouble, type RawConnection, troubleText } from './raw-connection.ts'

const tls = reporter('tls')
const DAY_MS = 86_400_000
const SOON_DAYS = 14

/** Returns whether a request can be sent at all; a bad certificate does not stop the checks that follow. */
export async function* checkTls(probe: Probe, now: number): AsyncGenerator<Finding, boolean> {
  const { target } = probe
  if (!target.secure) {
    yield isLoopback(target.host)
      ? tls.skipped('the address is plain http')
      : tls.warning('the address is plain http: pages served over https may not use ws://', [
          `use https://${target.host}${target.path} with a proxy or with --tls-cert and --tls-key`,
        ])
    return true
  }
  const dialled = await probe.dial()
  if (!dialled.ok) {
    yield await explainHandshake(probe, dialled.trouble)
    return false
  }
  const faults = certificateFaults(dialled.value, target, now)
  dialled.value.end()
  if (faults.length === 0) yield tls.ok(`the certificate is valid for ${target.host}`)
  yield* faults
  return true
}

async function explainHandshake(probe: Probe, trouble: Trouble): Promise<Finding> {
  const { target } = probe
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|UNKNOWN_PROTOCOL|HTTP_REQUEST/.test(trouble.code)) {
    return tls.wrong(`port ${target.port} speaks plain http, not TLS`, [
      'nginx: `listen 443 ssl;` with ssl_certificate and ssl_certificate_key',
      'Latchkey itself: --tls-cert FILE --tls-key FILE',
    ])
  }
  const http2 = await probe.dial({ protocols: ['h2'] })
  if (http2.ok) {
    const { socket } = http2.value
    http2.value.end()
    if (socket instanceof TLSSocket && socket.alpnProtocol === 'h2') {
      return tls.wrong('the server offers HTTP/2 only, and WebSockets need HTTP/1.1', [
        'offer both in the handshake: ALPN `h2,http/1.1` (HAProxy: `bind … ssl crt … alpn h2,http/1.1`)',
      ])
    }
  }
  if (/UNRECOGNIZED_NAME|ALERT_INTERNAL_ERROR|HANDSHAKE_FAILURE/.test(trouble.code)) {
    return tls.wrong(`the server has no certificate for ${target.host} (${trouble.code})`, [
      `add ${target.host} to the names of the site in the proxy, and get a certificate for it`,
    ])
  }
  return tls.wrong(`${target.authority} ${troubleText(trouble)}`)
}

/** What is wrong with the certificate that was presented; each fault by itself, because they come together. */
function certificateFaults({ socket }: RawConnection, target: Target, now: number): Finding[] {
  if (!(socket instanceof TLSSocket)) return []
  const peer = socket.getPeerCertificate(true)
  if (!peer?.raw) return [tls.wrong('the server presented no certificate')]
  const certificate = new X509Certificate(peer.raw)
  const faults = [dateFault(tls, certificate, now), nameFault(tls, certificate, target)].filter(
    (fault) => fault !== undefined,
  )
  if (socket.authorized) return faults
  const chain = chainFault(certificate, reason(socket), faults.length > 0)
  return chain === undefined ? faults : [...faults, chain]
}

function reason(socket: TLSSocket): string {
  const error: unknown = socket.authorizationError
  return error instanceof Error
    ? ((error as NodeJS.ErrnoException).code ?? error.message)
    : String(error)
}

/** Also used for the certificate file, whose faults are the same. */
export function dateFault(
  report: Reporter,
  certificate: X509Certificate,
  now: number,
): Finding | undefined {
  const ends = Date.parse(certificate.validTo)
  const begins = Date.parse(certificate.validFrom)
  const renew = ['renew the certificate (certbot renew), then reload the server that presents it']
  if (ends < now) return report.wrong(`the certificate expired on ${isoDay(ends)}`, renew)
  if (begins > now) {
    return report.wrong(
      `the certificate is not valid before ${isoDay(begins)}; or the clock here is wrong`,
    )
  }
  const days = Math.floor((ends - now) / DAY_MS)
  return days < SOON_DAYS
    ? report.warning(`the certificate expires in ${days} days, on ${isoDay(ends)}`, renew)
    : undefined
}

export function nameFault(
  report: Reporter,
  certificate: X509Certificate,
  target: Target,
): Finding | undefined {
  const fits =
    isIP(target.host) === 0 ? certificate.checkHost(target.host) : certificate.checkIP(target.host)
  if (fits !== undefined) return undefined
  const names = (certificate.subjectAltName ?? certificate.subject).replace(/\bDNS:|\n/g, '')
  return report.wrong(`the certificate is for ${names.slice(0, 120)}, not for ${target.host}`, [
    `certbot certonly -d ${shellWord(target.host)}`,
  ])
}

/** By the code of OpenSSL's verification, which names one fault only; undefined when it is already reported. */
function chainFault(
  certificate: X509Certificate,
  code: string,
  isExplained: boolean,
): Finding | undefined {
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT') {
    return tls.wrong('the certificate is self-signed: browsers refuse wss:// without asking', [
      'certbot certonly, or let Caddy fetch one; for a private authority, --ca FILE makes doctor trust it',
    ])
  }
  if (code === 'SELF_SIGNED_CERT_IN_CHAIN') {
    return tls.wrong(
      `the certificate comes from an unknown authority (${oneLine(certificate.issuer)})`,
      [
        'use a public authority, or install this one on every client; --ca FILE makes doctor trust it',
      ],
    )
  }
  if (/UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/.test(code)) {
    return tls.wrong(
      `the chain is incomplete: the certificate of its issuer (${oneLine(certificate.issuer)}) is missing`,
      [
        'nginx: ssl_certificate /etc/letsencrypt/live/NAME/fullchain.pem;  # not cert.pem',
        'Latchkey itself: --tls-cert fullchain.pem',
      ],
    )
  }
  if (isExplained) return undefined
  return tls.wrong(`the certificate is not trusted (${code})`)
}

function oneLine(name: string): string {
  return name.replaceAll('\n', ', ').slice(0, 120)
}

export function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
