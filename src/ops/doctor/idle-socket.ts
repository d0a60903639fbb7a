/** Whether a quiet socket lives: proxies cut them, and our pings are there to prevent it (O-4). */
import { type Finding, reporter } from './finding.ts'
import { closeCode, hear } from './frames.ts'
import type { Probe } from './probe.ts'
import { roundTrip } from './upgrade.ts'
import type { RawConnection } from './raw-connection.ts'

const idle = reporter('idle')

/** Bun pings a quiet socket this long before it would give it up. */
const PING_LEAD_SECONDS = 8

/** Keeps the socket quiet for so many seconds, answers pings, then sends a message to see whether it lives. */
export async function* checkIdle(
  probe: Probe,
  connection: RawConnection,
  seconds: number,
): AsyncGenerator<Finding> {
  if (seconds === 0) {
    yield idle.skipped('asked not to wait (--idle 0)')
    return
  }
  const pingSeconds = Math.max(1, probe.config.idleTimeout - PING_LEAD_SECONDS)
  const quiet = await stayQuiet(connection, seconds * 1000)
  if (quiet.cutAfterMs !== undefined) {
    const after = `${(quiet.cutAfterMs / 1000).toFixed(1)} s`
    yield idle.wrong(
      `the quiet socket was cut after ${after} (${quiet.how}); Latchkey pings every ${pingSeconds} s`,
      cutLines(probe, quiet.cutAfterMs / 1000, pingSeconds),
    )
    return
  }
  if (!(await roundTrip(probe, connection))) {
    yield idle.wrong(
      `after ${seconds} quiet seconds the socket looks open, but nothing passes any more`,
      probe.lines('idle'),
    )
    return
  }
  yield lived(quiet.pings, seconds, pingSeconds)
}

function lived(pings: number, seconds: number, pingSeconds: number): Finding {
  if (pings > 0)
    return idle.ok(
      `the socket lived through ${seconds} quiet seconds, and the server's ping arrived`,
    )
  if (seconds <= pingSeconds) {
    return idle.ok(
      `the socket lived through ${seconds} quiet seconds; wait over ${pingSeconds} to see a ping (--idle)`,
    )
  }
  return idle.warning(
    `the socket lived through ${seconds} quiet seconds, but no ping of Latchkey arrived; it may run with another --idle-timeout`,
  )
}

interface Quiet {
  readonly pings: number
  readonly cutAfterMs: number | undefined
  readonly how: string
}

async function stayQuiet(connection: RawConnection, forMs: number): Promise<Quiet> {
  const start = performance.now()
  let pings = 0
  for (;;) {
    const left = forMs - (performance.now() - start)
    const heard = await hear(connection, left)
    const cutAfterMs = performance.now() - start
    if (!heard.ok && heard.trouble.kind === 'timeout')
      return { pings, cutAfterMs: undefined, how: '' }
    if (!heard.ok) return { pings, cutAfterMs, how: `no close frame, ${heard.trouble.code}` }
    if (heard.value.opcode === 'ping') pings++
    if (heard.value.opcode === 'close') {
      return { pings, cutAfterMs, how: `close code ${closeCode(heard.value)}` }
    }
  }
}

/** A proxy that cuts sooner than we ping can also be met half-way by pinging more often. */
function cutLines(probe: Probe, cutSeconds: number, pingSeconds: number): string[] {
  const lines = probe.lines('idle')
  const timeout = Math.floor(cutSeconds / 2) + PING_LEAD_SECONDS
  if (cutSeconds >= pingSeconds || timeout <= PING_LEAD_SECONDS + 1) return lines
  return [...lines, `or let Latchkey ping more often: --idle-timeout ${timeout}`]
}
