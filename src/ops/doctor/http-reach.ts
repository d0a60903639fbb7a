/** Whether plain HTTP requests to the public address reach Latchkey, and whether the sub-path is passed on rightly. */
import { type Finding, reporter } from './finding.ts'
import { isOurs, ourFailure, saidIn } from './own-answer.ts'
import type { Probe } from './probe.ts'
import { type Reply, replyText } from './reply.ts'
import { targetUrl } from './target.ts'
import { upgradePasses } from './upgrade.ts'
import { type Trouble, troubleText } from './raw-connection.ts'

const http = reporter('http')
const subPath = reporter('sub-path')

/** A channel path without an upgrade: Latchkey answers 426 there and nowhere else. */
export const PROBE_PATH = '/c/latchkey-doctor'

/** Returns whether requests for channels reach Latchkey. */
export async function* checkReach(probe: Probe): AsyncGenerator<Finding, boolean> {
  const { target } = probe
  const health = await probe.get(`${target.path}/health`)
  if (!health.ok) {
    yield http.wrong(...noAnswer(probe, health.trouble))
    return false
  }
  probe.date = { header: health.value.headers.get('date') ?? '', at: Date.now() }
  const channel = await probe.get(`${target.path}${PROBE_PATH}`)
  if (probe.proxies.length === 0) await probe.provoke()
  if (channel.ok && ourFailure(channel.value) === 'upgrade_required') {
    yield http.ok(`${targetUrl(target)} reaches Latchkey${behind(probe)}`)
    if (target.path !== '') yield subPath.ok(`${target.path} is passed on as Latchkey expects it`)
    return true
  }
  const reply = channel.ok && isOurs(channel.value) ? channel.value : health.value
  const fault = await explainReply(probe, reply, channel.ok ? channel.value : undefined)
  yield (await upgradePasses(probe)) ? onlySockets(fault) : fault
  return false
}

/** Some proxies are told to pass on upgrades and nothing else, which serves every client but push and the API. */
function onlySockets({ message, fix }: Finding): Finding {
  return http.warning(`WebSockets pass, but HTTP push and the API do not: ${message}`, fix)
}

function behind(probe: Probe): string {
  return probe.proxies.length === 0 ? '' : ` through ${probe.proxies.join(' and ')}`
}

function noAnswer(probe: Probe, trouble: Trouble): [string, string[]] {
  const message = `${probe.target.authority} ${troubleText(trouble)}`
  if (trouble.kind !== 'garbled') return [message, probe.lines('upstream')]
  return [message, ['use the port of a web server that speaks HTTP/1.1']]
}

async function explainReply(
  probe: Probe,
  health: Reply,
  channel: Reply | undefined,
): Promise<Finding> {
  if (isOurs(health)) return explainOurs(probe, channel ?? health)
  const { target } = probe
  if (health.status === 404 || health.status === 200) return explainStranger(probe, health)
  if (health.status >= 300 && health.status < 400) return explainRedirect(probe, health)
  return (
    explainStatus(health, probe) ??
    http.wrong(
      `${targetUrl(target, '/health')} was answered by something else: ${replyText(health)}`,
      probe.lines('upstream'),
    )
  )
}

/** Latchkey got the request, but under a path that it does not know: tell stripping from not stripping. */
async function explainOurs(probe: Probe, reply: Reply): Promise<Finding> {
  const { target } = probe
  if (!isOurs(reply)) {
    return subPath.wrong(
      `${target.path}/health reaches Latchkey, but ${target.path}/c/… does not: ${replyText(reply)}`,
      probe.lines('sub-path'),
    )
  }
  if (reply.status !== 404) {
    return http.wrong(`Latchkey answered ${replyText(reply)}: ${saidIn(reply).slice(0, 100)}`)
  }
  return (await isStripped(probe)) ? stripped(probe) : unknownPath(probe)
}

/** A proxy that takes the sub-path away leaves one standing when it is there twice. */
async function isStripped(probe: Probe): Promise<boolean> {
  const { path } = probe.target
  if (path === '') return false
  const doubled = await probe.get(`${path}${path}${PROBE_PATH}`)
  return doubled.ok && ourFailure(doubled.value) === 'upgrade_required'
}

function stripped(probe: Probe): Finding {
  const { path } = probe.target
  return subPath.wrong(`the proxy strips ${path}, but Latchkey runs with --base-path ${path}`, [
    'start Latchkey without --base-path, or let the proxy pass the path on unchanged:',
    ...probe.lines('sub-path'),
  ])
}

function unknownPath({ target, config }: Probe): Finding {
  const { basePath } = config
  if (target.path !== '' && (basePath === '' || basePath === target.path)) {
    return subPath.wrong(
      `the proxy passes ${target.path} on unchanged, but Latchkey runs without that base path`,
      [`start Latchkey with --base-path ${target.path}`, 'or let the proxy strip it'],
    )
  }
  const expected = basePath === '' ? '' : ` (here: ${basePath})`
  return subPath.wrong(
    `Latchkey was reached, but it runs with a base path${expected} that the address lacks`,
    [
      `give clients ${target.origin}${basePath === '' ? '/BASE_PATH' : basePath}`,
      'or start Latchkey without --base-path',
    ],
  )
}

/** Somebody else's page: perhaps the proxy serves Latchkey elsewhere on the same host. */
async function explainStranger(probe: Probe, reply: Reply): Promise<Finding> {
  const { target, config } = probe
  for (const path of new Set(['', config.basePath])) {
    if (path === target.path) continue
    const other = await probe.get(`${path}${PROBE_PATH}`)
    if (other.ok && ourFailure(other.value) === 'upgrade_required') {
      return subPath.wrong(
        `nothing of Latchkey at ${targetUrl(target)}, but it answers at ${target.origin}${path}`,
        [
          `clients must use ${target.origin}${path}; to serve it under the sub-path:`,
          ...probe.lines('sub-path'),
        ],
      )
    }
  }
  const remedy = target.path === '' ? 'upstream' : 'sub-path'
  return http.wrong(
    `${targetUrl(target)} is answered by something other than Latchkey: ${replyText(reply)}`,
    probe.lines(remedy),
  )
}

function explainRedirect(probe: Probe, reply: Reply): Finding {
  const to = (reply.headers.get('location') ?? 'nowhere').replace(/[?#].*$/s, '')
  const isToTls = !probe.target.secure && to.startsWith('https://')
  return http.wrong(
    `${targetUrl(probe.target, '/health')} redirects to ${to}, and WebSocket clients follow no redirects`,
    [
      isToTls
        ? `give clients https://${probe.target.host}${probe.target.path} (wss://) instead`
        : 'give clients the address it redirects to, or exempt this path from the redirect or login',
    ],
  )
}

/** Codes with which proxies say that the fault is between them and Latchkey; undefined for others. */
function explainStatus(reply: Reply, probe: Probe): Finding | undefined {
  const said = replyText(reply)
  if ([502, 503, 504, 521, 522, 523].includes(reply.status)) {
    return http.wrong(`the proxy answers, but it cannot reach Latchkey (${said})`, [
      'check that Latchkey runs: latchkey doctor --data FOLDER, on its machine',
      ...probe.lines('upstream'),
    ])
  }
  if ([525, 526].includes(reply.status)) {
    return http.wrong(
      `Cloudflare does not accept the certificate behind it (${said})`,
      probe.lines('upstream'),
    )
  }
  if (
    reply.status === 400 &&
    /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server/i.test(reply.body)
  ) {
    return http.wrong(`plain http was spoken to a TLS port (${said})`, [
      'use https:// in the address, and in the proxy https:// for the upstream if Latchkey has --tls-cert',
    ])
  }
  if (reply.status === 401 || reply.status === 403) {
    return http.wrong(`the proxy asks for a login or refuses visitors (${said})`, [
      `exempt ${probe.target.path}/c/ from authentication, firewall rules and bot checks`,
    ])
  }
  return undefined
}
