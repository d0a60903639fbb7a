/** Whether a page's origin may connect: what programs are allowed, browsers can still be refused. */
import { shellWord } from '../../text/shell.ts'
import { type Finding, reporter } from './finding.ts'
import { newKey } from './frames.ts'
import { isOurs, ourFailure, saidIn } from './own-answer.ts'
import type { Probe } from './probe.ts'
import { replyText } from './reply.ts'
import { isRate, openSocket, reachedRules } from './upgrade.ts'
import { troubleText } from './raw-connection.ts'

const report = reporter('origin')

/** Repeats the upgrade as a browser would send it from a page of `origin`. */
export async function* checkOrigin(probe: Probe, origin: string): AsyncGenerator<Finding> {
  const opened = await openSocket(probe, newKey(), [`Origin: ${origin}`])
  if (!opened.ok) {
    yield report.wrong(
      `with "Origin: ${origin}" the upgrade fails: the server ${troubleText(opened.trouble)}`,
    )
    return
  }
  const { connection, reply } = opened.value
  connection.end()
  if (isRate(reply)) {
    yield report.skipped(`Latchkey refused the attempt for another reason: ${saidIn(reply)}`)
    return
  }
  if (reply.status === 101 || reachedRules(reply)) {
    yield report.ok(`pages of ${origin} may connect`)
    return
  }
  if (ourFailure(reply) === 'origin_refused' || (isOurs(reply) && reply.status === 403)) {
    const allowed = probe.config.allowedOrigins.filter((item) => item !== '*' && item !== origin)
    yield report.wrong(`Latchkey refuses pages of ${origin}`, [
      `--allowed-origins ${shellWord([...allowed, origin].join(','))}`,
      `LATCHKEY_ALLOWED_ORIGINS=${shellWord([...allowed, origin].join(','))}`,
    ])
    return
  }
  yield report.wrong(
    `with "Origin: ${origin}" something before Latchkey refuses the upgrade (${replyText(reply)})`,
    ['let the proxy pass the Origin header on unchanged, and remove its own check of it'],
  )
}
