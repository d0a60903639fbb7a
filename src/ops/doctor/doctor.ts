/** Runs the checks of `doctor` in the order in which a connection meets what they look at. */
import type { Config } from '../../config.ts'
import { checkCertificate } from './certificate.ts'
import { checkClock, checkRemoteClock } from './clock.ts'
import { checkConfiguration } from './configuration.ts'
import { checkName } from './host-name.ts'
import { type Finding, reporter } from './finding.ts'
import { checkFolder } from './data-folder.ts'
import { checkIdle } from './idle-socket.ts'
import { checkLimits } from './file-limit.ts'
import { checkOrigin } from './origin.ts'
import { checkPort } from './port.ts'
import { Probe } from './probe.ts'
import { checkReach } from './http-reach.ts'
import { type Target, parseTarget } from './target.ts'
import { checkTls } from './tls.ts'
import { checkUpgrade } from './upgrade.ts'

export interface Options {
  /** http, https, ws or wss; the setting `publicUrl` when left out. */
  readonly url?: string
  /** Origin of the page that connects; the public address itself when left out. */
  readonly origin?: string
  /** How long a quiet socket is watched; 0 leaves it out. */
  readonly idleSeconds?: number
  /** Longest wait for each single step. */
  readonly timeoutMs?: number
  /** PEM certificates to trust besides the system's. */
  readonly authorities?: string
  /** The clock to examine, in milliseconds. */
  readonly now?: () => number
}

const DEFAULT_IDLE_SECONDS = 30
const DEFAULT_TIMEOUT_MS = 5000

const publicUrl = reporter('public url')

/** Gives each finding as soon as it is known. Never throws for what it finds, and never hangs. */
export async function* examine(config: Config, options: Options = {}): AsyncGenerator<Finding> {
  const now = options.now ?? Date.now
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const url = options.url ?? config.publicUrl
  const target = url === undefined ? undefined : parseTarget(url)
  yield* checkConfiguration(config, target)
  yield* checkFolder(config)
  yield* checkClock(config, now())
  yield* checkLimits(config)
  yield* checkPort(config, timeoutMs)
  yield* checkCertificate(config, target, now())
  if (url === undefined) {
    yield publicUrl.skipped(
      'no address was given: doctor https://my.host checks the way through the proxy',
    )
  } else if (!target) {
    yield publicUrl.wrong('the address is no http, https, ws or wss URL', [
      'latchkey doctor https://my.host',
    ])
  } else {
    yield* examineTarget(config, target, { ...options, now, timeoutMs })
  }
}

type FullOptions = Options & Required<Pick<Options, 'now' | 'timeoutMs'>>

/** The public address, hop by hop; ends at the first hop behind which nothing can be seen. */
async function* examineTarget(
  config: Config,
  target: Target,
  options: FullOptions,
): AsyncGenerator<Finding> {
  const { now, timeoutMs, authorities } = options
  const probe = new Probe({ config, target, timeoutMs, authorities })
  if (!(yield* checkName(probe))) {
    yield publicUrl.skipped('TLS, upgrade, idle and origin were not tried: no connection')
    return
  }
  if (!(yield* checkTls(probe, now()))) {
    yield publicUrl.skipped('upgrade, idle and origin were not tried: no TLS')
    return
  }
  const isReached = yield* checkReach(probe)
  yield* checkRemoteClock(probe, now() - Date.now())
  const { connection, isPassed } = yield* checkUpgrade(probe, isReached)
  if (!isPassed) {
    yield publicUrl.skipped('idle and origin were not tried: no upgrade')
    return
  }
  yield* checkOrigin(probe, options.origin ?? target.origin)
  if (!connection) {
    yield publicUrl.skipped('idle was not tried: no open channel')
    return
  }
  try {
    yield* checkIdle(probe, connection, options.idleSeconds ?? DEFAULT_IDLE_SECONDS)
  } finally {
    connection.end()
  }
}
