/** The open-file limit: every socket is a file, and a server that runs out of them stops accepting. */
import { readFile } from 'node:fs/promises'
import type { Config } from '../../config.ts'
import { type FileLimit, parseLimit } from '../open-files.ts'
import { type Finding, reporter } from './finding.ts'

const report = reporter('open files')
const ENOUGH = 65_536
/** Databases, listeners and logs beside the sockets. */
const RESERVE = 256

export async function* checkLimits(config: Config): AsyncGenerator<Finding> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => undefined)
  const limit = text === undefined ? undefined : parseLimit(text)
  yield limit
    ? judgeLimit(limit, config)
    : report.skipped('the limit cannot be read on this platform (ulimit -n)')
}

/** The limit of this shell and user; a service manager may give the server another one. */
export function judgeLimit({ soft, hard }: FileLimit, config: Config): Finding {
  // A quarter more, for apps that have few when others have them all.
  const wanted =
    config.maxConnections === 0 ? ENOUGH : Math.ceil(config.maxConnections * 1.25) + RESERVE
  const goal = Math.max(ENOUGH, 2 ** Math.ceil(Math.log2(wanted)))
  const lines = [
    `systemd: LimitNOFILE=${goal}`,
    `docker: --ulimit nofile=${goal}:${goal}`,
    hard >= goal ? `shell: ulimit -n ${goal}` : `/etc/security/limits.conf: * - nofile ${goal}`,
  ]
  if (soft < wanted && config.maxConnections > 0) {
    return report.warning(
      `${soft} files may be open here, fewer than --max-connections ${config.maxConnections} needs`,
      [...lines, `or --max-connections ${Math.max(1, Math.floor((soft - RESERVE) / 1.25))}`],
    )
  }
  if (soft < ENOUGH) return report.warning(`only ${soft} files may be open here`, lines)
  return report.ok(`${soft === Infinity ? 'any number of' : soft} files may be open`)
}
