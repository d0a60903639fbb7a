/** Whether a WebSocket upgrade survives every hop, and whether messages then pass in both directions. */
import { randomBytes } from 'node:crypto'
import { type Finding, reporter } from './finding.ts'
import { acceptOf, hearText, newKey, say, upgradeHeaders } from './frames.ts'
import { MALFORMED_HANDSHAKE, isOurs, ourFailure, saidIn } from './own-answer.ts'
import type { Conversation, Probe } from './probe.ts'
import { type Reply, replyText } from './reply.ts'
import { type Attempt, type RawConnection, troubleText } from './raw-connection.ts'

const upgrade = reporter('upgrade')
const messages = reporter('messages')

/** What came of an attempt: the socket when it is open and speaks. */
export interface Upgraded {
  readonly connection: RawConnection | undefined
  /** Whether the request with its headers arrived at Latchkey, even if a rule of it then refused the channel. */
  readonly isPassed: boolean
}

/**
 * Tries an upgrade and a message; leaves the socket open for the checks that follow.
 * @param isReached whether plain requests reach Latchkey: if not, a failure here has the same cause
 */
export async function* checkUpgrade(
  probe: Probe,
  isReached: boolean,
): AsyncGenerator<Finding, Upgraded> {
  const key = newKey()
  const opened = await openSocket(probe, key)
  if (!opened.ok) {
    const said = `${probe.target.authority} ${troubleText(opened.trouble)}`
    yield isReached
      ? upgrade.wrong(`a WebSocket upgrade got no answer: ${said}`, probe.lines('upgrade'))
      : sameCause(said)
    return { connection: undefined, isPassed: false }
  }
  const { connection, reply } = opened.value
  if (reply.status !== 101) {
    connection.end()
    const isPassed = reachedRules(reply)
    yield isPassed ? explainRule(reply) : explainRefusal(probe, reply, isReached)
    return { connection: undefined, isPassed }
  }
  if (reply.headers.get('sec-websocket-accept') !== acceptOf(key)) {
    connection.end()
    yield upgrade.wrong(
      'the upgrade was accepted with a wrong Sec-WebSocket-Accept: something on the way answers from a cache or by itself',
      probe.lines('upgrade'),
    )
    return { connection: undefined, isPassed: false }
  }
  yield upgrade.ok('the WebSocket upgrade passes')
  const spoken = await exchange(probe, connection)
  yield spoken
  if (spoken.verdict === 'ok') return { connection, isPassed: true }
  connection.end()
  return { connection: undefined, isPassed: true }
}

/** One upgrade request on a channel of its own, which nobody else can be on. */
export function openSocket(
  probe: Probe,
  key: string,
  more: readonly string[] = [],
): Promise<Attempt<Conversation>> {
  const channel = `latchkey-doctor-${randomBytes(8).toString('hex')}`
  const path = `${probe.target.path}/c/${channel}?echo=true`
  return probe.open(path, [...upgradeHeaders(key), ...more])
}

/** A single attempt, without a finding. */
export async function upgradePasses(probe: Probe): Promise<boolean> {
  const opened = await openSocket(probe, newKey())
  if (!opened.ok) return false
  opened.value.connection.end()
  return opened.value.reply.status === 101
}

/** A refusal by rule proves that the request arrived with its headers. */
export function reachedRules(reply: Reply): boolean {
  const name = ourFailure(reply)
  return name === 'channel_not_open' || name === 'join_refused' || isRate(reply)
}

/** Refused for the moment by a rate, before any rule about channels or origins was asked. */
export function isRate(reply: Reply): boolean {
  return isOurs(reply) && [429, 503].includes(reply.status)
}

function explainRule(reply: Reply): Finding {
  if (!isRate(reply)) {
    return upgrade.ok(
      'the WebSocket upgrade passes: Latchkey itself refused the channel, because unreserved channels are closed',
    )
  }
  return upgrade.warning(
    `the upgrade reached Latchkey, which refused it: ${saidIn(reply).slice(0, 100)}`,
    [
      'if all clients come through one proxy, they share its limits: --trusted-proxies ADDRESS_OF_THE_PROXY',
    ],
  )
}

function sameCause(said: string): Finding {
  return upgrade.skipped(`fails as plain requests do: ${said}`)
}

function explainRefusal(probe: Probe, reply: Reply, isReached: boolean): Finding {
  const said = replyText(reply)
  const isMalformed = saidIn(reply) === MALFORMED_HANDSHAKE
  if (ourFailure(reply) === 'upgrade_required' || isMalformed) {
    return upgrade.wrong(
      `the request reaches Latchkey, but the proxy drops its Upgrade and Connection headers (${said})`,
      probe.lines('upgrade'),
    )
  }
  if (!isReached) return sameCause(said)
  if (isOurs(reply)) {
    const fix = reply.status === 404 ? probe.lines('sub-path') : []
    return upgrade.wrong(
      `Latchkey refused the upgrade (${said}): ${saidIn(reply).slice(0, 100)}`,
      fix,
    )
  }
  if (reply.status >= 300 && reply.status < 400) {
    return upgrade.wrong(
      `the upgrade is redirected (${said}), and WebSocket clients follow no redirects`,
      [`exempt ${probe.target.path}/c/ from redirects`],
    )
  }
  if ([502, 503, 504, 521, 522, 523].includes(reply.status)) {
    return upgrade.wrong(`the proxy cannot pass the upgrade on to Latchkey (${said})`, [
      ...probe.lines('upgrade'),
    ])
  }
  if (reply.status === 200) {
    return upgrade.wrong(
      `the upgrade got an ordinary page (${said}): ${probe.target.path}/c/ goes to something else`,
      [...probe.lines('upgrade')],
    )
  }
  return upgrade.wrong(
    `something before Latchkey refused the upgrade (${said})`,
    probe.lines('upgrade'),
  )
}

/** Our own join event, then a message that must come back as an echo. */
async function exchange(probe: Probe, connection: RawConnection): Promise<Finding> {
  const first = await hearText(connection, () => true, probe.timeoutMs)
  if (!first.ok) {
    return messages.wrong(
      `the socket opens, but no event arrives: the server ${troubleText(first.trouble)}`,
      ['switch off response buffering in the proxy (nginx: `proxy_buffering off;`)'],
    )
  }
  if (first.value.includes('"type":"error"')) {
    return messages.skipped(
      'Latchkey refused the channel on the open socket: unreserved channels are closed',
    )
  }
  if (!first.value.includes('"self":true')) {
    return messages.wrong(
      'the first event is not the join that Latchkey sends: another server answers here',
    )
  }
  return (await roundTrip(probe, connection))
    ? messages.ok('a message goes there and comes back')
    : messages.wrong('the join event arrives, but a message sent does not come back', [
        'look for a proxy or firewall that inspects or buffers WebSocket traffic',
      ])
}

/** Sends a value that nobody else would send and waits for it. */
export async function roundTrip(probe: Probe, connection: RawConnection): Promise<boolean> {
  const token = randomBytes(8).toString('hex')
  say(connection, JSON.stringify(token))
  const heard = await hearText(connection, (text) => text.includes(token), probe.timeoutMs)
  return heard.ok
}
